-- What chains the events of the audit log; those from before have none of it.

ALTER TABLE audit ADD COLUMN writer TEXT    NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN seq    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN prev   TEXT    NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN seen   TEXT    NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN key_id TEXT    NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN mac    TEXT    NOT NULL DEFAULT '';

CREATE INDEX audit_by_actor ON audit (actor);

PRAGMA user_version = 4;
