-- Places in a counter that are held by attempts under way.
ALTER TABLE attempts ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN held_to INTEGER;

-- Clients that name their users' addresses.
ALTER TABLE clients ADD COLUMN trust_client_ip INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 10;
