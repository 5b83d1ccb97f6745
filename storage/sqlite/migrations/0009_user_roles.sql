-- Who holds a role, in the order of a listing. A user has one row for each role,
-- written in the transaction that writes the user.

CREATE TABLE user_roles (
    role    TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (role, user_id)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO user_roles (role, user_id) SELECT json_each.value, users.id FROM users, json_each(users.roles);

PRAGMA user_version = 9;
