-- Whether somebody who may has said that the address is the user's.
ALTER TABLE users ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 11;
