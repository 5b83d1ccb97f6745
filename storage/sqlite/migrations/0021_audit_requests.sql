-- The audit log by request, in the order of a listing: as much of an id as tells requests apart.

CREATE INDEX audit_by_request ON audit (substr(request_id, 1, 12)) WHERE request_id <> '';

PRAGMA user_version = 21;
