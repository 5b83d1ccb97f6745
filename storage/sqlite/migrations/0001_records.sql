-- Every record of package storage, one table each.
--
-- Times are milliseconds since 1970 in UTC. Where a time may be unset it is NULL;
-- in the other columns the zero time is what it is, the beginning of year 1.
-- Lists are JSON arrays of strings, [] where there are none.
-- Text is compared byte by byte (the BINARY collation).

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    full_name     TEXT    NOT NULL,
    phone         TEXT    NOT NULL,
    roles         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    disabled      INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The one name space of usernames and e-mails. A user has one row for each
-- distinct name, written in the transaction that writes the user.
CREATE TABLE logins (
    name    TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
    name        TEXT    NOT NULL PRIMARY KEY,
    description TEXT    NOT NULL,
    scopes      TEXT    NOT NULL,
    rank        INTEGER NOT NULL,
    built_in    INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    id                  TEXT    NOT NULL PRIMARY KEY,
    name                TEXT    NOT NULL,
    public              INTEGER NOT NULL,
    secret_hash         TEXT    NOT NULL,
    grants              TEXT    NOT NULL,
    scopes              TEXT    NOT NULL,
    audiences           TEXT    NOT NULL,
    resources           TEXT    NOT NULL,
    origins             TEXT    NOT NULL,
    id_token_on_refresh INTEGER NOT NULL,
    disabled            INTEGER NOT NULL,
    epoch               INTEGER NOT NULL,
    version             INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A rowid table: its rows are appended, which fills the pages, and its indexes
-- point by a small number. No index holds a column that a refresh changes, so a
-- refresh writes one row and nothing else.
CREATE TABLE sessions (
    id           TEXT    NOT NULL UNIQUE,
    user_id      TEXT    NOT NULL,
    client_id    TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    audience     TEXT    NOT NULL,
    generation   INTEGER NOT NULL,
    rotated_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    auth_time    INTEGER NOT NULL,
    user_epoch   INTEGER NOT NULL,
    client_epoch INTEGER NOT NULL,
    status_index INTEGER NOT NULL,
    revoked_at   INTEGER,
    reason       TEXT    NOT NULL
) STRICT;

-- A user has few sessions, which are sorted when they are listed; a client has
-- many, so its index keeps them in the order of the listing.
CREATE INDEX sessions_by_user   ON sessions (user_id);
CREATE INDEX sessions_by_client ON sessions (client_id, id);
CREATE INDEX sessions_by_end    ON sessions (expires_at);

CREATE TABLE revocations (
    jti        TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revocations_by_end ON revocations (expires_at);

CREATE TABLE attempts (
    name     TEXT    NOT NULL PRIMARY KEY,
    count    INTEGER NOT NULL,
    reset_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_end ON attempts (reset_at);

CREATE TABLE keys (
    seq                      INTEGER NOT NULL PRIMARY KEY,
    kid                      TEXT    NOT NULL UNIQUE,
    alg                      TEXT    NOT NULL,
    public_jwk               BLOB,
    sealed                   BLOB,
    created_at               INTEGER NOT NULL,
    activates_at             INTEGER,
    predecessor_activates_at INTEGER,
    revoked_at               INTEGER
) STRICT;

CREATE TABLE audit (
    id         TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    type       TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_target ON audit (target);

PRAGMA user_version = 1;
