-- What holders of a role, and people at a client, must sign in with.

ALTER TABLE roles   ADD COLUMN authentication             TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN authentication             TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN password_grant_without_mfa INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 16;
