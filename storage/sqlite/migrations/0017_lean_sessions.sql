-- Sessions in fewer bytes. What many sessions have alike (scopes, audience, device) is one text that they
-- refer to: two JSON arrays and the device, with a line feed after each array. The indexes hold as much of an
-- id as tells it apart. The table is written anew in the order in which it was filled, in this one
-- transaction; SQLite sorts the indexes in files.

CREATE TABLE session_texts (
    key   INTEGER NOT NULL PRIMARY KEY,
    text  TEXT    NOT NULL UNIQUE,
    until INTEGER NOT NULL -- no session with a greater rowid refers to it
) STRICT;

CREATE INDEX session_texts_by_until ON session_texts (until);

INSERT INTO session_texts (text, until)
    SELECT scopes || char(10) || audience || char(10) || device, rowid FROM sessions WHERE TRUE
    ON CONFLICT (text) DO UPDATE SET until = max(until, excluded.until);

CREATE TABLE lean_sessions (
    id               TEXT    NOT NULL UNIQUE,
    user_id          TEXT    NOT NULL,
    client_id        TEXT    NOT NULL,
    made             INTEGER NOT NULL, -- of session_texts
    generation       INTEGER NOT NULL,
    rotated_at       INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    auth_time        INTEGER NOT NULL,
    user_epoch       INTEGER NOT NULL,
    client_epoch     INTEGER NOT NULL,
    status_index     INTEGER NOT NULL,
    revoked_at       INTEGER,
    reason           TEXT    NOT NULL,
    replays          INTEGER NOT NULL,
    network          TEXT    NOT NULL,
    grade            INTEGER NOT NULL,
    roles            TEXT    NOT NULL,
    withheld         TEXT    NOT NULL,
    status_due       INTEGER NOT NULL,
    retired_index    INTEGER NOT NULL,
    denied_audiences TEXT    NOT NULL,
    status_retired   INTEGER NOT NULL,
    browser_id       TEXT    NOT NULL,
    sign_in          TEXT    NOT NULL
) STRICT;

INSERT INTO lean_sessions (rowid, id, user_id, client_id, made, generation, rotated_at, created_at, expires_at, auth_time, user_epoch, client_epoch,
        status_index, revoked_at, reason, replays, network, grade, roles, withheld, status_due, retired_index, denied_audiences, status_retired,
        browser_id, sign_in)
    SELECT rowid, id, user_id, client_id, (SELECT key FROM session_texts WHERE text = scopes || char(10) || audience || char(10) || device), generation,
        rotated_at, created_at, expires_at, auth_time, user_epoch, client_epoch, status_index, revoked_at, reason, replays, network, grade, roles,
        withheld, status_due, retired_index, denied_audiences, status_retired, browser_id, sign_in
    FROM sessions ORDER BY rowid;

DROP TABLE sessions;
ALTER TABLE lean_sessions RENAME TO sessions;

-- The beginning of a user's id is the moment at which it was made and 12 random bits. The living are in the
-- order in which the oldest make room.
CREATE INDEX sessions_by_user    ON sessions (substr(user_id, 1, 18), revoked_at, created_at);
CREATE INDEX sessions_by_client  ON sessions (client_id, substr(id, 1, 8));
CREATE INDEX sessions_by_end     ON sessions (expires_at);
CREATE INDEX sessions_due        ON sessions (id) WHERE status_due = 1;
CREATE INDEX sessions_by_browser ON sessions (substr(browser_id, 1, 11)) WHERE browser_id <> '';

PRAGMA user_version = 17;
