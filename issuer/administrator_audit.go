package issuer

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// AuditEvent is an event as administrators see it.
type AuditEvent struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Type      string    `json:"type"`
	Actor     string    `json:"actor,omitempty"`
	Target    string    `json:"target,omitempty"`
	ClientID  string    `json:"client_id,omitempty"`
	Address   string    `json:"address,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Detail    string    `json:"detail,omitempty"`
}

// AuditList is one page of the audit log.
type AuditList struct {
	Items []AuditEvent `json:"items"`
	Next  string       `json:"next,omitempty"`
}

// Audit returns one page of the audit log, oldest first.
func (a *Administrator) Audit(ctx context.Context, f storage.AuditFilter, p storage.Page) (AuditList, error) {
	page, err := a.issuer.store.ListAudit(ctx, f, p)
	if err != nil {
		return AuditList{}, adminError(err)
	}
	list := AuditList{Items: make([]AuditEvent, len(page.Events)), Next: page.Next}
	for n, e := range page.Events {
		list.Items[n] = AuditEvent{
			ID: e.ID, At: e.At, Type: e.Type, Actor: e.Actor, Target: e.Target, ClientID: e.ClientID,
			Address: e.Address, RequestID: e.RequestID, Detail: e.Detail,
		}
	}
	return list, nil
}
