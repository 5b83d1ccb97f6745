-- Rights that are taken away: places in the status lists that are set while their session lives
-- on, scopes that a client has on its own behalf, roles that nobody gets any more.

ALTER TABLE sessions ADD COLUMN denied_audiences TEXT    NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN status_retired   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients  ADD COLUMN own_scopes       TEXT    NOT NULL DEFAULT '[]';
ALTER TABLE roles    ADD COLUMN deleting         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endings  ADD COLUMN kind             TEXT    NOT NULL DEFAULT '';

PRAGMA user_version = 8;
