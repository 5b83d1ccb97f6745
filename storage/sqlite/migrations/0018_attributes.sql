-- Attributes of users that the operator defines. The definitions are a JSON array in one row;
-- the values of a user are one JSON object, '' for none. Nothing searches inside either.
CREATE TABLE attribute_schema (
    id         TEXT    NOT NULL PRIMARY KEY,
    attributes TEXT    NOT NULL,
    version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE users ADD COLUMN attributes TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 18;
