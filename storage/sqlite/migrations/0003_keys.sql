-- Keys that sign again after a rollback, and keys that only verify.
ALTER TABLE keys ADD COLUMN restores       TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN restores_at    INTEGER;
ALTER TABLE keys ADD COLUMN verifies_until INTEGER;

PRAGMA user_version = 3;
