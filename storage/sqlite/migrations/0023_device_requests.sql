-- Device authorization requests (RFC 8628). Each lives for some minutes.
CREATE TABLE device_requests (
    id           TEXT    NOT NULL PRIMARY KEY,
    session_id   TEXT    NOT NULL,
    client_id    TEXT    NOT NULL,
    client_epoch INTEGER NOT NULL,
    scopes       TEXT    NOT NULL,
    resource     TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    device       TEXT    NOT NULL,
    network      TEXT    NOT NULL,
    decided_at   INTEGER,
    approved     INTEGER NOT NULL,
    user_id      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX device_requests_by_expiry ON device_requests (expires_at);

PRAGMA user_version = 23;
