package backup

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// logosPage is how many logos are in memory at a time.
const logosPage = 16

func (w *writer) logos(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.ClientLogo, string, error) {
		p.Limit = logosPage
		l, err := v.ListClientLogos(ctx, p)
		return l.Logos, l.Next, err
	}, func(l *storage.ClientLogo) record { return record{Logo: l} })
}

func (w *writer) attributes(ctx context.Context, v storage.Snapshot) error {
	s, err := v.AttributeSchema(ctx)
	if err != nil || len(s.Attributes) == 0 {
		return err
	}
	return w.record(record{Attributes: &s})
}

func (w *writer) scopeTexts(ctx context.Context, v storage.Snapshot) error {
	once := func(storage.Page) ([]storage.ScopeText, string, error) {
		l, err := v.ListScopeTexts(ctx)
		return l, "", err
	}
	return writeAll(w, once, func(t *storage.ScopeText) record { return record{ScopeText: t} })
}

func (w *writer) consents(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.Consent, string, error) {
		l, err := v.ListConsents(ctx, storage.ConsentFilter{}, p)
		return l.Consents, l.Next, err
	}, func(c *storage.Consent) record { return record{Consent: c} })
}

func (w *writer) browserSessions(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.BrowserSession, string, error) {
		l, err := v.ListBrowserSessions(ctx, storage.BrowserSessionFilter{}, p)
		return l.Sessions, l.Next, err
	}, func(b *storage.BrowserSession) record { return record{BrowserSession: b} })
}

func (w *writer) factors(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.UserFactors, string, error) {
		l, err := v.ListUserFactors(ctx, p)
		return l.Factors, l.Next, err
	}, func(f *storage.UserFactors) record { return record{Factors: f} })
}

// messages leaves out who holds a lease: nobody does where the backup is restored.
func (w *writer) messages(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.Message, string, error) {
		l, err := v.ListMessages(ctx, p)
		return l.Messages, l.Next, err
	}, func(m *storage.Message) record {
		m.Owner, m.LeasedTo = "", time.Time{}
		return record{Message: m}
	})
}

func (w *writer) connectors(ctx context.Context, v storage.Snapshot) error {
	all, err := v.ListConnectors(ctx)
	if err != nil {
		return err
	}
	for n := range all {
		if err := w.record(record{Connector: &all[n]}); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) links(ctx context.Context, v storage.Snapshot) error {
	return writeAll(w, func(p storage.Page) ([]storage.UserLink, string, error) {
		l, err := v.ListUserLinks(ctx, "", p)
		return l.Links, l.Next, err
	}, func(l *storage.UserLink) record { return record{Link: l} })
}
