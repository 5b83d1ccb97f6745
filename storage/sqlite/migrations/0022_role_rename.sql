-- The role that this one takes the place of, while its holders are moved.

ALTER TABLE roles ADD COLUMN replaces TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 22;
