package sqlite_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/storage"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// snapshotOf reads all that a backup does, two records at a time, and lets between
// happen after each reading.
func snapshotOf(t *testing.T, v storage.Snapshot, between func()) map[string]any {
	t.Helper()
	ctx, seen := t.Context(), map[string]any{}
	read := func(name string, got any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen[name] = got
		between()
	}
	epoch, err := v.Epoch(ctx)
	read("epoch", epoch, err)
	roles, err := v.ListRoles(ctx)
	read("roles", roles, err)
	keys, err := v.ListKeys(ctx)
	read("keys", keys, err)
	pages(read, "users", func(p storage.Page) (any, string, error) {
		l, err := v.ListUsers(ctx, storage.UserFilter{}, p)
		return l.Users, l.Next, err
	})
	pages(read, "clients", func(p storage.Page) (any, string, error) {
		l, err := v.ListClients(ctx, p)
		return l.Clients, l.Next, err
	})
	pages(read, "sessions", func(p storage.Page) (any, string, error) {
		l, err := v.ListSessions(ctx, storage.SessionFilter{}, p)
		return l.Sessions, l.Next, err
	})
	pages(read, "revocations", func(p storage.Page) (any, string, error) {
		l, err := v.ListRevocations(ctx, p)
		return l.Revocations, l.Next, err
	})
	attributes, err := v.AttributeSchema(ctx)
	read("attributes", attributes, err)
	texts, err := v.ListScopeTexts(ctx)
	read("scope texts", texts, err)
	pages(read, "logos", func(p storage.Page) (any, string, error) {
		l, err := v.ListClientLogos(ctx, p)
		return l.Logos, l.Next, err
	})
	pages(read, "consents", func(p storage.Page) (any, string, error) {
		l, err := v.ListConsents(ctx, storage.ConsentFilter{}, p)
		return l.Consents, l.Next, err
	})
	pages(read, "factors", func(p storage.Page) (any, string, error) {
		l, err := v.ListUserFactors(ctx, p)
		return l.Factors, l.Next, err
	})
	connectors, err := v.ListConnectors(ctx)
	read("connectors", connectors, err)
	pages(read, "links", func(p storage.Page) (any, string, error) {
		l, err := v.ListUserLinks(ctx, "", p)
		return l.Links, l.Next, err
	})
	pages(read, "browser sessions", func(p storage.Page) (any, string, error) {
		l, err := v.ListBrowserSessions(ctx, storage.BrowserSessionFilter{}, p)
		return l.Sessions, l.Next, err
	})
	pages(read, "messages", func(p storage.Page) (any, string, error) {
		l, err := v.ListMessages(ctx, p)
		return l.Messages, l.Next, err
	})
	pages(read, "audit", func(p storage.Page) (any, string, error) {
		l, err := v.ListAudit(ctx, storage.AuditFilter{}, p)
		return l.Events, l.Next, err
	})
	return seen
}

func pages(read func(string, any, error), name string, next func(storage.Page) (any, string, error)) {
	p := storage.Page{Limit: 2}
	for more := true; more; more = p.After != "" {
		got, after, err := next(p)
		read(name+" after "+p.After, got, err)
		p.After = after
	}
}

func second[T any](_ T, err error) error { return err }

// add makes one record of every kind.
func add(t *testing.T, s storage.Store, id string, seq int64) {
	t.Helper()
	ctx := t.Context()
	for name, err := range map[string]error{
		"CreateUser":    s.CreateUser(ctx, storage.User{ID: id, Username: id}),
		"CreateRole":    s.CreateRole(ctx, storage.Role{Name: id}),
		"CreateClient":  s.CreateClient(ctx, storage.Client{ID: id}),
		"CreateSession": s.CreateSession(ctx, storage.Session{ID: id, ClientID: "c", CreatedAt: noon, RotatedAt: noon, ExpiresAt: noon.Add(time.Hour)}),
		"RevokeToken":   s.RevokeToken(ctx, id, noon),
		"InsertKey":     s.InsertKey(ctx, storage.Key{Seq: seq, KID: id}),
		"AppendAudit":   s.AppendAudit(ctx, storage.AuditEvent{ID: id}),
		"PutScopeText":  s.PutScopeText(ctx, storage.ScopeText{Scope: id}),
		"PutClientLogo": s.PutClientLogo(ctx, storage.ClientLogo{ClientID: id}),
		"SwapConsent":   second(s.SwapConsent(ctx, storage.Consent{UserID: id, ClientID: id})),
		"Enqueue":       s.Enqueue(ctx, storage.Message{ID: id}),

		"CreateBrowserSession": s.CreateBrowserSession(ctx, storage.BrowserSession{ID: id, RootID: id}),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// A backup is one moment: whatever is added, changed and deleted while it is read,
// it shows every record as it was when it began.
func TestSnapshotIsOneMoment(t *testing.T) {
	s, ctx := open(t, newPath(t)), context.Background()
	for n, id := range []string{"b", "d", "f", "h", "j"} {
		add(t, s, id, int64(n)+1)
	}
	before, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := snapshotOf(t, before, func() {})
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}

	v, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	got := snapshotOf(t, v, func() {
		changes++
		change(t, s, changes)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the snapshot shows what came after it began (-want +got):\n%s", diff)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if changes < 15 {
		t.Errorf("only %d changes came between", changes)
	}
}

// change adds, changes and deletes records of every kind.
func change(t *testing.T, s storage.Store, n int) {
	t.Helper()
	ctx := t.Context()
	add(t, s, "k"+string(rune('a'+n)), int64(n)+100)
	add(t, s, "a"+string(rune('a'+n)), int64(n)+200)
	if _, err := s.RotateSession(ctx, storage.Rotation{SessionID: "h", ClientID: "c", From: int64(n) - 1, At: noon, IdleSince: noon.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RaiseEpoch(ctx, storage.EpochRaise{At: noon}); err != nil {
		t.Fatal(err)
	}
	if n != 1 {
		return
	}
	for name, err := range map[string]error{
		"DeleteUser": s.DeleteUser(ctx, "d", 0), "DeleteRole": s.DeleteRole(ctx, "d", 0), "DeleteClient": s.DeleteClient(ctx, "d", 0), "DeleteKey": s.DeleteKey(ctx, "d"),
		"RevokeSession": s.RevokeSession(ctx, "f", noon, "test"),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := s.SweepAudit(ctx, "e", 10); err != nil {
		t.Fatal(err)
	}
}
