package backup

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"time"

	"example.org/signet/storage"
)

// writer writes lines, and updates the hash and the MAC.
type writer struct {
	to       *bufio.Writer
	sum, mac hash.Hash
	summary  Summary
}

// Write writes every record of the snapshot. macKey is 32 bytes derived from the master key;
// now becomes the time of the backup.
func Write(ctx context.Context, to io.Writer, from storage.Snapshot, macKey []byte, now time.Time) (Summary, error) {
	w := &writer{to: bufio.NewWriter(to), sum: sha256.New(), mac: hmac.New(sha256.New, macKey)}
	epoch, err := from.Epoch(ctx)
	if err != nil {
		return Summary{}, err
	}
	w.summary = Summary{Header: Header{Format: Format, CreatedAt: storage.Time(now), Epoch: epoch.Number}, Counts: map[string]int64{}}
	if err := w.line(w.summary.Header); err != nil {
		return Summary{}, err
	}
	for _, part := range []func(context.Context, storage.Snapshot) error{
		w.roles, w.users, w.clients, w.logos, w.scopeTexts, w.attributes, w.keys, w.sessions, w.browserSessions, w.consents, w.factors, w.connectors, w.links, w.messages, w.revocations, w.audit,
	} {
		if err := part(ctx, from); err != nil {
			return Summary{}, err
		}
	}
	last := trailer{&end{Records: w.summary.Records, SHA256: hex.EncodeToString(w.sum.Sum(nil)), MAC: hex.EncodeToString(w.mac.Sum(nil))}}
	if err := w.line(last); err != nil {
		return Summary{}, err
	}
	return w.summary, w.to.Flush()
}

func (w *writer) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	w.sum.Write(text)
	w.mac.Write(text)
	_, err = w.to.Write(text)
	return err
}

func (w *writer) record(r record) error {
	w.summary.count(r)
	return w.line(r)
}

// writeAll writes the records of a listing, page by page.
func writeAll[T any](w *writer, next func(storage.Page) ([]T, string, error), wrap func(*T) record) error {
	p := storage.Page{Limit: storage.MaxPage}
	for {
		records, after, err := next(p)
		if err != nil {
			return err
		}
		for n := range records {
			if err := w.record(wrap(&records[n])); err != nil {
				return err
			}
		}
		if after == "" {
			return nil
		}
		p.After = after
	}
}

func (w *writer) roles(ctx context.Context, v storage.Snapshot) error {
	once := func(storage.Page) ([]storage.Role, string, error) { l, err := v.ListRoles(ctx); return l, "", err }
	return writeAll(w, once, func(r *storage.Role) record { return record{Role: r} })
}

func (w *writer) users(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.User, string, error) {
		l, err := v.ListUsers(ctx, storage.UserFilter{}, p)
		return l.Users, l.Next, err
	}, func(u *storage.User) record { return record{User: u} })
}

func (w *writer) clients(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.Client, string, error) {
		l, err := v.ListClients(ctx, p)
		return l.Clients, l.Next, err
	}, func(c *storage.Client) record { return record{Client: c} })
}

func (w *writer) keys(ctx context.Context, v storage.Snapshot) error {
	once := func(storage.Page) ([]storage.Key, string, error) { l, err := v.ListKeys(ctx); return l, "", err }
	return writeAll(w, once, func(k *storage.Key) record { return record{Key: k} })
}

func (w *writer) sessions(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.Session, string, error) {
		l, err := v.ListSessions(ctx, storage.SessionFilter{}, p)
		return l.Sessions, l.Next, err
	}, func(s *storage.Session) record { return record{Session: s} })
}

func (w *writer) revocations(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.Revocation, string, error) {
		l, err := v.ListRevocations(ctx, p)
		return l.Revocations, l.Next, err
	}, func(r *storage.Revocation) record { return record{Revocation: r} })
}

func (w *writer) audit(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.AuditEvent, string, error) {
		l, err := v.ListAudit(ctx, storage.AuditFilter{}, p)
		return l.Events, l.Next, err
	}, func(e *storage.AuditEvent) record { return record{Audit: e} })
}
