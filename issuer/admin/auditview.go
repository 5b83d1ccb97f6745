package admin

import (
	"time"

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

// AuditChain holds the chain fields of an event; see docs/audit.md.
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

// toChainedEvent returns the event with what chains it.
func toChainedEvent(e storage.AuditEvent) AuditEvent {
	v := toAuditEvent(e)
	if e.Writer != "" {
		v.Chain = &AuditChain{Writer: e.Writer, Seq: e.Seq, Prev: e.Prev, Seen: e.Seen, KeyID: e.KeyID, MAC: e.MAC}
	}
	return v
}
