-- Status lists: one bit a session tells offline verifiers that it has ended.
-- Roles and withheld scopes are words with blanks between them, or a JSON array
-- where that would not do. From now on auth_time is 0 where it is created_at.

ALTER TABLE sessions ADD COLUMN grade         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN roles         TEXT    NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN withheld      TEXT    NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN status_due    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN retired_index INTEGER NOT NULL DEFAULT 0;

-- Holds the few whose end is not in the lists yet.
CREATE INDEX sessions_due ON sessions (id) WHERE status_due = 1;

-- The bits are the last column: reading the others does not touch their pages.
CREATE TABLE status_lists (
    id      INTEGER NOT NULL PRIMARY KEY,
    leased  INTEGER NOT NULL,
    until   INTEGER,
    version INTEGER NOT NULL,
    bits    BLOB
) STRICT;

CREATE TABLE endings (
    id        TEXT NOT NULL PRIMARY KEY,
    user_id   TEXT NOT NULL,
    client_id TEXT NOT NULL,
    reason    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
