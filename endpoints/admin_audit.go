package endpoints

import (
	"context"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// listAudit is GET /api/v1/audit.
func listAudit(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, q, err := req.page("type", "actor", "target", "person", "client_id", "request_id", "since", "until", "sort")
	if err != nil {
		return nil, err
	}
	f, err := auditFilter(q)
	if err != nil {
		return nil, err
	}
	switch q["sort"] {
	case "", "time":
	case "-time":
		f.Newest = true
	default:
		return nil, &issuer.FieldError{Field: "sort", Reason: "must be time or -time"}
	}
	return a.Audit().List(ctx, f, page)
}

// auditFilter returns the filter of the query.
func auditFilter(q map[string]string) (f storage.AuditFilter, err error) {
	f = storage.AuditFilter{Type: q["type"], Actor: q["actor"], Target: q["target"], Person: q["person"], ClientID: q["client_id"], RequestID: q["request_id"]}
	if f.Since, err = timeParam(q, "since"); err == nil {
		f.Until, err = timeParam(q, "until")
	}
	return f, err
}

// timeParam parses a time of the query; an absent one is zero.
func timeParam(q map[string]string, name string) (time.Time, error) {
	value, given := q[name]
	if !given {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return time.Time{}, &issuer.FieldError{Field: name, Reason: "must be a time of RFC 3339, such as 2026-03-01T12:00:00Z"}
	}
	return t, nil
}

// showAuditVerification is GET /api/v1/audit/verification.
func showAuditVerification(_ context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Audit().Verification()
}

// startAuditVerification is POST /api/v1/audit/verification. While one is under way it starts none.
func startAuditVerification(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return a.Audit().StartVerification(ctx)
}
