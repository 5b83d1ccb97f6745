-- The audit log by client and by type, in the order of a listing.

CREATE INDEX audit_by_client ON audit (client_id);
CREATE INDEX audit_by_type   ON audit (type);

PRAGMA user_version = 7;
