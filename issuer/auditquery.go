package issuer

import (
	"context"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// AuditEvent is an event of the audit log as administrators see it.
type AuditEvent struct {
	ID        string      `json:"id"`
	At        time.Time   `json:"at"`
	Type      string      `json:"type"`
	Actor     string      `json:"actor,omitempty"`
	Target    string      `json:"target,omitempty"`
	ClientID  string      `json:"client_id,omitempty"`
	Address   string      `json:"address,omitempty"`
	RequestID string      `json:"request_id,omitempty"`
	Detail    string      `json:"detail,omitempty"`
	Chain     *AuditChain `json:"chain,omitempty"` // in exports
}

// AuditChain is what holds an event in its place; docs/audit.md says how.
type AuditChain struct {
	Writer string `json:"writer"`
	Seq    int64  `json:"seq"`
	Prev   string `json:"prev,omitempty"`
	Seen   string `json:"seen,omitempty"`
	KeyID  string `json:"key_id"`
	MAC    string `json:"mac"`
}

// AuditList is one page of the audit log.
type AuditList struct {
	Items []AuditEvent `json:"items"`
	Next  string       `json:"next,omitempty"`
}

func toAuditEvent(e storage.AuditEvent) AuditEvent {
	return AuditEvent{
		ID: e.ID, At: e.At, Type: e.Type, Actor: e.Actor, Target: e.Target, ClientID: e.ClientID,
		Address: e.Address, RequestID: e.RequestID, Detail: e.Detail,
	}
}

// ListAudit returns one page of the audit log.
func (i *Issuer) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (AuditList, error) {
	page, err := i.store.ListAudit(ctx, f, p)
	if err != nil {
		return AuditList{}, storeError(err)
	}
	list := AuditList{Items: make([]AuditEvent, len(page.Events)), Next: page.Next}
	for n, e := range page.Events {
		list.Items[n] = toAuditEvent(e)
	}
	return list, nil
}

// ExportAudit hands every event that the filter selects to each, with its chain, and
// stops at its first error.
func (i *Issuer) ExportAudit(ctx context.Context, f storage.AuditFilter, each func(AuditEvent) error) error {
	p := storage.Page{Limit: storage.MaxPage}
	for {
		page, err := i.store.ListAudit(ctx, f, p)
		if err != nil {
			return storeError(err)
		}
		for _, e := range page.Events {
			entry := toAuditEvent(e)
			if e.Writer != "" {
				entry.Chain = &AuditChain{Writer: e.Writer, Seq: e.Seq, Prev: e.Prev, Seen: e.Seen, KeyID: e.KeyID, MAC: e.MAC}
			}
			if err := each(entry); err != nil {
				return err
			}
		}
		if p.After = page.Next; p.After == "" {
			return nil
		}
	}
}

// VerifyAudit looks for traces of changes in the audit log, whose events may have been
// made under any of the master keys, and against the chain heads of an earlier report.
func (i *Issuer) VerifyAudit(ctx context.Context, masters []keys.MasterKey, against []string) (audit.Report, error) {
	return audit.Verify(ctx, i.store, masters, against)
}
