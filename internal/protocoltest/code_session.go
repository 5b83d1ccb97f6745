package protocoltest

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

var codeSessionCases = []testCase{
	{name: "a session is invisible until its code is redeemed", run: testPendingSession},
	{name: "rights are those of the redemption", run: testCodeRights},
	{name: "a session ends no later than the browser session it is bound to", run: testCodeLoginBound},
	{name: "the bound on sessions", configure: maxThreeSessions, run: testCodeSessionLimit},
	{name: "a code that was not redeemed is swept", run: testCodeSweep},
}

func testPendingSession(t *testing.T, s *Signet) {
	ctx := context.Background()
	app := s.AddCodeClient(t, "app")
	code := s.Code(t, app, s.Alice, openIDScopes)
	list := func() []admin.Session {
		page, err := s.operator().Users().Sessions(ctx, s.Alice.ID, storage.Page{})
		must(t, err)
		return page.Items
	}
	records, err := s.backend.ListSessions(ctx, storage.SessionFilter{UserID: s.Alice.ID}, storage.Page{})
	must(t, err)
	if len(records.Sessions) != 1 {
		t.Fatalf("%d records, want the pending one", len(records.Sessions))
	}
	sid := records.Sessions[0].ID
	if n := len(list()); n != 0 {
		t.Errorf("%d sessions are listed, want none", n)
	}
	if _, err := s.operator().Sessions().Show(ctx, sid); err == nil {
		t.Error("a pending session is shown")
	}
	if err := s.operator().Sessions().End(ctx, sid); err == nil {
		t.Error("a pending session is ended by its id")
	}
	for _, token := range []string{code.Code, "sgr_" + code.Code[4:]} {
		if s.Active(t, app, token) {
			t.Error("a code is active at introspection")
		}
		s.Revoke(t, app, token)
		s.expectRefreshRejected(t, app, token)
	}
	s.RefreshStatus(t)
	tokens := s.Redeem(t, app, code)
	if all := list(); len(all) != 1 || all[0].ID != sid || sessionOf(t, tokens) != sid {
		t.Errorf("sessions %+v, want %s", all, sid)
	}
	s.expectStatusBits(t, nil, []Tokens{tokens})
	s.expectActive(t, app, tokens)
}

func testCodeRights(t *testing.T, s *Signet) {
	ctx := context.Background()
	app := s.AddCodeClient(t, "app")
	scopes := []string{"openid", "items:read", "items:write"}
	code := s.Code(t, app, s.Editor, scopes)
	_, err := s.operator().Users().Update(ctx, s.Editor.ID, admin.UserChange{Roles: &[]string{"user"}})
	must(t, err)
	tokens := s.Redeem(t, app, code)
	if got := claims(t, tokens.Access); tokens.Scope != "openid items:read" || strings.Contains(jsonText(t, got["roles"]), "editor") {
		t.Errorf("scope %q, roles %v of a user who lost the role", tokens.Scope, got["roles"])
	}
	s.RefreshStatus(t)
	next := s.Refresh(t, app, tokens.Refresh)
	if next.Scope != tokens.Scope {
		t.Errorf("scope %q after the refresh", next.Scope)
	}
	s.expectActive(t, app, next)
}

func testCodeLoginBound(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	end := storage.Time(s.Clock.Now().Add(10 * time.Minute))
	bound := func(yes bool) func(*issuer.CodeRequest) {
		return func(r *issuer.CodeRequest) { r.LoginBound, r.Browser.ExpiresAt = yes, end }
	}
	short, free := s.Redeem(t, app, s.Code(t, app, s.Alice, openIDScopes, bound(true))), s.Redeem(t, app, s.Code(t, app, s.Alice, openIDScopes, bound(false)))
	if short.ExpiresIn != 600 || free.ExpiresIn != 900 {
		t.Errorf("access tokens live %d s and %d s, want 600 and 900", short.ExpiresIn, free.ExpiresIn)
	}
	s.Advance(10 * time.Minute)
	s.expectRefreshRejected(t, app, short.Refresh)
	free = s.expectActive(t, app, free)
	record, err := s.backend.Session(context.Background(), sessionOf(t, free))
	must(t, err)
	if record.LoginBound || record.BrowserID != "browser of alice" || record.Code != (storage.Code{}) {
		t.Errorf("the record %+v", record)
	}
}

func testCodeSessionLimit(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	var codes []Code
	for range 6 { // they do not count before they are redeemed
		codes = append(codes, s.Code(t, app, s.Alice, openIDScopes))
		s.Clock.Advance(time.Second)
	}
	var all []Tokens
	for n := range codes { // the newest code first
		all = append(all, s.Redeem(t, app, codes[len(codes)-1-n]))
		s.Clock.Advance(time.Second)
	}
	s.expectStatusBits(t, all[:3], all[3:])
	for _, tokens := range all[3:] {
		s.expectActive(t, app, tokens)
	}
}

func testCodeSweep(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	s.Code(t, app, s.Alice, openIDScopes)
	n, err := s.backend.SweepSessions(context.Background(), s.Clock.Now().Add(2*time.Minute), 100)
	must(t, err)
	if n != 1 {
		t.Errorf("%d sessions swept, want the pending one", n)
	}
}
