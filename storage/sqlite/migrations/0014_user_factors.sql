-- Second factors, all of a user in one row: factors is a JSON object. Nothing searches inside.

CREATE TABLE user_factors (
    user_id         TEXT    NOT NULL PRIMARY KEY,
    user_created_at INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    handle          TEXT    NOT NULL,
    factors         TEXT    NOT NULL,
    enrol_by        INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX user_factors_by_handle ON user_factors (handle) WHERE handle <> '';

PRAGMA user_version = 14;
