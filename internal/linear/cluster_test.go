package linear_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	random "math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/linear"
	"example.org/signet/internal/protocoltest"
	"example.org/signet/internal/testclock"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/password"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

const grace = 30 * time.Second

var source = issuer.RequestInfo{Address: netip.MustParseAddr("192.0.2.7"), RequestID: "test", Actor: "test"}

// cluster is three issuers over one store, each by a way of its own that fails
// now and then, on a clock that the test moves.
type cluster struct {
	clock *testclock.Clock
	keys  []*keys.Manager
	nodes []*issuer.Issuer
	store storage.Store    // never fails
	admin []*admin.Service // of each node
	users atomic.Int64
}

// faultRates are how often, of a thousand store calls, one fails before or after it
// is carried out, or is late. Of requests, some are given up by their clients.
type faultRates struct{ before, after, late, cancelled int }

var (
	none  = faultRates{}
	flaky = faultRates{before: 15, after: 15, late: 300, cancelled: 20}
)

func (f faultRates) failBefore(_ context.Context, _ int, method string) error {
	pause(f.late)
	if random.IntN(1000) < f.before {
		return storage.Unavailable(method, errors.New("refused"))
	}
	return nil
}

func (f faultRates) failAfter(_ int, method string) error {
	pause(f.late)
	if random.IntN(1000) < f.after {
		return storage.Unavailable(method, errors.New("the answer is lost"))
	}
	return nil
}

func pause(often int) {
	if random.IntN(1000) < often {
		time.Sleep(time.Duration(random.IntN(300)) * time.Microsecond)
	}
}

// newCluster starts the issuers on an empty store.
func newCluster(t testing.TB, store storage.Store, f faultRates, rules linear.Rules) *cluster {
	t.Helper()
	master, err := keys.NewMasterKey(rand.Reader)
	must(t, err)
	hashes, err := password.NewPool(password.Config{Workers: 2, Queue: 1000, Argon2id: password.Argon2id{Memory: 64, Passes: 1, Parallelism: 1}})
	must(t, err)
	v := &cluster{clock: protocoltest.NewClock(), store: store}
	config := issuer.Config{
		Issuer: "https://id.example.org", AccessTokenTTL: time.Hour, RefreshTokenTTL: 24 * time.Hour, SessionTTL: 72 * time.Hour,
		RefreshGrace: grace, CodeGrace: 2 * time.Second, ClockSkew: 2 * time.Hour, // openWindow of memoryStore lies within it
		CacheTTL: 5 * time.Second, Now: v.clock.Now, Rand: rand.Reader,
	}
	if rules.Strict {
		config.RefreshGrace = 0
	}
	for range 3 {
		faulty := protocoltest.NewStore(store)
		keyring := keys.DefaultConfig(v.clock.Now)
		keyring.Alg = keys.ES256
		manager, err := keys.Open(t.Context(), faulty, master, keyring)
		must(t, err)
		log := audit.New(faulty, master, config.Now, config.Rand)
		node, err := issuer.New(config, faulty, manager, master, hashes, log)
		must(t, err)
		v.keys, v.nodes = append(v.keys, manager), append(v.nodes, node)
		v.admin = append(v.admin, admin.New(
			admin.Config{Issuer: config.Issuer, RefreshTokenTTL: config.RefreshTokenTTL, Now: config.Now, Rand: config.Rand},
			admin.Parts{Store: faulty, Passwords: hashes, Audit: log, Throttler: issuer.NewThrottler(issuer.Throttle{}, faulty, log, config.Now), Caches: node}))
		if len(v.nodes) == 1 {
			v.createRolesAndClients(t)
		}
		faulty.Before(f.failBefore)
		faulty.After(f.failAfter)
	}
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// createRolesAndClients makes roles and clients.
func (v *cluster) createRolesAndClients(t testing.TB) {
	t.Helper()
	must(t, v.admin[0].EnsureRoles(t.Context()))
	grants := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	for _, id := range []string{"web", "other"} {
		_, err := v.admin[0].Operator(source).Clients().Create(t.Context(), admin.NewClient{ID: id, Secret: secret(id), Settings: admin.ClientChange{Grants: &grants}})
		must(t, err)
		client, err := v.store.Client(t.Context(), id)
		must(t, err)
		client.Grants, client.RedirectURIs = append(client.Grants, issuer.GrantAuthorizationCode), []string{redirectURI}
		_, err = v.store.UpdateClient(t.Context(), client)
		must(t, err)
	}
}

func secret(id string) issuer.Secret {
	return issuer.Secret(id + "-secret-0123456789-0123456789-0123456789")
}

// service is an instance for one user.
type service struct {
	*issuer.Issuer
	store     storage.Store
	admin     *admin.Admin
	user      string
	cancelled int
}

var _ linear.CodeService = service{}

func (v *cluster) newUser(t testing.TB, f faultRates) []linear.Service {
	t.Helper()
	name := fmt.Sprintf("user%d", v.users.Add(1))
	for {
		_, err := v.admin[0].Operator(source).Users().Create(t.Context(), admin.NewUser{Username: name, Password: issuer.Secret(linear.Password(0))})
		if _, unknown := verdictOf(err); unknown == nil && err != nil && !errors.Is(err, storage.ErrConflict) {
			continue
		}
		break
	}
	all := make([]linear.Service, len(v.nodes))
	for n, node := range v.nodes {
		all[n] = service{node, v.store, v.admin[n].Operator(source), name, f.cancelled}
	}
	return all
}

// context is given up in the middle by some clients. It has no deadline: the
// MongoDB-wire server for tests is not atomic where a command's time runs out.
func (s service) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	if random.IntN(1000) < s.cancelled {
		time.AfterFunc(time.Duration(random.IntN(2000))*time.Microsecond, cancel)
	}
	return ctx, cancel
}

// verdictOf sorts an answer. What is neither yes, no nor unknown is an error.
func verdictOf(err error) (linear.Verdict, error) {
	var e *issuer.Error
	switch {
	case err == nil:
		return linear.Yes, nil
	case errors.As(err, &e) && e.Code == issuer.InvalidGrant:
		return linear.No, nil
	case errors.As(err, &e) && e.Code == issuer.Unavailable, errors.Is(err, admin.ErrConcurrentUpdate):
		return linear.Unknown, nil
	}
	return linear.Unknown, err
}

func (s service) token(client string, r issuer.TokenRequest) (linear.Verdict, linear.Tokens, error) {
	ctx, cancel := s.context()
	defer cancel()
	r.Client, r.Info = issuer.ClientAuth{ID: client, Secret: secret(client), Method: issuer.AuthBasic}, source
	a, err := s.Token(ctx, r)
	v, err := verdictOf(err)
	return v, linear.Tokens{Access: a.AccessToken, Refresh: a.RefreshToken}, err
}

func (s service) Login(pw string) (linear.Verdict, linear.Tokens, error) {
	return s.token("web", issuer.TokenRequest{Grant: issuer.GrantPassword, Username: s.user, Password: issuer.Secret(pw)})
}

// The code verifier and its challenge are those of RFC 7636, appendix B.
const (
	redirectURI   = "https://app.example.org/callback"
	codeVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	codeChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// Authorize does what the pages of sign-in come to: it reads the user, and issues a code.
func (s service) Authorize() (linear.Verdict, string, error) {
	ctx, cancel := s.context()
	defer cancel()
	user, err := s.store.UserByLogin(ctx, s.user)
	if err != nil {
		return linear.Unknown, "", nil
	}
	user, of, err := s.store.UserInEpoch(ctx, user.ID)
	if err != nil {
		return linear.Unknown, "", nil
	}
	client, err := s.store.Client(ctx, "web")
	if err != nil {
		return linear.Unknown, "", nil
	}
	if user.Disabled {
		return linear.No, "", nil
	}
	code, err := s.IssueCode(ctx, issuer.CodeRequest{
		Client: client, User: user, RedirectURI: redirectURI, Challenge: codeChallenge, Audience: []string{"https://id.example.org"},
		Browser: storage.BrowserSession{RootID: "browser", UserID: user.ID, UserEpoch: epoch.Session(user, of)}, Info: source,
	})
	v, err := verdictOf(err)
	return v, code, err
}

func (s service) Redeem(code string, other bool) (linear.Verdict, linear.Tokens, error) {
	client := "web"
	if other {
		client = "other"
	}
	return s.token(client, issuer.TokenRequest{
		Grant: issuer.GrantAuthorizationCode, AuthCode: issuer.Secret(code), RedirectURI: redirectURI, CodeVerifier: codeVerifier,
	})
}

func (s service) Refresh(token string, other bool) (linear.Verdict, linear.Tokens, error) {
	client := "web"
	if other {
		client = "other"
	}
	return s.token(client, issuer.TokenRequest{Grant: issuer.GrantRefreshToken, RefreshToken: issuer.Secret(token)})
}

func (s service) Introspect(token string) (linear.Verdict, error) {
	ctx, cancel := s.context()
	defer cancel()
	a, err := s.Issuer.Introspect(ctx, issuer.IntrospectRequest{Client: issuer.ClientAuth{ID: "web", Secret: secret("web"), Method: issuer.AuthBasic}, Token: issuer.Secret(token), Info: source})
	v, err := verdictOf(err)
	if v == linear.Yes && !a.Active {
		v = linear.No
	}
	return v, err
}

func (s service) Revoke(token string) (linear.Verdict, error) {
	ctx, cancel := s.context()
	defer cancel()
	return verdictOf(s.Issuer.Revoke(ctx, issuer.RevokeRequest{Client: issuer.ClientAuth{ID: "web", Secret: secret("web"), Method: issuer.AuthBasic}, Token: issuer.Secret(token), Info: source}))
}

func (s service) Change(op linear.Op, pw string) (linear.Verdict, error) {
	ctx, cancel := s.context()
	defer cancel()
	u, err := s.admin.Users().Find(ctx, s.user)
	if err != nil {
		return verdictOf(err)
	}
	switch op {
	case linear.EndSessions:
		_, err = s.admin.Users().EndSessions(ctx, u.ID)
	case linear.SetPassword:
		_, err = s.admin.Users().SetPassword(ctx, u.ID, admin.NewPassword{Password: issuer.Secret(pw)})
	case linear.Disable:
		_, err = s.admin.Users().Disable(ctx, u.ID)
	case linear.Enable:
		_, err = s.admin.Users().Enable(ctx, u.ID)
	}
	return verdictOf(err)
}

// passWindows moves the clock beyond every window.
func (v *cluster) passWindows(t testing.TB) {
	t.Helper()
	v.clock.Advance(grace + time.Second)
	for _, k := range v.keys {
		for k.Refresh(t.Context()) != nil { // fails now and then
		}
	}
}

// workloads are all: the instances issue codes.
var workloads = slices.Concat(linear.Workloads, linear.CodeWorkloads)

// clients act for one user at once.
const clients = 3

// runUsers lets several users' clients loose on the instances, all at once, and
// returns their runs. Between two phases the windows of all of them close.
func (v *cluster) runUsers(t testing.TB, users int, f faultRates) []*linear.Run {
	t.Helper()
	runs, services := make([]*linear.Run, users), make([][]linear.Service, users)
	var making sync.WaitGroup
	for u := range runs {
		runs[u] = linear.NewRun(workloads[u%len(workloads)])
		making.Go(func() { services[u] = v.newUser(t, f) })
	}
	making.Wait()
	all := func(do func(s *linear.Run, at []linear.Service) error) {
		var acting sync.WaitGroup
		for u, s := range runs {
			acting.Go(func() {
				if err := do(s, services[u]); err != nil {
					t.Errorf("an answer that nobody should get: %v\n%s", err, s)
				}
			})
		}
		acting.Wait()
	}
	all(func(s *linear.Run, at []linear.Service) error { return s.Login(0, at[0]) })
	all(func(s *linear.Run, at []linear.Service) error { return s.Execute(clients, 4, at) })
	v.passWindows(t)
	all(func(s *linear.Run, _ []linear.Service) error { s.Waited(0); return nil })
	all(func(s *linear.Run, at []linear.Service) error { return s.Execute(clients, 3, at) })
	all(func(s *linear.Run, at []linear.Service) error { return s.Finish(0, at[1]) })
	return runs
}
