-- What sessions show of themselves, the replays of an answer, the secret that a
-- client had before, the session that survives a user's new epoch, and the epoch
-- of the whole store, which is one row.

ALTER TABLE sessions ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN device  TEXT    NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN network TEXT    NOT NULL DEFAULT '';

-- In the order in which the oldest make room.
DROP INDEX sessions_by_user;
CREATE INDEX sessions_by_user ON sessions (user_id, client_id, revoked_at, created_at, id);

ALTER TABLE users ADD COLUMN kept_session TEXT    NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN kept_epoch   INTEGER NOT NULL DEFAULT 0;

ALTER TABLE clients ADD COLUMN old_secret_hash  TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN old_secret_until INTEGER;

CREATE TABLE epoch (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    number     INTEGER NOT NULL,
    since      INTEGER,
    incomplete INTEGER NOT NULL
) STRICT;

INSERT INTO epoch (one, number, incomplete) VALUES (1, 0, 0);

PRAGMA user_version = 2;
