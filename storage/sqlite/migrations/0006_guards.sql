-- Small sets that instances change by compare-and-swap.

CREATE TABLE guards (
    name    TEXT    NOT NULL PRIMARY KEY,
    members TEXT    NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 6;
