package protocoltest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

var auditCases = []testCase{
	{name: "an administrative change needs its event", run: testChangeNeedsEvent},
	{name: "a change that fails is written down", run: testFailedChange},
	{name: "a change of the keys that fails is written down", run: testFailedKeyChange},
	{name: "what changed is in the event", run: testChangeDetails},
	{name: "every kind of event", run: testEventKinds},
	{name: "a change that changes nothing writes nothing", configure: mergedAdmin, run: testChangesNothing},
	{name: "instances record each other's chain heads", run: testCrossLinks},
}

// expectIntactAuditLog verifies the chains of the audit log.
func expectIntactAuditLog(s *Signet) {
	report, err := audit.Verify(context.Background(), s.backend, append([]keys.MasterKey{s.master}, s.options.Issuer.OtherMasterKeys...), nil, time.Time{})
	if err != nil {
		s.t.Errorf("verify the audit log: %v", err)
	}
	for _, f := range report.Faults {
		s.t.Errorf("the audit log: %s", f)
	}
}

// An adminChange is one administrative change, and the type of its event.
type adminChange struct {
	event string
	do    func(ctx context.Context) error
}

func errorOf[T any](_ T, err error) error { return err }

// adminChanges are all changes by administrators, in an order in which each
// succeeds.
func adminChanges(s *Signet, src issuer.RequestInfo) []adminChange {
	name, scopes := "A. Liddell", []string{"items:write", "items:delete"}
	i := s.Admin.Operator(src)
	return []adminChange{
		{audit.EventUserCreated, func(ctx context.Context) error {
			return errorOf(i.Users().Create(ctx, admin.NewUser{Username: "grace", Password: "a bridge over water"}))
		}},
		{audit.EventUserUpdated, func(ctx context.Context) error {
			return errorOf(i.Users().Update(ctx, s.Alice.ID, admin.UserChange{FullName: &name}))
		}},
		{audit.EventPasswordSet, func(ctx context.Context) error {
			return errorOf(i.Users().SetPassword(ctx, s.Alice.ID, admin.NewPassword{Password: "another bridge of stone"}))
		}},
		{audit.EventUserDisabled, func(ctx context.Context) error { return errorOf(i.Users().Disable(ctx, idOf(ctx, s, "grace"))) }},
		{audit.EventUserEnabled, func(ctx context.Context) error { return errorOf(i.Users().Enable(ctx, idOf(ctx, s, "grace"))) }},
		{audit.EventSessionRevoked, func(ctx context.Context) error { return errorOf(i.Users().EndSessions(ctx, idOf(ctx, s, "grace"))) }},
		{audit.EventSessionRevoked, func(ctx context.Context) error { return errorOf(i.Sessions().EndAll(ctx)) }},
		{audit.EventUserDeleted, func(ctx context.Context) error { return i.Users().Delete(ctx, idOf(ctx, s, "grace")) }},
		{audit.EventRoleCreated, func(ctx context.Context) error {
			return errorOf(i.Roles().Create(ctx, "helper", admin.RoleChange{Scopes: &scopes}))
		}},
		{audit.EventRoleUpdated, func(ctx context.Context) error {
			return errorOf(i.Roles().Update(ctx, "helper", admin.RoleChange{Description: &name}))
		}},
		{audit.EventRoleDeleted, func(ctx context.Context) error { return i.Roles().Delete(ctx, "helper", true) }},
		{audit.EventClientCreated, func(ctx context.Context) error {
			return errorOf(i.Clients().Create(ctx, admin.NewClient{ID: "fresh"}))
		}},
		{audit.EventClientUpdated, func(ctx context.Context) error {
			return errorOf(i.Clients().Update(ctx, "fresh", admin.ClientChange{Name: &name}))
		}},
		{audit.EventSecretRotated, func(ctx context.Context) error {
			return errorOf(i.Clients().RotateSecret(ctx, "fresh", admin.SecretRotation{}))
		}},
		{audit.EventClientDeleted, func(ctx context.Context) error { return i.Clients().Delete(ctx, "fresh") }},
	}
}

// adminState is all that administrators change.
func adminState(t *testing.T, s *Signet) string {
	t.Helper()
	ctx := context.Background()
	users, err := s.backend.ListUsers(ctx, storage.UserFilter{}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	roles, err := s.backend.ListRoles(ctx)
	must(t, err)
	clients, err := s.backend.ListClients(ctx, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	sessions, err := s.backend.ListSessions(ctx, storage.SessionFilter{}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v", users, roles, clients, sessions)
}

func allEvents(t *testing.T, s *Signet) []storage.AuditEvent {
	t.Helper()
	page, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	return page.Events
}

// testChangeNeedsEvent: while the log takes no events nothing changes; with the log
// back the same changes succeed, each with its event before its change.
func testChangeNeedsEvent(t *testing.T, s *Signet) {
	ctx := context.Background()
	src := issuer.RequestInfo{Actor: "tester", RequestID: "request-1"}
	s.Login(t, s.Web, s.Alice, "")
	for _, d := range adminChanges(s, src) {
		before := adminState(t, s)
		s.Store.Before(func(_ context.Context, _ int, method string) error {
			if method == "AppendAudit" {
				return storage.Unavailable(method, errConnectionReset)
			}
			return nil
		})
		var refused *issuer.Error
		if err := d.do(ctx); !errors.As(err, &refused) || refused.Code != issuer.Unavailable {
			t.Errorf("%s without its event: %v", d.event, err)
		}
		s.Store.Reset()
		if diff := cmp.Diff(before, adminState(t, s)); diff != "" {
			t.Errorf("%s without its event changed something:\n%s", d.event, diff)
		}
		events := len(allEvents(t, s))
		must(t, d.do(ctx))
		got := allEvents(t, s)[events:]
		if len(got) != 1 || got[0].Type != d.event || got[0].Actor != "tester" || got[0].RequestID != "request-1" || got[0].Target == "" {
			t.Errorf("%s: events %+v", d.event, got)
		}
	}
}

// testFailedChange: if the store refuses a change, a failed event follows the event of the
// change; if the outcome is unknown, none does.
func testFailedChange(t *testing.T, s *Signet) {
	ctx := context.Background()
	src := issuer.RequestInfo{Actor: "tester"}
	name := "Anybody"
	change := func() error {
		return errorOf(s.Admin.Operator(src).Users().Update(ctx, s.Alice.ID, admin.UserChange{FullName: &name}))
	}
	for what, c := range map[string]struct {
		fault  error
		events []string
	}{
		"refused": {&storage.DuplicateError{Field: "username"}, []string{audit.EventUserUpdated, audit.EventChangeFailed}},
		"gone":    {storage.ErrNotFound, []string{audit.EventUserUpdated, audit.EventChangeFailed}},
		"busy":    {storage.ErrConflict, []string{audit.EventUserUpdated, audit.EventChangeFailed}},
		"unknown": {storage.Unavailable("UpdateUser", errConnectionReset), []string{audit.EventUserUpdated}},
	} {
		before := len(allEvents(t, s))
		s.Store.Before(func(_ context.Context, _ int, method string) error {
			if method == "UpdateUser" {
				return c.fault
			}
			return nil
		})
		if err := change(); err == nil {
			t.Errorf("%s: no error", what)
		}
		s.Store.Reset()
		got := allEvents(t, s)[before:]
		if types := typesOf(got); !slices.Equal(types, c.events) {
			t.Errorf("%s: events %q, want %q", what, types, c.events)
		} else if len(got) == 2 && got[1].Target != got[0].ID {
			t.Errorf("%s: the failure is of %s, not of %s", what, got[1].Target, got[0].ID)
		}
	}
	must(t, errorOf(s.Admin.Operator(src).Keys().Rotate(ctx, false)))
	events := len(allEvents(t, s))
	for what, err := range map[string]error{
		"a client that is there": errorOf(s.Admin.Operator(src).Clients().Create(ctx, admin.NewClient{ID: s.Web.ID})),
		"no key":                 errorOf(s.Admin.Operator(src).Keys().Revoke(ctx, "nothing")),
		"a name that is taken":   errorOf(s.Admin.Operator(src).Users().Create(ctx, admin.NewUser{Username: "alice"})),
		"a role that is there":   errorOf(s.Admin.Operator(src).Roles().Create(ctx, "editor", admin.RoleChange{})),
		"nobody":                 s.Admin.Operator(src).Users().Delete(ctx, "nobody"),
		"no client":              s.Admin.Operator(src).Clients().Delete(ctx, "nothing"),
		"no session":             s.Admin.Operator(src).Sessions().End(ctx, "nothing"),
	} {
		if !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.Admin.Operator(src).Keys().Rotate(ctx, false); !errors.Is(err, keys.ErrRotated) {
		t.Errorf("a second rotation: %v", err)
	}
	if got := allEvents(t, s)[events:]; len(got) != 0 {
		t.Errorf("what could not succeed left events: %q", typesOf(got))
	}
}

// testFailedKeyChange: a change that the keyring refuses is audited as failed.
func testFailedKeyChange(t *testing.T, s *Signet) {
	ctx, operator := context.Background(), s.Admin.Operator(issuer.RequestInfo{Actor: "tester", RequestID: "r-1"})
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	imported := keys.ImportedKey{Private: private, KID: "theirs", VerifyFor: time.Hour}
	must(t, errorOf(operator.Keys().Import(ctx, imported)))
	events := len(allEvents(t, s))
	if _, err := operator.Keys().Import(ctx, imported); !errors.Is(err, keys.ErrKeyExists) {
		t.Errorf("imported again: %v", err)
	}
	got := allEvents(t, s)[events:]
	if types := typesOf(got); !slices.Equal(types, []string{audit.EventKeyChangeRequested, audit.EventChangeFailed}) || got[1].Target != got[0].ID {
		t.Errorf("events %+v", got)
	}
}

func typesOf(events []storage.AuditEvent) []string {
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}

func testChangeDetails(t *testing.T, s *Signet) {
	ctx, src := context.Background(), issuer.RequestInfo{Actor: "tester"}
	name, address, roles, scopes := "Private Name", "private@example.com", []string{"user", "editor"}, []string{"openid"}
	must(t, errorOf(s.Admin.Operator(src).Users().Update(ctx, s.Alice.ID, admin.UserChange{FullName: &name, Email: &address, Roles: &roles})))
	must(t, errorOf(s.Admin.Operator(src).Clients().Update(ctx, s.Web.ID, admin.ClientChange{Scopes: &scopes})))
	must(t, errorOf(s.Admin.Operator(src).Clients().RotateSecret(ctx, s.Web.ID, admin.SecretRotation{})))
	events := allEvents(t, s)
	var got []string
	for _, e := range events[len(events)-3:] {
		got = append(got, e.Detail)
	}
	want := []string{"roles: user → editor user, email, full_name", "scopes: email items:read items:write openid phone profile → openid, own scopes: items:write → none", "credentials"}
	if !slices.Equal(got, want) {
		t.Errorf("details %q, want %q", got, want)
	}
}

// testEventKinds: what happens to logins and sessions is there, with who, what, where.
func testEventKinds(t *testing.T, s *Signet) {
	s.TryLogin(s.Web, User{Username: "alice", Password: "wrong password"}, "")
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.Refresh(t, s.Web, tokens.Refresh)
	s.Refresh(t, s.Web, tokens.Refresh)
	s.Advance(s.options.Issuer.RefreshGrace * 2)
	s.expectRefreshRejected(t, s.Web, tokens.Refresh)
	other := s.Login(t, s.Web, s.Alice, "openid")
	s.PostAs(s.Web, Revoke, Form("token", other.Refresh)).ExpectStatus(t, 200)
	s.PostAs(s.Machine, Revoke, Form("token", s.ClientToken(t, s.Machine).Access)).ExpectStatus(t, 200)
	var types []string
	for _, e := range allEvents(t, s) {
		if e.ClientID == "" {
			continue // of the fixtures
		}
		types = append(types, e.Type)
		if e.Address != "127.0.0.1" || e.RequestID == "" || e.Target == "" || e.Type != audit.EventLoginFailed && e.Actor == "" {
			t.Errorf("%+v", e)
		}
	}
	want := []string{
		audit.EventLoginFailed, audit.EventLoginSucceeded, audit.EventRefreshReplayed, audit.EventRefreshReused,
		audit.EventLoginSucceeded, audit.EventSessionRevoked, audit.EventTokenRevoked,
	}
	if !slices.Equal(types, want) {
		t.Errorf("events %q, want %q", types, want)
	}
}

// testCrossLinks: what one instance wrote last is known to the other, so cutting it off
// shows.
func testCrossLinks(t *testing.T, s *Signet) {
	ctx := context.Background()
	b := s.StartInstance(t)
	login := func(s *Signet) {
		s.Advance(time.Second)
		s.Login(t, s.Web, s.Alice, "")
	}
	login(s)
	login(b) // its chain begins, and speaks of the first's
	login(s)
	must(t, b.Audit.Observe(ctx))
	login(b)
	last := ""
	for _, e := range allEvents(t, s) {
		if e.Seen != "" {
			last = e.Seen
		}
	}
	events := allEvents(t, s)
	cut := events[len(events)-2]
	if len(last) < len(cut.ID) || last[:len(cut.ID)] != cut.ID {
		t.Errorf("the last event seen is %q, want %s", last, cut.ID)
	}
}
