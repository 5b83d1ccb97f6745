package storagetest

import (
	"context"
	"maps"
	"reflect"
	"testing"

	"example.org/signet/storage"
)

// What a context that ends does to a call.
var contextContracts = []contract{
	{"Cancelled", contextCancelled},
	{"DeadlinePassed", contextDeadlinePassed},
	{"CancelledMidway", contextCancelledMidway},
	{"CallsAreComplete", contextCallsAreComplete},
}

// calls is every call that a store has, with arguments that succeed on a store
// which holds record number 1 of each kind.
func calls(s storage.Store) map[string]func(ctx context.Context) error {
	all := signInCalls(s)
	maps.Copy(all, accountCalls(s))
	maps.Copy(all, factorCalls(s))
	maps.Copy(all, upstreamCalls(s))
	return all
}

func accountCalls(s storage.Store) map[string]func(ctx context.Context) error {
	u, r, c := newUser(1), newRole(1), newClient(1)
	at := start.AddDate(10, 0, 0)
	return map[string]func(ctx context.Context) error{
		"Ping":                s.Ping,
		"CreateUser":          func(ctx context.Context) error { return s.CreateUser(ctx, newUser(2)) },
		"User":                func(ctx context.Context) error { return second(s.User(ctx, u.ID)) },
		"UserByLogin":         func(ctx context.Context) error { return second(s.UserByLogin(ctx, u.Email)) },
		"UpdateUser":          func(ctx context.Context) error { return second(s.UpdateUser(ctx, u)) },
		"ReplacePasswordHash": func(ctx context.Context) error { return s.ReplacePasswordHash(ctx, u.ID, u.PasswordHash, "new") },
		"DeleteUser":          func(ctx context.Context) error { return s.DeleteUser(ctx, u.ID, 0) },
		"ListUsers":           func(ctx context.Context) error { return second(s.ListUsers(ctx, storage.UserFilter{}, storage.Page{})) },
		"CreateRole":          func(ctx context.Context) error { return s.CreateRole(ctx, newRole(2)) },
		"Role":                func(ctx context.Context) error { return second(s.Role(ctx, r.Name)) },
		"UpdateRole":          func(ctx context.Context) error { return second(s.UpdateRole(ctx, r)) },
		"DeleteRole":          func(ctx context.Context) error { return s.DeleteRole(ctx, r.Name, 0) },
		"ListRoles":           func(ctx context.Context) error { return second(s.ListRoles(ctx)) },
		"CreateClient":        func(ctx context.Context) error { return s.CreateClient(ctx, newClient(2)) },
		"Client":              func(ctx context.Context) error { return second(s.Client(ctx, c.ID)) },
		"UpdateClient":        func(ctx context.Context) error { return second(s.UpdateClient(ctx, c)) },
		"DeleteClient":        func(ctx context.Context) error { return s.DeleteClient(ctx, c.ID, 0) },
		"ListClients":         func(ctx context.Context) error { return second(s.ListClients(ctx, storage.Page{})) },
		"AnyClient":           func(ctx context.Context) error { return second(s.AnyClient(ctx, "password")) },
		"ClientOrigins":       func(ctx context.Context) error { return second(s.ClientOrigins(ctx)) },
		"SharedSet":           func(ctx context.Context) error { return second(s.SharedSet(ctx, "set-1")) },
		"SwapSharedSet":       func(ctx context.Context) error { return second(s.SwapSharedSet(ctx, storage.SharedSet{Name: "set-2"})) },
		"CreateSession":       func(ctx context.Context) error { return s.CreateSession(ctx, newSession(2)) },
		"Session":             func(ctx context.Context) error { return second(s.Session(ctx, newSession(1).ID)) },
		"SessionState":        func(ctx context.Context) error { return second(s.SessionState(ctx, newSession(1).ID)) },
		"RotateSession":       func(ctx context.Context) error { return second(s.RotateSession(ctx, rotationOf(newSession(1)))) },
		"CountReplay":         func(ctx context.Context) error { return second(s.CountReplay(ctx, replayOf(newSession(1)))) },
		"ExcessSessions": func(ctx context.Context) error {
			return second(s.ExcessSessions(ctx, storage.SessionOwner{}, start, start, 1, 1))
		},
		"Epoch":           func(ctx context.Context) error { return second(s.Epoch(ctx)) },
		"RaiseEpoch":      func(ctx context.Context) error { return second(s.RaiseEpoch(ctx, storage.EpochRaise{At: at})) },
		"UserInEpoch":     func(ctx context.Context) error { _, _, err := s.UserInEpoch(ctx, u.ID); return err },
		"ListRevocations": func(ctx context.Context) error { return second(s.ListRevocations(ctx, storage.Page{})) },
		"Snapshot":        func(ctx context.Context) error { return second(s.Snapshot(ctx)) },
		"Clear":           func(ctx context.Context) error { return s.Clear(ctx) },
		"RevokeSession":   func(ctx context.Context) error { return s.RevokeSession(ctx, newSession(1).ID, start, "logout") },
		"RevokeAll": func(ctx context.Context) error {
			return second(s.RevokeAll(ctx, storage.SessionFilter{}, start, "all"))
		},
		"ListSessions": func(ctx context.Context) error {
			return second(s.ListSessions(ctx, storage.SessionFilter{}, storage.Page{}))
		},
		"SweepSessions":      func(ctx context.Context) error { return second(s.SweepSessions(ctx, at, 10)) },
		"LeaseStatus":        func(ctx context.Context) error { return second(s.LeaseStatus(ctx, leaseSize, at)) },
		"AddStatusList":      func(ctx context.Context) error { return s.AddStatusList(ctx, 2) },
		"StatusLists":        func(ctx context.Context) error { return second(s.StatusLists(ctx)) },
		"StatusList":         func(ctx context.Context) error { return second(s.StatusList(ctx, 1)) },
		"SetStatus":          func(ctx context.Context) error { return s.SetStatus(ctx, 1, 0, []byte{1}) },
		"SweepStatusLists":   func(ctx context.Context) error { return second(s.SweepStatusLists(ctx, at, 10)) },
		"UpdateRights":       func(ctx context.Context) error { return second(s.UpdateRights(ctx, rightsUpdateOf(newSession(1)))) },
		"PendingStatus":      func(ctx context.Context) error { return second(s.PendingStatus(ctx, 10)) },
		"ClearPendingStatus": func(ctx context.Context) error { return s.ClearPendingStatus(ctx, []storage.Session{newSession(1)}) },
		"AddPendingRevocation": func(ctx context.Context) error {
			return s.AddPendingRevocation(ctx, storage.PendingRevocation{ID: "2"})
		},
		"PendingRevocations":      func(ctx context.Context) error { return second(s.PendingRevocations(ctx, 10)) },
		"RemovePendingRevocation": func(ctx context.Context) error { return s.RemovePendingRevocation(ctx, "1") },
		"RevokeToken":             func(ctx context.Context) error { return s.RevokeToken(ctx, "jti-2", start) },
		"TokenRevoked":            func(ctx context.Context) error { return second(s.TokenRevoked(ctx, "jti-1")) },
		"SweepRevocations":        func(ctx context.Context) error { return second(s.SweepRevocations(ctx, at, 10)) },
		"ReserveCounters":         func(ctx context.Context) error { return second(s.ReserveCounters(ctx, start, hold, claim("ann", 5))) },
		"SettleCounters": func(ctx context.Context) error {
			return second(s.SettleCounters(ctx, storage.CounterSettlement{Key: "ann", Action: storage.CounterClear}))
		},
		"RecordLogins": func(ctx context.Context) error {
			session := newSession(2)
			return second(s.RecordLogins(ctx, []storage.LoginRecord{{At: start, Session: &session}}, func([]storage.LoginOutcome) ([]storage.AuditEvent, error) { return nil, nil }))
		},
		"Counters":      func(ctx context.Context) error { return second(s.Counters(ctx, start, "ann")) },
		"SweepCounters": func(ctx context.Context) error { return second(s.SweepCounters(ctx, at, 10)) },
		"InsertKey":     func(ctx context.Context) error { return s.InsertKey(ctx, newKey(2)) },
		"ListKeys":      func(ctx context.Context) error { return second(s.ListKeys(ctx)) },
		"RevokeKey":     func(ctx context.Context) error { return s.RevokeKey(ctx, newKey(1).KID, start) },
		"ResealKey": func(ctx context.Context) error {
			return s.ResealKey(ctx, newKey(1).KID, newKey(1).Sealed, newKey(2).Sealed)
		},
		"DeleteKey":   func(ctx context.Context) error { return s.DeleteKey(ctx, newKey(1).KID) },
		"AppendAudit": func(ctx context.Context) error { return s.AppendAudit(ctx, newEvent(2)) },
		"SweepAudit":  func(ctx context.Context) error { return second(s.SweepAudit(ctx, "z", 10)) },
		"ListAudit": func(ctx context.Context) error {
			return second(s.ListAudit(ctx, storage.AuditFilter{}, storage.Page{}))
		},
	}
}

// signInCalls are those of sign-in in a browser.
func signInCalls(s storage.Store) map[string]func(ctx context.Context) error {
	pending, b, c, m, at := newPendingSession(3), newBrowserSession(1), newConsent(1), newMessage(1), start.AddDate(10, 0, 0)
	return map[string]func(ctx context.Context) error{
		"RedeemSession":         func(ctx context.Context) error { return second(s.RedeemSession(ctx, redemptionOf(pending))) },
		"CountCodeFailure":      func(ctx context.Context) error { return second(s.CountCodeFailure(ctx, pending.ID)) },
		"CreateBrowserSession":  func(ctx context.Context) error { return s.CreateBrowserSession(ctx, newBrowserSession(2)) },
		"BrowserSession":        func(ctx context.Context) error { return second(s.BrowserSession(ctx, b.ID)) },
		"SessionInEpoch":        func(ctx context.Context) error { _, _, _, err := s.SessionInEpoch(ctx, newSession(1).ID); return err },
		"BrowserSessionInEpoch": func(ctx context.Context) error { _, _, _, err := s.BrowserSessionInEpoch(ctx, b.ID); return err },
		"TouchBrowserSession":   func(ctx context.Context) error { return s.TouchBrowserSession(ctx, b.ID, at, at) },
		"ListBrowserSessions": func(ctx context.Context) error {
			return second(s.ListBrowserSessions(ctx, storage.BrowserSessionFilter{}, storage.Page{}))
		},
		"RevokeBrowserSession":  func(ctx context.Context) error { return s.RevokeBrowserSession(ctx, b.ID, start, "logout") },
		"EndedBrowserSessions":  func(ctx context.Context) error { return second(s.EndedBrowserSessions(ctx, at, 10)) },
		"DeleteBrowserSessions": func(ctx context.Context) error { return s.DeleteBrowserSessions(ctx, b.ID) },
		"Consent":               func(ctx context.Context) error { return second(s.Consent(ctx, c.UserID, c.ClientID)) },
		"SwapConsent":           func(ctx context.Context) error { return second(s.SwapConsent(ctx, newConsent(2))) },
		"DeleteConsents": func(ctx context.Context) error {
			return second(s.DeleteConsents(ctx, storage.ConsentFilter{UserID: c.UserID}))
		},
		"ListConsents": func(ctx context.Context) error {
			return second(s.ListConsents(ctx, storage.ConsentFilter{}, storage.Page{}))
		},
		"CreateDeviceRequest": func(ctx context.Context) error { return s.CreateDeviceRequest(ctx, newDeviceRequest(2)) },
		"DeviceRequest":       func(ctx context.Context) error { return second(s.DeviceRequest(ctx, newDeviceRequest(1).ID)) },
		"DecideDeviceRequest": func(ctx context.Context) error {
			return second(s.DecideDeviceRequest(ctx, decisionOf(newDeviceRequest(1), true)))
		},
		"SweepDeviceRequests": func(ctx context.Context) error { return second(s.SweepDeviceRequests(ctx, at, 10)) },
		"PutScopeText":        func(ctx context.Context) error { return s.PutScopeText(ctx, newScopeText(2)) },
		"DeleteScopeText":     func(ctx context.Context) error { return s.DeleteScopeText(ctx, newScopeText(1).Scope) },
		"ListScopeTexts":      func(ctx context.Context) error { return second(s.ListScopeTexts(ctx)) },
		"AttributeSchema":     func(ctx context.Context) error { return second(s.AttributeSchema(ctx)) },
		"SwapAttributeSchema": func(ctx context.Context) error {
			return second(s.SwapAttributeSchema(ctx, storage.AttributeSchema{Version: 1}))
		},
		"PutClientLogo":    func(ctx context.Context) error { return s.PutClientLogo(ctx, newClientLogo(2)) },
		"ClientLogo":       func(ctx context.Context) error { return second(s.ClientLogo(ctx, newClientLogo(1).ClientID)) },
		"DeleteClientLogo": func(ctx context.Context) error { return s.DeleteClientLogo(ctx, newClientLogo(1).ClientID) },
		"ListClientLogos":  func(ctx context.Context) error { return second(s.ListClientLogos(ctx, storage.Page{})) },
		"Enqueue":          func(ctx context.Context) error { return s.Enqueue(ctx, newMessage(2)) },
		"LeaseMessages":    func(ctx context.Context) error { return second(s.LeaseMessages(ctx, leaseOf("a", m.DueAt))) },
		"FinishMessage":    func(ctx context.Context) error { return s.FinishMessage(ctx, m.ID, "a", 1) },
		"PostponeMessage":  func(ctx context.Context) error { return s.PostponeMessage(ctx, m.ID, "a", 1, start) },
		"ListMessages":     func(ctx context.Context) error { return second(s.ListMessages(ctx, storage.Page{})) },
		"SweepMessages":    func(ctx context.Context) error { return second(s.SweepMessages(ctx, at, 10)) },
	}
}

func second[T any](_ T, err error) error { return err }

// contextCallsAreComplete keeps the list above from falling behind the interface.
func contextCallsAreComplete(t *testing.T, s storage.Store) {
	all := calls(s)
	for m := range reflect.TypeFor[storage.Store]().Methods() {
		if _, listed := all[m.Name]; !listed && m.Name != "Close" {
			t.Errorf("%s is not among the calls", m.Name)
		}
	}
}

// fillOne puts record number 1 of each kind into the store.
func fillOne(t *testing.T, s storage.Store) {
	t.Helper()
	createAll(t, s, newUser(1), newRole(1), newClient(1), newSession(1), newKey(1), newEvent(1))
	noErr(t, "RevokeToken", s.RevokeToken(t.Context(), "jti-1", start))
	lease(t, s, start)
	noErr(t, "AddPendingRevocation", s.AddPendingRevocation(t.Context(), storage.PendingRevocation{ID: "1", UserID: "user-id-404"}))
	_, err := s.SwapSharedSet(t.Context(), storage.SharedSet{Name: "set-1"})
	noErr(t, "SwapSharedSet", err)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	createBrowserSession(t, s, newBrowserSession(1))
	putConsent(t, s, newConsent(1))
	putFactors(t, s, newFactors(1))
	createConnector(t, s, newConnector(1))
	createLink(t, s, newLink(1))
	putScopeText(t, s, newScopeText(1))
	swapAttributeSchema(t, s, newAttributeSchema(1))
	putLogo(t, s, newClientLogo(1))
	enqueue(t, s, newMessage(1))
	createDeviceRequest(t, s, newDeviceRequest(1))
}

// A contents is all that a store lists.
type contents struct {
	Users    []storage.User
	Roles    []storage.Role
	Clients  []storage.Client
	Sessions []storage.Session
	Keys     []storage.Key
	Events   []storage.AuditEvent
	Lists    []storage.StatusList
	Pending  []storage.PendingRevocation
	Revoked  [2]bool

	Browsers   []storage.BrowserSession
	Consents   []storage.Consent
	ScopeTexts []storage.ScopeText
	Logos      []storage.ClientLogo
	Messages   []storage.Message
	Factors    []storage.UserFactors
	Attributes storage.AttributeSchema
	Connectors []storage.Connector
	Links      []storage.UserLink
}

// dump reads a store of at most one page of each kind.
func dump(t *testing.T, s storage.Store) (all contents) {
	t.Helper()
	ctx, page := t.Context(), storage.Page{Limit: storage.MaxPage}
	users, err := s.ListUsers(ctx, storage.UserFilter{}, page)
	noErr(t, "ListUsers", err)
	clients, err := s.ListClients(ctx, page)
	noErr(t, "ListClients", err)
	sessions, err := s.ListSessions(ctx, storage.SessionFilter{}, page)
	noErr(t, "ListSessions", err)
	events, err := s.ListAudit(ctx, storage.AuditFilter{}, page)
	noErr(t, "ListAudit", err)
	all.Users, all.Clients, all.Sessions, all.Events = users.Users, clients.Clients, sessions.Sessions, events.Events
	all.Roles, err = s.ListRoles(ctx)
	noErr(t, "ListRoles", err)
	all.Lists, err = s.StatusLists(ctx)
	noErr(t, "StatusLists", err)
	all.Pending, err = s.PendingRevocations(ctx, storage.MaxPage)
	noErr(t, "PendingRevocations", err)
	all.Keys, err = s.ListKeys(ctx)
	noErr(t, "ListKeys", err)
	all.Browsers, all.Consents, all.ScopeTexts, all.Logos, all.Messages = dumpSignIn(t, s)
	factors, err := s.ListUserFactors(ctx, page)
	noErr(t, "ListUserFactors", err)
	all.Factors = factors.Factors
	all.Attributes, err = s.AttributeSchema(ctx)
	noErr(t, "AttributeSchema", err)
	all.Connectors, err = s.ListConnectors(ctx)
	noErr(t, "ListConnectors", err)
	links, err := s.ListUserLinks(ctx, "", page)
	noErr(t, "ListUserLinks", err)
	all.Links = links.Links
	for i, jti := range []string{"jti-1", "jti-2"} {
		all.Revoked[i], err = s.TokenRevoked(ctx, jti)
		noErr(t, "TokenRevoked", err)
	}
	return all
}

func dumpSignIn(t *testing.T, s storage.SignInListings) ([]storage.BrowserSession, []storage.Consent, []storage.ScopeText, []storage.ClientLogo, []storage.Message) {
	t.Helper()
	ctx, page := t.Context(), storage.Page{Limit: storage.MaxPage}
	browsers, err := s.ListBrowserSessions(ctx, storage.BrowserSessionFilter{}, page)
	noErr(t, "ListBrowserSessions", err)
	consents, err := s.ListConsents(ctx, storage.ConsentFilter{}, page)
	noErr(t, "ListConsents", err)
	texts, err := s.ListScopeTexts(ctx)
	noErr(t, "ListScopeTexts", err)
	logos, err := s.ListClientLogos(ctx, page)
	noErr(t, "ListClientLogos", err)
	messages, err := s.ListMessages(ctx, page)
	noErr(t, "ListMessages", err)
	return browsers.Sessions, consents.Consents, texts, logos.Logos, messages.Messages
}

// wantAllRejected plays all calls under a context that is over: each is ErrUnavailable
// that names the cause, and none does anything.
func wantAllRejected(t *testing.T, s storage.Store, over context.Context, cause error) {
	t.Helper()
	fillOne(t, s)
	before := dump(t, s)
	for name, call := range calls(s) {
		wantUnavailable(t, name, call(over), cause)
	}
	wantEqual(t, "the store", dump(t, s), before)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 2, ResetAt: start.Add(window)})
}

func contextCancelled(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantAllRejected(t, s, ctx, context.Canceled)
}

func contextDeadlinePassed(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithDeadline(t.Context(), start.AddDate(-20, 0, 0))
	defer cancel()
	wantAllRejected(t, s, ctx, context.DeadlineExceeded)
}

// contextCancelledMidway ends the context while calls are under way. Each gets
// one of three answers, and a yes is a yes.
func contextCancelledMidway(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	session := createSession(t, s, newSession(500))
	errs := race(racers, func(i int) error {
		switch {
		case i == racers/2:
			cancel()
			return nil
		case i%4 == 0:
			return second(s.Session(ctx, session.ID))
		}
		return s.CreateSession(ctx, newSession(i))
	})
	for i, err := range errs {
		if i == racers/2 {
			continue
		}
		if err != nil {
			wantUnavailable(t, "a call during which the context ended", err, context.Canceled)
			continue
		}
		if i%4 != 0 {
			wantSession(t, s, newSession(i))
		}
	}
	wantSession(t, s, session)

	// The store itself took no harm.
	wantSession(t, s, createSession(t, s, newSession(501)))
}
