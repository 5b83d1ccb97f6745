-- The rank of who gave a client its restricted scopes.

ALTER TABLE clients ADD COLUMN own_rank INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 12;
