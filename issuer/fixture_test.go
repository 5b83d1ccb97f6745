package issuer_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"example.org/signet/internal/testclock"
	"example.org/signet/internal/testdir"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

const (
	issuerURL = "https://id.example.org"
	apiURL    = "https://api.example.org"
	alicePass = "correct horse"
)

// fixture is a real issuer over a real store and real keys.
type fixture struct {
	*issuer.Issuer
	t           testing.TB
	clock       *testclock.Clock
	store       *countingStore
	keys        *keys.Manager
	hashes      *password.Pool
	ctx         context.Context
	info        issuer.RequestInfo
	newInstance func() *issuer.Issuer // another instance on the same store
	admins      *admin.Service        // of the first instance
	adminOf     func(*issuer.Issuer) *admin.Service
}

// operator is the administration as the command line has it.
func (f *fixture) operator() *admin.Admin { return f.admins.Operator(f.info) }

// userID returns the id of the user of that name or e-mail.
func (f *fixture) userID(name string) string {
	f.t.Helper()
	u, err := f.operator().Users().Find(f.ctx, name)
	must(f.t, err)
	return u.ID
}

func newFixture(t testing.TB, adjust ...func(*issuer.Config)) *fixture {
	t.Helper()
	ctx := context.Background()
	f := &fixture{t: t, ctx: ctx, clock: testclock.At(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}
	f.info = issuer.RequestInfo{Address: netip.MustParseAddr("192.0.2.7"), RequestID: "test", Actor: "test"}

	db, err := sqlite.Open(ctx, filepath.Join(testdir.New(t), "signet.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	f.store = &countingStore{Store: db}

	master, err := keys.NewMasterKey(rand.Reader)
	must(t, err)
	keyConfig := keys.DefaultConfig(f.clock.Now)
	keyConfig.Alg = keys.ES256
	f.keys, err = keys.Open(ctx, db, master, keyConfig)
	must(t, err)
	f.hashes, err = password.NewPool(password.Config{Workers: 2, Argon2id: password.Argon2id{Memory: 64, Passes: 1, Parallelism: 1}})
	must(t, err)

	cfg := issuer.Config{
		Issuer: issuerURL, AccessTokenTTL: 15 * time.Minute, RefreshTokenTTL: 24 * time.Hour, SessionTTL: 72 * time.Hour,
		RefreshGrace: 30 * time.Second, CacheTTL: 5 * time.Second, Throttle: issuer.DefaultThrottle(),
		Now: f.clock.Now, Rand: rand.Reader,
	}
	for _, a := range adjust {
		a(&cfg)
	}
	f.newInstance = func() *issuer.Issuer {
		i, err := issuer.New(cfg, f.store, f.keys, master, f.hashes, audit.New(f.store, master, cfg.Now, cfg.Rand))
		must(t, err)
		return i
	}
	f.adminOf = func(i *issuer.Issuer) *admin.Service {
		log := audit.New(f.store, master, cfg.Now, cfg.Rand)
		return admin.New(admin.Config{Issuer: cfg.Issuer, RefreshTokenTTL: cfg.RefreshTokenTTL, Now: cfg.Now, Rand: cfg.Rand},
			admin.Parts{Store: f.store, Passwords: f.hashes, Audit: log, Throttler: issuer.NewThrottler(cfg.Throttle, f.store, log, cfg.Now), Caches: i})
	}
	f.Issuer = f.newInstance()
	f.admins = f.adminOf(f.Issuer)
	must(t, f.admins.EnsureRoles(ctx))
	return f
}

// withAlice adds what most tests need: a user, a client for people, an API.
func (f *fixture) withAlice() *fixture {
	f.t.Helper()
	_, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "alice", Email: "alice@example.org", Password: alicePass})
	must(f.t, err)
	grants := []string{issuer.GrantPassword, issuer.GrantRefreshToken, issuer.GrantClientCredentials}
	f.client("web", admin.ClientChange{TrustClientIP: ptr(true), Grants: &grants, Scopes: strs("openid", "profile", "email", "items:read", "items:write"), Audiences: strs(apiURL)})
	f.client("other", admin.ClientChange{Grants: &grants, Scopes: strs("items:read"), Audiences: strs(apiURL)})
	f.client("api", admin.ClientChange{Resources: strs(apiURL)})
	return f
}

func (f *fixture) client(id string, settings admin.ClientChange) {
	f.t.Helper()
	_, err := f.operator().Clients().Create(f.ctx, admin.NewClient{ID: id, Secret: secretOf(id), Settings: settings})
	must(f.t, err)
}

func secretOf(id string) issuer.Secret {
	return issuer.Secret(id + "-secret-0123456789-0123456789-0123456789")
}

func basic(id string) issuer.ClientAuth {
	return issuer.ClientAuth{ID: id, Secret: secretOf(id), Method: issuer.AuthBasic}
}

// advance moves the clock, and lets the keyring do what it does every few
// seconds.
func (f *fixture) advance(d time.Duration) {
	f.t.Helper()
	f.clock.Advance(d)
	must(f.t, f.keys.Refresh(f.ctx))
}

// login asks for tokens by the password grant.
func (f *fixture) login(username string, pw issuer.Secret) (issuer.TokenResponse, error) {
	info := f.info
	info.ClientIP = info.Address.String()
	return f.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantPassword, Username: username, Password: pw, Info: info})
}

func (f *fixture) mustLogin() issuer.TokenResponse {
	f.t.Helper()
	a, err := f.login("alice", alicePass)
	must(f.t, err)
	return a
}

func (f *fixture) refreshWith(client, token string) (issuer.TokenResponse, error) {
	return f.Token(f.ctx, issuer.TokenRequest{Client: basic(client), Grant: issuer.GrantRefreshToken, RefreshToken: issuer.Secret(token), Info: f.info})
}

func (f *fixture) mustRefresh(token string) issuer.TokenResponse {
	f.t.Helper()
	a, err := f.refreshWith("web", token)
	must(f.t, err)
	return a
}

func (f *fixture) introspect(client, token string) issuer.Introspection {
	f.t.Helper()
	a, err := f.Introspect(f.ctx, issuer.IntrospectRequest{Client: basic(client), Token: issuer.Secret(token), Info: f.info})
	must(f.t, err)
	return a
}

func (f *fixture) active(token string) bool { return f.introspect("web", token).Active }

// wantCode fails unless err is a refusal with that code.
func wantCode(t testing.TB, what string, err error, code issuer.Code) {
	t.Helper()
	var e *issuer.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func wantField(t testing.TB, what string, err error, name string) {
	t.Helper()
	var e *issuer.FieldError
	if !errors.As(err, &e) || e.Field != name {
		t.Errorf("%s: got %v, want a fault of field %s", what, err, name)
	}
}

func strs(s ...string) *[]string { return &s }

func ptr[T any](v T) *T { return &v }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var _ issuer.Store = storage.Store(nil)
