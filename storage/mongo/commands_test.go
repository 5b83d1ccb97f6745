package mongo_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

var start = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// testUser, testSession and testKey are records with what their constraints are about.
func testUser(id, username, email string) storage.User {
	return storage.User{ID: id, Username: username, Email: email, PasswordHash: "hash", CreatedAt: start, UpdatedAt: start}
}

func testSession(id string) storage.Session {
	return storage.Session{ID: id, UserID: "u", ClientID: "c", RotatedAt: start, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
}

func testKey(seq int64, kid string) storage.Key {
	return storage.Key{Seq: seq, KID: kid, Sealed: []byte("old"), CreatedAt: start}
}

func testRotation(id string, from int64) storage.Rotation {
	return storage.Rotation{SessionID: id, ClientID: "c", From: from, At: start.Add(time.Minute), IdleSince: start.Add(-time.Hour)}
}

func testReplay(id string, generation int64) storage.Replay {
	return storage.Replay{SessionID: id, ClientID: "c", Generation: generation, At: start.Add(time.Minute), Since: start, Until: start.Add(time.Hour), Limit: 9}
}

// testPending is a session whose code was not redeemed.
func testPending(id string) storage.Session {
	s := testSession(id)
	s.Generation, s.RotatedAt, s.ExpiresAt, s.AuthTime = storage.PendingGeneration, time.Time{}, start.Add(time.Minute), start.Add(-time.Hour)
	s.BrowserID, s.LoginBound, s.AMR, s.CodeCheck, s.CodePKCE = strings.Repeat("b", 42)+"w", true, []string{"pwd"}, strings.Repeat("c", 21)+"g", true
	s.Code = storage.Code{RedirectHash: "r", Challenge: "x", Nonce: "n", Until: start.Add(time.Hour)}
	return s
}

func pendingSession(ctx context.Context, s *mongo.Store) error {
	return s.CreateSession(ctx, testPending("p"))
}

func testRedemption(id string) storage.Redemption {
	return storage.Redemption{SessionID: id, ClientID: "c", At: start.Add(time.Second), ExpiresAt: start.Add(time.Hour), StatusIndex: 7, Roles: []string{"user"}}
}

func testBrowserSession(id string) storage.BrowserSession {
	return storage.BrowserSession{ID: id, RootID: id, UserID: "v", CreatedAt: start, AuthTime: start, LastSeen: start, IdleAt: start.Add(time.Hour), ExpiresAt: start.Add(24 * time.Hour)}
}

func testDeviceRequest(id string) storage.DeviceRequest {
	return storage.DeviceRequest{ID: id, SessionID: "s" + id, ClientID: "c", CreatedAt: start, ExpiresAt: start.Add(10 * time.Minute)}
}

func decideDevice(ctx context.Context, s *mongo.Store) error {
	return must(s.DecideDeviceRequest(ctx, storage.DeviceDecision{ID: "d", At: start, Approved: true, UserID: "u"}))
}

func testMessage(id string) storage.Message {
	return storage.Message{ID: id, Kind: "k", Target: "c", CreatedAt: start, DueAt: start, ExpiresAt: start.Add(time.Hour)}
}

func testLease(owner string) storage.Lease {
	return storage.Lease{Owner: owner, Now: start, Until: start.Add(time.Minute), Limit: 10}
}

// must makes a call of its error alone.
func must[T any](_ T, err error) error { return err }

// commandTable is what each call costs. The calls run one after another on one
// store, so that each finds what those before it left.
var commandTable = []struct {
	call string
	run  func(ctx context.Context, s *mongo.Store) error
	want string
}{
	{"Ping", func(ctx context.Context, s *mongo.Store) error { return s.Ping(ctx) }, "ping"},

	{"CreateSession", func(ctx context.Context, s *mongo.Store) error { return s.CreateSession(ctx, testSession("s")) }, "insert"},
	{"Session", func(ctx context.Context, s *mongo.Store) error { return must(s.Session(ctx, "s")) }, "find"},
	{"RotateSession", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RotateSession(ctx, testRotation("s", 0)))
	}, "findAndModify find"},
	{"RotateSession, lost", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RotateSession(ctx, testRotation("s", 0)))
	}, "findAndModify"},
	{"RotateSession, unknown", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RotateSession(ctx, testRotation("x", 0)))
	}, "findAndModify"},
	{"CountReplay", func(ctx context.Context, s *mongo.Store) error { return must(s.CountReplay(ctx, testReplay("s", 1))) }, "findAndModify"},
	{"CountReplay, lost", func(ctx context.Context, s *mongo.Store) error { return must(s.CountReplay(ctx, testReplay("s", 0))) }, "findAndModify"},
	{"ExcessSessions", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ExcessSessions(ctx, storage.SessionOwner{UserID: "u", ClientID: "c"}, start, start.Add(-time.Hour), 1, 10))
	}, "find"},
	{"RevokeSession", func(ctx context.Context, s *mongo.Store) error { return s.RevokeSession(ctx, "s", start, "logout") }, "update"},
	{"RevokeSession, again", func(ctx context.Context, s *mongo.Store) error { return s.RevokeSession(ctx, "s", start, "logout") }, "update find"},
	{"ListSessions", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListSessions(ctx, storage.SessionFilter{UserID: "u"}, storage.Page{}))
	}, "find"},
	{"RevokeAll, none left", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RevokeAll(ctx, storage.SessionFilter{UserID: "u"}, start, "all"))
	}, "find"},
	{"CreateSession, another", func(ctx context.Context, s *mongo.Store) error { return s.CreateSession(ctx, testSession("s2")) }, "insert"},
	{"RevokeAll", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RevokeAll(ctx, storage.SessionFilter{UserID: "u"}, start, "all"))
	}, "find update"},
	{"CreateSession, pending", pendingSession, "insert"},
	{"CountCodeFailure", func(ctx context.Context, s *mongo.Store) error { return must(s.CountCodeFailure(ctx, "p")) }, "findAndModify"},
	{"RedeemSession", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RedeemSession(ctx, testRedemption("p")))
	}, "findAndModify"},
	{"RedeemSession, again", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RedeemSession(ctx, testRedemption("p")))
	}, "findAndModify"},
	{"ListSessions, of a browser session", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListSessions(ctx, storage.SessionFilter{BrowserID: "b", LoginBound: true}, storage.Page{}))
	}, "find"},
	{"SweepSessions, none", func(ctx context.Context, s *mongo.Store) error { return must(s.SweepSessions(ctx, start, 10)) }, "find"},
	{"SweepSessions", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SweepSessions(ctx, start.Add(2*time.Hour), 10))
	}, "find delete"},

	{"CreateUser", func(ctx context.Context, s *mongo.Store) error {
		return s.CreateUser(ctx, testUser("u", "ann", "ann@example.org"))
	}, "insert insert insert update"},
	{"CreateUser, no e-mail", func(ctx context.Context, s *mongo.Store) error { return s.CreateUser(ctx, testUser("v", "bob", "")) }, "insert insert update"},
	{"CreateUser, taken", func(ctx context.Context, s *mongo.Store) error { return s.CreateUser(ctx, testUser("w", "ann", "")) }, "insert find find find"},
	{"User", func(ctx context.Context, s *mongo.Store) error { return must(s.User(ctx, "u")) }, "find"},
	{"UserByLogin", func(ctx context.Context, s *mongo.Store) error { return must(s.UserByLogin(ctx, "ann@example.org")) }, "find find"},
	{"UserByLogin, unknown", func(ctx context.Context, s *mongo.Store) error { return must(s.UserByLogin(ctx, "eve")) }, "find"},
	{"ReplacePasswordHash", func(ctx context.Context, s *mongo.Store) error { return s.ReplacePasswordHash(ctx, "u", "hash", "new") }, "update"},
	{"UpdateUser", func(ctx context.Context, s *mongo.Store) error {
		u := testUser("u", "ann", "ann@example.org")
		u.Version = 1
		return must(s.UpdateUser(ctx, u))
	}, "find update"},
	{"UpdateUser, renamed", func(ctx context.Context, s *mongo.Store) error {
		u := testUser("u", "anna", "ann@example.org")
		u.Version = 2
		return must(s.UpdateUser(ctx, u))
	}, "find insert update update find find delete"},
	{"ListUsers", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListUsers(ctx, storage.UserFilter{}, storage.Page{}))
	}, "find"},
	{"ListUsers, a later page", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListUsers(ctx, storage.UserFilter{Role: "user"}, storage.Page{After: "0.u"}))
	}, "find find"},
	{"ListUsers, by name", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListUsers(ctx, storage.UserFilter{Order: storage.UsersByName}, storage.Page{}))
	}, "find"},
	{"ListUsers, by prefix", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListUsers(ctx, storage.UserFilter{Prefix: "an", Role: "user"}, storage.Page{}))
	}, "find find"},
	{"DeleteUser", func(ctx context.Context, s *mongo.Store) error { return s.DeleteUser(ctx, "u", 0) }, "delete find find delete delete find"},

	{"Snapshot", func(ctx context.Context, s *mongo.Store) error { return must(s.Snapshot(ctx)) }, "ping"},
	{"ListRevocations", func(ctx context.Context, s *mongo.Store) error { return must(s.ListRevocations(ctx, storage.Page{})) }, "find"},
	{"RaiseEpoch, first", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RaiseEpoch(ctx, storage.EpochRaise{At: start}))
	}, "find insert"},
	{"RaiseEpoch", func(ctx context.Context, s *mongo.Store) error {
		return must(s.RaiseEpoch(ctx, storage.EpochRaise{At: start}))
	}, "find update"},
	{"Epoch", func(ctx context.Context, s *mongo.Store) error { return must(s.Epoch(ctx)) }, "find"},
	{"UserInEpoch", func(ctx context.Context, s *mongo.Store) error { _, _, err := s.UserInEpoch(ctx, "v"); return err }, "find"},

	{"SessionInEpoch, of no session", func(ctx context.Context, s *mongo.Store) error {
		if _, _, _, err := s.SessionInEpoch(ctx, "none"); !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("got %w, want not found", err)
		}
		return nil
	}, "find"},
	{"CreateSession, of v", func(ctx context.Context, s *mongo.Store) error {
		session := testSession("of v")
		session.UserID = "v"
		return s.CreateSession(ctx, session)
	}, "insert"},
	{"SessionState, of no session", func(ctx context.Context, s *mongo.Store) error {
		if _, err := s.SessionState(ctx, "none"); !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("got %w, want not found", err)
		}
		return nil
	}, "find"},
	{"SessionState", func(ctx context.Context, s *mongo.Store) error { return must(s.SessionState(ctx, "of v")) }, "find find"},
	{"SessionInEpoch", func(ctx context.Context, s *mongo.Store) error {
		_, _, _, err := s.SessionInEpoch(ctx, "of v")
		return err
	}, "find find"},
	{"CreateBrowserSession", inserts["CreateBrowserSession"], "insert"},
	{"BrowserSession", func(ctx context.Context, s *mongo.Store) error { return must(s.BrowserSession(ctx, "b")) }, "find"},
	{"BrowserSessionInEpoch", func(ctx context.Context, s *mongo.Store) error {
		_, _, _, err := s.BrowserSessionInEpoch(ctx, "b")
		return err
	}, "find find"},
	{"TouchBrowserSession", func(ctx context.Context, s *mongo.Store) error {
		return s.TouchBrowserSession(ctx, "b", start.Add(time.Minute), start.Add(2*time.Hour))
	}, "update"},
	{"TouchBrowserSession, again", func(ctx context.Context, s *mongo.Store) error {
		return s.TouchBrowserSession(ctx, "b", start.Add(time.Minute), start.Add(2*time.Hour))
	}, "update find"},
	{"TouchBrowserSession, idle after its end", func(ctx context.Context, s *mongo.Store) error {
		return s.TouchBrowserSession(ctx, "b", start.Add(2*time.Minute), start.Add(48*time.Hour))
	}, "update find update"},
	{"ListBrowserSessions", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListBrowserSessions(ctx, storage.BrowserSessionFilter{UserID: "v", RootID: "b", AliveAt: start}, storage.Page{}))
	}, "find"},
	{"RevokeBrowserSession", func(ctx context.Context, s *mongo.Store) error {
		return s.RevokeBrowserSession(ctx, "b", start, "logout")
	}, "update"},
	{"RevokeBrowserSession, again", func(ctx context.Context, s *mongo.Store) error {
		return s.RevokeBrowserSession(ctx, "b", start, "logout")
	}, "update find"},
	{"EndedBrowserSessions", func(ctx context.Context, s *mongo.Store) error { return must(s.EndedBrowserSessions(ctx, start, 10)) }, "find"},
	{"DeleteBrowserSessions", func(ctx context.Context, s *mongo.Store) error { return s.DeleteBrowserSessions(ctx, "b") }, "delete"},

	{"CreateDeviceRequest", inserts["CreateDeviceRequest"], "insert"},
	{"DeviceRequest", func(ctx context.Context, s *mongo.Store) error { return must(s.DeviceRequest(ctx, "d")) }, "find"},
	{"DecideDeviceRequest", decideDevice, "findAndModify"},
	{"DecideDeviceRequest, again", decideDevice, "findAndModify"},
	{"SweepDeviceRequests", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SweepDeviceRequests(ctx, start.Add(time.Hour), 10))
	}, "find delete"},

	{"SwapConsent, first", inserts["SwapConsent, first"], "insert"},
	{"SwapConsent", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapConsent(ctx, storage.Consent{UserID: "u", ClientID: "c", Version: 1}))
	}, "update"},
	{"SwapConsent, stale", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapConsent(ctx, storage.Consent{UserID: "u", ClientID: "c", Version: 1}))
	}, "update"},
	{"Consent", func(ctx context.Context, s *mongo.Store) error { return must(s.Consent(ctx, "u", "c")) }, "find"},
	{"ListConsents", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListConsents(ctx, storage.ConsentFilter{ClientID: "c"}, storage.Page{}))
	}, "find"},
	{"DeleteConsents, of a pair", func(ctx context.Context, s *mongo.Store) error {
		return must(s.DeleteConsents(ctx, storage.ConsentFilter{UserID: "u", ClientID: "d"}))
	}, "delete"},
	{"DeleteConsents", func(ctx context.Context, s *mongo.Store) error {
		return must(s.DeleteConsents(ctx, storage.ConsentFilter{UserID: "u"}))
	}, "find delete"},
	{"PutUserFactors, first", func(ctx context.Context, s *mongo.Store) error {
		return must(s.PutUserFactors(ctx, storage.UserFactors{UserID: "u", Handle: "h"}))
	}, "insert"},
	{"PutUserFactors", func(ctx context.Context, s *mongo.Store) error {
		return must(s.PutUserFactors(ctx, storage.UserFactors{UserID: "u", Handle: "h", Version: 1}))
	}, "update"},
	{"UserFactors", func(ctx context.Context, s *mongo.Store) error { return must(s.UserFactors(ctx, "u")) }, "find"},
	{"UserFactorsByHandle", func(ctx context.Context, s *mongo.Store) error { return must(s.UserFactorsByHandle(ctx, "h")) }, "find"},
	{"ListUserFactors", func(ctx context.Context, s *mongo.Store) error { return must(s.ListUserFactors(ctx, storage.Page{})) }, "find"},
	{"DeleteUserFactors, in a version", func(ctx context.Context, s *mongo.Store) error { return s.DeleteUserFactors(ctx, "u", 2) }, "delete"},
	{"CreateConnector", func(ctx context.Context, s *mongo.Store) error {
		return s.CreateConnector(ctx, storage.Connector{ID: "k"})
	}, "insert"},
	{"Connector", func(ctx context.Context, s *mongo.Store) error { return must(s.Connector(ctx, "k")) }, "find"},
	{"UpdateConnector", func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateConnector(ctx, storage.Connector{ID: "k", Version: 1}))
	}, "update"},
	{"ListConnectors", func(ctx context.Context, s *mongo.Store) error { return must(s.ListConnectors(ctx)) }, "find"},
	{"DeleteConnector, in a version", func(ctx context.Context, s *mongo.Store) error { return s.DeleteConnector(ctx, "k", 2) }, "delete"},
	{"CreateUserLink", func(ctx context.Context, s *mongo.Store) error {
		return s.CreateUserLink(ctx, storage.UserLink{ID: "l", UserID: "u"})
	}, "insert"},
	{"UserLink", func(ctx context.Context, s *mongo.Store) error { return must(s.UserLink(ctx, "l")) }, "find"},
	{"UpdateUserLink", func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateUserLink(ctx, storage.UserLink{ID: "l", UserID: "u", Version: 1}))
	}, "update"},
	{"ListUserLinks", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListUserLinks(ctx, "u", storage.Page{}))
	}, "find"},
	{"DeleteUserLink, in a version", func(ctx context.Context, s *mongo.Store) error { return s.DeleteUserLink(ctx, "l", 2) }, "delete"},
	{"PutScopeText, first", func(ctx context.Context, s *mongo.Store) error {
		return s.PutScopeText(ctx, storage.ScopeText{Scope: "a"})
	}, "update insert"},
	{"PutScopeText", func(ctx context.Context, s *mongo.Store) error {
		return s.PutScopeText(ctx, storage.ScopeText{Scope: "a"})
	}, "update"},
	{"ListScopeTexts", func(ctx context.Context, s *mongo.Store) error { return must(s.ListScopeTexts(ctx)) }, "find"},
	{"DeleteScopeText", func(ctx context.Context, s *mongo.Store) error { return s.DeleteScopeText(ctx, "a") }, "delete"},
	{"SwapAttributeSchema, first", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapAttributeSchema(ctx, storage.AttributeSchema{}))
	}, "insert"},
	{"SwapAttributeSchema", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapAttributeSchema(ctx, storage.AttributeSchema{Version: 1}))
	}, "update"},
	{"AttributeSchema", func(ctx context.Context, s *mongo.Store) error { return must(s.AttributeSchema(ctx)) }, "find"},
	{"PutClientLogo, first", func(ctx context.Context, s *mongo.Store) error {
		return s.PutClientLogo(ctx, storage.ClientLogo{ClientID: "c"})
	}, "update insert"},
	{"ClientLogo", func(ctx context.Context, s *mongo.Store) error { return must(s.ClientLogo(ctx, "c")) }, "find"},
	{"ListClientLogos", func(ctx context.Context, s *mongo.Store) error { return must(s.ListClientLogos(ctx, storage.Page{})) }, "find"},
	{"DeleteClientLogo", func(ctx context.Context, s *mongo.Store) error { return s.DeleteClientLogo(ctx, "c") }, "delete"},

	{"Enqueue", func(ctx context.Context, s *mongo.Store) error { return s.Enqueue(ctx, testMessage("m")) }, "insert"},
	{"Enqueue, several", func(ctx context.Context, s *mongo.Store) error {
		return s.Enqueue(ctx, testMessage("n"), testMessage("o"))
	}, "insert"},
	{"Enqueue, one is there", func(ctx context.Context, s *mongo.Store) error {
		return s.Enqueue(ctx, testMessage("n"), testMessage("p"))
	}, "insert insert insert"},
	{"LeaseMessages", func(ctx context.Context, s *mongo.Store) error { return must(s.LeaseMessages(ctx, testLease("a"))) }, "find findAndModify findAndModify findAndModify findAndModify"},
	{"LeaseMessages, none", func(ctx context.Context, s *mongo.Store) error { return must(s.LeaseMessages(ctx, testLease("b"))) }, "find"},
	{"FinishMessage", func(ctx context.Context, s *mongo.Store) error { return s.FinishMessage(ctx, "m", "a", 1) }, "delete"},
	{"PostponeMessage", func(ctx context.Context, s *mongo.Store) error { return s.PostponeMessage(ctx, "n", "a", 1, start) }, "update"},
	{"PostponeMessage, of another", func(ctx context.Context, s *mongo.Store) error { return s.PostponeMessage(ctx, "o", "b", 1, start) }, "update"},
	{"ListMessages", func(ctx context.Context, s *mongo.Store) error { return must(s.ListMessages(ctx, storage.Page{})) }, "find"},
	{"SweepMessages", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SweepMessages(ctx, start.Add(2*time.Hour), 2))
	}, "findAndModify findAndModify"},

	{"CreateRole", func(ctx context.Context, s *mongo.Store) error { return s.CreateRole(ctx, storage.Role{Name: "r"}) }, "insert"},
	{"Role", func(ctx context.Context, s *mongo.Store) error { return must(s.Role(ctx, "r")) }, "find"},
	{"UpdateRole", func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateRole(ctx, storage.Role{Name: "r", Version: 1}))
	}, "update"},
	{"UpdateRole, stale", func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateRole(ctx, storage.Role{Name: "r", Version: 1}))
	}, "update find"},
	{"ListRoles", func(ctx context.Context, s *mongo.Store) error { return must(s.ListRoles(ctx)) }, "find"},
	{"DeleteRole", func(ctx context.Context, s *mongo.Store) error { return s.DeleteRole(ctx, "r", 0) }, "delete"},

	{"CreateClient", func(ctx context.Context, s *mongo.Store) error { return s.CreateClient(ctx, storage.Client{ID: "c"}) }, "insert"},
	{"Client", func(ctx context.Context, s *mongo.Store) error { return must(s.Client(ctx, "c")) }, "find"},
	{"UpdateClient", func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateClient(ctx, storage.Client{ID: "c", Version: 1}))
	}, "update"},
	{"ListClients", func(ctx context.Context, s *mongo.Store) error { return must(s.ListClients(ctx, storage.Page{})) }, "find"},
	{"AnyClient", func(ctx context.Context, s *mongo.Store) error {
		return must(s.AnyClient(ctx, "password"))
	}, "find"},
	{"ClientOrigins", func(ctx context.Context, s *mongo.Store) error { return must(s.ClientOrigins(ctx)) }, "find"},
	{"DeleteClient", func(ctx context.Context, s *mongo.Store) error { return s.DeleteClient(ctx, "c", 0) }, "delete"},

	{"LeaseStatus, first", func(ctx context.Context, s *mongo.Store) error { return must(s.LeaseStatus(ctx, 1024, start)) }, "findAndModify find insert findAndModify"},
	{"LeaseStatus", func(ctx context.Context, s *mongo.Store) error { return must(s.LeaseStatus(ctx, 1024, start)) }, "findAndModify"},
	{"AddStatusList", func(ctx context.Context, s *mongo.Store) error { return s.AddStatusList(ctx, 2) }, "insert"},
	{"StatusLists", func(ctx context.Context, s *mongo.Store) error { return must(s.StatusLists(ctx)) }, "find"},
	{"StatusList", func(ctx context.Context, s *mongo.Store) error { return must(s.StatusList(ctx, 1)) }, "find"},
	{"SetStatus", func(ctx context.Context, s *mongo.Store) error { return s.SetStatus(ctx, 1, 0, []byte{1}) }, "update"},
	{"SweepStatusLists", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SweepStatusLists(ctx, start.Add(time.Hour), 10))
	}, "find delete"},
	{"CreateSession, to update rights", func(ctx context.Context, s *mongo.Store) error { return s.CreateSession(ctx, testSession("g")) }, "insert"},
	{"UpdateRights", func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateRights(ctx, storage.RightsUpdate{SessionID: "g", StatusIndex: 2, RetiredIndex: 1}))
	}, "findAndModify"},
	{"PendingStatus", func(ctx context.Context, s *mongo.Store) error { return must(s.PendingStatus(ctx, 10)) }, "find"},
	{"ClearPendingStatus", func(ctx context.Context, s *mongo.Store) error {
		living, ended := testSession("g"), testSession("e")
		living.RightsVersion, ended.RevokedAt = 1, start
		return s.ClearPendingStatus(ctx, []storage.Session{living, ended})
	}, "update update"},
	{"AddPendingRevocation", func(ctx context.Context, s *mongo.Store) error {
		return s.AddPendingRevocation(ctx, storage.PendingRevocation{ID: "e"})
	}, "insert"},
	{"PendingRevocations", func(ctx context.Context, s *mongo.Store) error { return must(s.PendingRevocations(ctx, 10)) }, "find"},
	{"RemovePendingRevocation", func(ctx context.Context, s *mongo.Store) error { return s.RemovePendingRevocation(ctx, "e") }, "delete"},
	{"SwapSharedSet", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapSharedSet(ctx, storage.SharedSet{Name: "g"}))
	}, "insert"},
	{"SwapSharedSet, again", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapSharedSet(ctx, storage.SharedSet{Name: "g", Version: 1}))
	}, "update"},
	{"SharedSet", func(ctx context.Context, s *mongo.Store) error { return must(s.SharedSet(ctx, "g")) }, "find"},

	{"RevokeToken", func(ctx context.Context, s *mongo.Store) error { return s.RevokeToken(ctx, "jti", start) }, "insert"},
	{"RevokeToken, again", func(ctx context.Context, s *mongo.Store) error { return s.RevokeToken(ctx, "jti", start) }, "insert"},
	{"TokenRevoked", func(ctx context.Context, s *mongo.Store) error { return must(s.TokenRevoked(ctx, "jti")) }, "find"},
	{"SweepRevocations", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SweepRevocations(ctx, start.Add(time.Hour), 10))
	}, "find delete"},

	{"ReserveCounters, first", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ReserveCounters(ctx, start, 0, attempt("k", 2)))
	}, "find insert"},
	{"ReserveCounters", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ReserveCounters(ctx, start, 0, attempt("k", 2)))
	}, "find findAndModify"},
	{"ReserveCounters, full", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ReserveCounters(ctx, start, 0, attempt("k2", 2), attempt("k", 2)))
	}, "find"},
	{"ReserveCounters, window over", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ReserveCounters(ctx, start.Add(time.Hour), 0, attempt("k", 2)))
	}, "find findAndModify"},
	{"ReserveCounters of several", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ReserveCounters(ctx, start, 0, attempt("k2", 2), attempt("k3", 2), attempt("k4", 2)))
	}, "find update"},
	{"ReserveCounters, to be held", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ReserveCounters(ctx, start, time.Second, attempt("k2", 9), attempt("k3", 9), attempt("k4", 9)))
	}, "find"},
	{"SettleCounters, keep", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SettleCounters(ctx, storage.CounterSettlement{Key: "k2", Action: storage.CounterKeep}))
	}, "find update find"},
	{"SettleCounters, release", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SettleCounters(ctx, storage.CounterSettlement{Key: "k3", Action: storage.CounterRelease}))
	}, ""},
	{"SettleCounters, clear", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SettleCounters(ctx, storage.CounterSettlement{Key: "k", Action: storage.CounterClear}))
	}, "delete"},
	{"RecordLogins, wrong", func(ctx context.Context, s *mongo.Store) error {
		if _, err := s.ReserveCounters(ctx, start, time.Second, attempt("k5", 9), attempt("k6", 9)); err != nil {
			return err
		}
		return recordLogin(ctx, s, storage.LoginRecord{Settle: []storage.CounterSettlement{
			{Key: "k5", Action: storage.CounterKeep, Limit: 9}, {Key: "k6", Action: storage.CounterKeep, Limit: 9},
		}})
	}, "find find update find insert"},
	{"RecordLogins, right", func(ctx context.Context, s *mongo.Store) error {
		session := testSession("right")
		return recordLogin(ctx, s, storage.LoginRecord{
			Session: &session, Settle: []storage.CounterSettlement{{Key: "k5", Action: storage.CounterRelease, Limit: 9}}, Limit: &storage.SessionLimit{Keep: 9, Most: 9},
		})
	}, "find insert find insert"},
	{"RecordLogins, right, everything", func(ctx context.Context, s *mongo.Store) error {
		session, browser := testSession("right2"), testBrowserSession("right2")
		return recordLogin(ctx, s, storage.LoginRecord{
			Session: &session, BrowserSession: &browser, Count: []storage.CounterClaim{attempt("known", 9), attempt("known2", 9)},
			Settle: []storage.CounterSettlement{{Key: "k5", Action: storage.CounterClear, Limit: 9}},
		})
	}, "find update insert insert insert"},
	{"Counters", func(ctx context.Context, s *mongo.Store) error { return must(s.Counters(ctx, start, "k")) }, "find"},
	{"SweepCounters", func(ctx context.Context, s *mongo.Store) error { return must(s.SweepCounters(ctx, start, 10)) }, "find delete"},

	{"InsertKey", func(ctx context.Context, s *mongo.Store) error { return s.InsertKey(ctx, testKey(1, "kid")) }, "insert"},
	{"InsertKey, taken", func(ctx context.Context, s *mongo.Store) error { return s.InsertKey(ctx, testKey(1, "other")) }, "insert find"},
	{"ListKeys", func(ctx context.Context, s *mongo.Store) error { return must(s.ListKeys(ctx)) }, "find"},
	{"RevokeKey", func(ctx context.Context, s *mongo.Store) error { return s.RevokeKey(ctx, "kid", start) }, "update"},
	{"ResealKey", func(ctx context.Context, s *mongo.Store) error {
		return s.ResealKey(ctx, "kid", []byte("old"), []byte("new"))
	}, "update"},
	{"DeleteKey", func(ctx context.Context, s *mongo.Store) error { return s.DeleteKey(ctx, "kid") }, "delete"},

	{"AppendAudit", func(ctx context.Context, s *mongo.Store) error {
		return s.AppendAudit(ctx, storage.AuditEvent{ID: "e", At: start})
	}, "insert"},
	{"AppendAudit, several", func(ctx context.Context, s *mongo.Store) error {
		return s.AppendAudit(ctx, storage.AuditEvent{ID: "f", At: start}, storage.AuditEvent{ID: "g", At: start})
	}, "insert"},
	{"SweepAudit", func(ctx context.Context, s *mongo.Store) error { return must(s.SweepAudit(ctx, "f", 10)) }, "find delete"},
	{"ListAudit, newest first", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListAudit(ctx, storage.AuditFilter{Actor: "a", Newest: true}, storage.Page{}))
	}, "find"},
	{"ListAudit", func(ctx context.Context, s *mongo.Store) error {
		return must(s.ListAudit(ctx, storage.AuditFilter{Type: "t", Since: start}, storage.Page{}))
	}, "find"},
}

// expectedFailures are the calls of the table that are meant to fail.
var expectedFailures = []string{
	"RotateSession, lost", "RotateSession, unknown", "CountReplay, lost", "CreateUser, taken", "UserByLogin, unknown", "UpdateRole, stale", "InsertKey, taken",
	"RedeemSession, again", "DecideDeviceRequest, again", "SwapConsent, stale", "PostponeMessage, of another",
}

// recordLogin records a login with one event.
func recordLogin(ctx context.Context, s *mongo.Store, l storage.LoginRecord) error {
	l.At = start
	_, err := s.RecordLogins(ctx, []storage.LoginRecord{l}, func([]storage.LoginOutcome) ([]storage.AuditEvent, error) {
		return []storage.AuditEvent{{ID: rand.Text(), At: start}}, nil
	})
	return err
}

func TestCommandsOfEachCall(t *testing.T) {
	var w commandLog
	s := open(t, mongotest.URI(t), w.monitor())
	w.take()
	for _, c := range commandTable {
		err := c.run(t.Context(), s)
		if failed := err != nil; failed != slices.Contains(expectedFailures, c.call) {
			t.Errorf("%s: %v", c.call, err)
		}
		if got := strings.Join(w.take(), " "); got != c.want {
			t.Errorf("%s sends %q, want %q", c.call, got, c.want)
		}
	}
	w.wantNoFindings(t)
}
