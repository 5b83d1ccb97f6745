-- Sign-in in a browser. Texts of lists are words, as in migration 5.

ALTER TABLE users ADD COLUMN must_change_password INTEGER NOT NULL DEFAULT 0;

ALTER TABLE clients ADD COLUMN redirect_uris             TEXT    NOT NULL DEFAULT '[]';
ALTER TABLE clients ADD COLUMN post_logout_redirect_uris TEXT    NOT NULL DEFAULT '[]';
ALTER TABLE clients ADD COLUMN backchannel_logout_uri    TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN backchannel_session       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN initiate_login_uri        TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN pkce_optional             INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN localhost_ports           INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN consent                   TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN auth_method               TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN default_max_age           INTEGER;
ALTER TABLE clients ADD COLUMN require_auth_time         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN home_uri                  TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN logo_uri                  TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN policy_uri                TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN terms_uri                 TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN contacts                  TEXT    NOT NULL DEFAULT '[]';

-- What only a session that began in a browser has is a JSON object, '' for the others: each
-- column takes a byte of every session.
ALTER TABLE sessions ADD COLUMN browser_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN sign_in    TEXT NOT NULL DEFAULT '';

-- Sessions that began elsewhere have no place in it. The beginning of a random id tells them
-- apart, and takes a fifth of the space that the whole would. A browser session has few
-- children, which are sorted when they are listed.
CREATE INDEX sessions_by_browser ON sessions (substr(browser_id, 1, 11)) WHERE browser_id <> '';

CREATE TABLE browser_sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    root_id    TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    auth_time  INTEGER NOT NULL,
    amr        TEXT    NOT NULL,
    last_seen  INTEGER NOT NULL,
    idle_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    remembered INTEGER NOT NULL,
    user_epoch INTEGER NOT NULL,
    device     TEXT    NOT NULL,
    network    TEXT    NOT NULL,
    revoked_at INTEGER,
    reason     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- The indexes end with the id, which is the key.
CREATE INDEX browser_sessions_by_user ON browser_sessions (user_id);
CREATE INDEX browser_sessions_by_root ON browser_sessions (root_id);

-- When they end by themselves; those that are revoked have ended at the beginning of time.
CREATE INDEX browser_sessions_by_end ON browser_sessions (iif(revoked_at IS NULL, min(idle_at, expires_at), -9223372036854775808));

CREATE TABLE consents (
    user_id    TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    audiences  TEXT    NOT NULL,
    shown      TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX consents_by_client ON consents (client_id, user_id);

CREATE TABLE scope_texts (
    scope      TEXT    NOT NULL PRIMARY KEY,
    texts      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The picture is the last column: reading the others does not touch its pages.
CREATE TABLE client_logos (
    client_id  TEXT    NOT NULL UNIQUE,
    type       TEXT    NOT NULL,
    source_uri TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    data       BLOB
) STRICT;

CREATE TABLE messages (
    id         TEXT    NOT NULL UNIQUE,
    kind       TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    owner      TEXT    NOT NULL,
    leased_to  INTEGER,
    body       BLOB
) STRICT;

CREATE INDEX messages_by_due ON messages (due_at, id);
CREATE INDEX messages_by_end ON messages (expires_at);

PRAGMA user_version = 13;
