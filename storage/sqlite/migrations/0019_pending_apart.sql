-- Sessions whose code nobody has redeemed lie apart from a user's living ones, so that what looks for the
-- oldest of these does not visit them. A refresh changes nothing of this index.

DROP INDEX sessions_by_user;
CREATE INDEX sessions_by_user ON sessions (substr(user_id, 1, 18), revoked_at, instr(sign_in, '"c":{') > 0, created_at);

PRAGMA user_version = 19;
