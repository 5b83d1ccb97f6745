-- Sign-in at other providers. settings is a JSON object that nothing searches inside. The id of
-- a link is a hash of issuer and subject.

CREATE TABLE connectors (
    id         TEXT    NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    settings   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_links (
    id              TEXT    NOT NULL PRIMARY KEY,
    issuer          TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    connector_id    TEXT    NOT NULL,
    user_id         TEXT    NOT NULL,
    user_created_at INTEGER NOT NULL,
    email           TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    roles           TEXT    NOT NULL,
    creating        INTEGER NOT NULL,
    ending          INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX user_links_by_user ON user_links (user_id, id);

PRAGMA user_version = 20;
