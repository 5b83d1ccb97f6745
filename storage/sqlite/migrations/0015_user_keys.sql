-- The users in every order in which they are listed, by themselves (role '') and by role; see
-- userlist.go for kind and state. A user's rows are written in the transaction that writes the
-- user. They are filled here in the order of the table, which sorts in files where they are many.

CREATE TABLE user_keys (
    role    TEXT    NOT NULL,
    kind    INTEGER NOT NULL,
    state   INTEGER NOT NULL,
    key     ANY     NOT NULL,
    user_id TEXT    NOT NULL,
    PRIMARY KEY (role, kind, state, key, user_id)
) STRICT, WITHOUT ROWID;

INSERT INTO user_keys (role, kind, state, key, user_id)
    SELECT '', 0, disabled + 2 * must_change_password AS state, username, id FROM users ORDER BY state, username, id;
INSERT INTO user_keys (role, kind, state, key, user_id)
    SELECT '', 1, disabled + 2 * must_change_password AS state, email, id FROM users WHERE email NOT IN ('', username) ORDER BY state, email, id;
INSERT INTO user_keys (role, kind, state, key, user_id)
    SELECT '', 2, disabled + 2 * must_change_password AS state, created_at, id FROM users ORDER BY state, created_at, id;

INSERT OR IGNORE INTO user_keys (role, kind, state, key, user_id)
    SELECT role, 0, disabled + 2 * must_change_password AS state, username, id FROM user_roles CROSS JOIN users ON id = user_id ORDER BY role, state, username, id;
INSERT OR IGNORE INTO user_keys (role, kind, state, key, user_id)
    SELECT role, 1, disabled + 2 * must_change_password AS state, email, id FROM user_roles CROSS JOIN users ON id = user_id WHERE email NOT IN ('', username)
    ORDER BY role, state, email, id;
INSERT OR IGNORE INTO user_keys (role, kind, state, key, user_id)
    SELECT role, 2, disabled + 2 * must_change_password AS state, created_at, id FROM user_roles CROSS JOIN users ON id = user_id ORDER BY role, state, created_at, id;

DROP TABLE user_roles;

PRAGMA user_version = 15;
