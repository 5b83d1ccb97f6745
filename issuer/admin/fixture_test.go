package admin_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/testdir"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/password"
	"example.org/signet/issuer/role"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

const (
	apiURL       = "https://api.example.org"
	alicePass    = "correct horse"
	tutorialHash = "$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e"
	idleLife     = 24 * time.Hour
)

// fixture is a real administration over a real store.
type fixture struct {
	t       testing.TB
	ctx     context.Context
	store   *hookedStore
	service *admin.Service
	admin   *admin.Admin // the operator's

	pictures *pictures // what logos are fetched from
	mu       sync.Mutex
	at       time.Time
}

// hookedStore runs a function before sessions are marked as ended.
type hookedStore struct {
	storage.Store
	marking func()
}

func (s *hookedStore) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	if s.marking != nil {
		s.marking()
	}
	return s.Store.RevokeAll(ctx, f, at, reason)
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	db, err := sqlite.Open(f.ctx, filepath.Join(testdir.New(t), "signet.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	f.store = &hookedStore{Store: db}
	master, err := keys.NewMasterKey(rand.Reader)
	must(t, err)
	hashes, err := password.NewPool(password.Config{Workers: 2, Argon2id: password.Argon2id{Memory: 64, Passes: 1, Parallelism: 1}})
	must(t, err)
	log := audit.New(f.store, master, f.now, rand.Reader)
	f.service = admin.New(
		admin.Config{Issuer: "https://id.example.org", RefreshTokenTTL: idleLife, Now: f.now, Rand: rand.Reader},
		admin.Parts{Store: f.store, Passwords: hashes, Audit: log, Throttler: issuer.NewThrottler(issuer.Throttle{}, f.store, log, f.now), Fetch: f.fetch})
	f.admin = f.service.Operator(issuer.RequestInfo{Actor: "test", RequestID: "test"})
	must(t, f.service.EnsureRoles(f.ctx))
	return f
}

func (f *fixture) fetch(ctx context.Context, uri string, limit int64) ([]byte, error) {
	return f.pictures.fetch(ctx, uri, limit)
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(d)
}

func (f *fixture) withAlice() *fixture {
	f.t.Helper()
	_, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: "alice", Email: "alice@example.org", Password: alicePass})
	must(f.t, err)
	return f
}

// userID returns the id of the user of that name or e-mail.
func (f *fixture) userID(name string) string {
	f.t.Helper()
	u, err := f.admin.Users().Find(f.ctx, name)
	must(f.t, err)
	return u.ID
}

// owner is what the user may do to their own account by the session.
func (f *fixture) owner(name, session string) *admin.Owner {
	f.t.Helper()
	u, err := f.store.User(f.ctx, f.userID(name))
	must(f.t, err)
	return f.service.Owner(u, session, issuer.RequestInfo{})
}

// session starts a session of the user, as a login does.
func (f *fixture) session(name, id string) string {
	f.t.Helper()
	u, e, err := f.store.UserInEpoch(f.ctx, f.userID(name))
	must(f.t, err)
	at := storage.Time(f.now())
	must(f.t, f.store.CreateSession(f.ctx, storage.Session{
		ID: id, UserID: u.ID, ClientID: "web", UserEpoch: epoch.Session(u, e), CreatedAt: at, RotatedAt: at, AuthTime: at, ExpiresAt: at.Add(72 * time.Hour),
	}))
	return id
}

// active tells whether the session counts, by its own record and its user's.
func (f *fixture) active(id string) bool {
	f.t.Helper()
	s, err := f.store.Session(f.ctx, id)
	must(f.t, err)
	u, e, err := f.store.UserInEpoch(f.ctx, s.UserID)
	must(f.t, err)
	return s.RevokedAt.IsZero() && epoch.ValidForUser(u, e, s)
}

// grants tells whether holders of the role may have the scope.
func (f *fixture) grants(t testing.TB, held, scope string) bool {
	t.Helper()
	roles, err := f.store.ListRoles(f.ctx)
	must(t, err)
	return role.NewSet(roles).Grants([]string{held}, scope)
}

func wantField(t testing.TB, what string, err error, name string) {
	t.Helper()
	var e *issuer.FieldError
	if !errors.As(err, &e) || e.Field != name {
		t.Errorf("%s: got %v, want a fault of field %s", what, err, name)
	}
}

func wantCode(t testing.TB, what string, err error, code issuer.Code) {
	t.Helper()
	var e *issuer.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
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
