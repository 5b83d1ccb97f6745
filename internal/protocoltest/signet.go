package protocoltest

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"example.org/signet/endpoints"
	"example.org/signet/endpoints/pages"
	"example.org/signet/internal/safehttp"
	"example.org/signet/internal/testclock"
	"example.org/signet/issuer"
	"example.org/signet/issuer/accountmail"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/issuer/selfservice"
	"example.org/signet/issuer/upstream"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// OpenStore returns a new, empty store that is closed when the test ends.
type OpenStore func(t testing.TB) storage.Store

// Options are the settings of every part. A test changes what it is about.
type Options struct {
	Issuer      issuer.Config
	Admin       admin.Config
	SelfService selfservice.Config
	Keys        keys.Config
	Passwords   password.Config
	Endpoints   endpoints.Config
	Path        string    // of the issuer's URL
	IssuerURL   string    // "" for where the server listens
	Empty       bool      // without the fixtures
	Upstream    bool      // people can sign in at other providers
	Log         io.Writer // instead of the LogCapture

	coverage *coverage // of the suite; nil outside of one
}

// Signet is a running issuer.
type Signet struct {
	Fixtures
	requester
	records

	Issuer    string // the `iss` value
	Clock     *testclock.Clock
	Store     *Store
	Keys      *keys.Manager
	Service   *issuer.Issuer
	Audit     *audit.Log
	Self      *selfservice.Service
	Mail      *accountmail.Service
	Upstream  *upstream.Client
	Passwords *password.Pool
	Handler   *endpoints.Handler
	Metrics   *endpoints.Metrics

	options   Options
	openStore OpenStore
	backend   storage.Store
	master    keys.MasterKey
	portal    Client // where a case has created it
}

// Start runs a Signet over an empty store until the test ends.
func Start(t testing.TB, open OpenStore, configure ...func(*Options)) *Signet {
	t.Helper()
	master, err := keys.NewMasterKey(rand.Reader)
	must(t, err)
	log := newLogCapture()
	s := &Signet{requester: requester{t: t, Log: log}, records: records{secrets: log}, Clock: NewClock(), openStore: open, backend: open(t), master: master}
	s.Log.MarkSecret(master.Encode())
	s.options = defaults(s.Clock)
	for _, change := range configure {
		change(&s.options)
	}
	s.open()
	if !s.options.Empty {
		s.Fixtures = addFixtures(t, s)
	}
	must(t, s.Handler.Refresh(context.Background()))
	s.Store.Reset()
	s.Log.Reset()
	if _, bench := t.(*testing.B); !bench {
		t.Cleanup(func() { runChecker(s) })
	}
	return s
}

// StartInstance runs another instance of the same issuer, on the same store.
func (s *Signet) StartInstance(t testing.TB, configure ...func(*Options)) *Signet {
	t.Helper()
	b := &Signet{
		requester: requester{t: t, Log: s.Log}, records: records{secrets: s.Log}, Clock: s.Clock, backend: s.backend, master: s.master,
		options: s.options, Issuer: s.Issuer, Fixtures: s.Fixtures,
	}
	for _, change := range configure {
		change(&b.options)
	}
	b.open()
	b.Store.Reset()
	return b
}

// StartOther runs another issuer, with a store, keys and users of its own, below that path of
// the same host.
func (s *Signet) StartOther(t testing.TB, path string) *Signet {
	t.Helper()
	host := strings.TrimSuffix(s.options.IssuerURL, s.options.Path)
	return Start(t, s.openStore, func(o *Options) { o.Path, o.IssuerURL, o.coverage = path, host+path, s.options.coverage })
}

// AdminListener is the same instance, at the listener of its admin API.
func (s *Signet) AdminListener(t testing.TB) *Signet {
	t.Helper()
	server := httptest.NewServer(s.Handler.Admin())
	t.Cleanup(server.Close)
	own := &Signet{
		requester: requester{t: t, Log: s.Log, URL: server.URL, Server: server, HTTP: server.Client()},
		records:   records{secrets: s.Log},
		Clock:     s.Clock, Store: s.Store, backend: s.backend, options: s.options, Issuer: s.Issuer, Fixtures: s.Fixtures, Handler: s.Handler,
	}
	own.check = own.checkDescription
	own.options.Endpoints.Service = s.Service // its responses are checked against the description
	return own
}

func defaults(clock *testclock.Clock) Options {
	k := keys.DefaultConfig(clock.Now)
	k.Alg = keys.ES256 // quick to make
	return Options{
		Keys: k,
		Issuer: issuer.Config{
			AccessTokenTTL: 15 * time.Minute, RefreshTokenTTL: 24 * time.Hour, SessionTTL: 72 * time.Hour,
			RefreshGrace: 30 * time.Second, ClockSkew: time.Minute, MaxSessions: 1000, CacheTTL: 5 * time.Second, Now: clock.Now, Rand: rand.Reader,
		},
		Passwords: password.Config{Workers: 2, Argon2id: password.Argon2id{Memory: 64, Passes: 1, Parallelism: 1}},
		// A busy machine must not look like a store that hangs.
		Endpoints: endpoints.Config{CacheFor: 5 * time.Second, StoreTimeout: testTimeout, LoginTimeout: testTimeout, Now: clock.Now, Rand: rand.Reader},
	}
}

// open wires the parts together as a server does.
func (s *Signet) open() {
	s.check = s.checkDescription
	s.Store = NewStore(s.backend)
	s.Server = httptest.NewUnstartedServer(nil)
	s.Server.Listener = endpoints.CheckFraming(s.Server.Listener)
	s.URL = "http://" + s.Server.Listener.Addr().String() + s.options.Path
	if s.Issuer == "" {
		s.Issuer = cmp.Or(s.options.IssuerURL, s.URL)
	}
	var err error
	s.Keys, err = keys.Open(context.Background(), s.Store, keys.NewMasterKeys(s.master, s.options.Issuer.OtherMasterKeys...), s.options.Keys)
	must(s.t, err)
	s.Passwords, err = password.NewPool(s.options.Passwords)
	must(s.t, err)
	cfg := s.options.Issuer
	cfg.Issuer = s.Issuer
	if cfg.Messages.Mail != nil {
		cfg.Messages.Words, err = pages.New(pages.Config{Issuer: s.Issuer})
		must(s.t, err)
	}
	if s.options.Endpoints.AdminMerged {
		cfg.ConsoleURL = s.Issuer
	}
	s.Audit = audit.New(s.Store, s.master, cfg.Now, cfg.Rand, cfg.OtherMasterKeys...)
	s.Service, err = issuer.New(cfg, s.Store, s.Keys, s.master, s.Passwords, s.Audit)
	must(s.t, err)
	s.openServices(cfg)
	must(s.t, s.Admin.EnsureRoles(context.Background()))
	must(s.t, s.Service.RefreshStatus(context.Background()))
	s.serve()
}

// openServices builds the administration and self-service.
func (s *Signet) openServices(cfg issuer.Config) {
	throttler := issuer.NewThrottler(cfg.Throttle, s.Store, s.Audit, cfg.Now)
	a := s.options.Admin
	a.Issuer, a.RefreshTokenTTL, a.Now, a.Rand = cfg.Issuer, cfg.RefreshTokenTTL, cfg.Now, cfg.Rand
	sends := cfg.Messages.Mail != nil
	var notifier admin.Notifier
	if sends {
		notifier = accountmail.Notices{Mailer: s.Service.Mailer(), Now: cfg.Now}
	}
	s.Upstream = upstream.New(upstream.Config{
		HTTP: safehttp.Client(safehttp.Loopback), Secrets: keys.NewMasterKeys(s.master, cfg.OtherMasterKeys...), Rand: cfg.Rand, Now: cfg.Now,
		Redirect: func(id string) string { return s.Issuer + endpoints.UpstreamRedirectPath(id) },
	})
	s.Admin = admin.New(a, admin.Parts{
		Store: s.Store, Passwords: s.Passwords, Audit: s.Audit, Throttler: throttler, Caches: s.Service, Keys: s.Keys, Factors: s.Service.Factors(), Fetch: fetchLogo, Notifier: notifier,
		Connectors: s.Upstream,
	})
	s.Mail = accountmail.New(cfg.Issuer, sends, accountmail.Parts{
		Mailer: s.Service.Mailer(), Tokens: s.Service.MailTokens(), Accounts: s.Admin, Users: s.Store, Factors: s.Service.Factors(), Throttler: throttler, Now: cfg.Now,
	})
	var err error
	s.Self, err = selfservice.New(s.options.SelfService, selfservice.Parts{
		Tokens: s.Service, Accounts: s.Admin, Browsers: s.Service.OwnBrowsers(), Passwords: s.Passwords, Audit: s.Audit, Throttler: throttler,
		Factors: s.Service.Factors(), Mail: s.Mail, Now: cfg.Now,
	})
	must(s.t, err)
}

func (s *Signet) serve() {
	var to io.Writer = s.Log
	if s.options.Log != nil {
		to = s.options.Log
	}
	log := zerolog.New(to).Level(zerolog.DebugLevel)
	s.Metrics = endpoints.NewMetrics()
	cfg := s.options.Endpoints
	cfg.Issuer, cfg.Admin, cfg.SelfService = s.Issuer, s.Admin, s.Self
	cfg.Keys, cfg.Store, cfg.Metrics, cfg.Log = s.Keys, s.Store, s.Metrics, log
	cfg.AccountMail, cfg.Instance = s.Mail, thisInstance{s}
	if c := s.Service.Console(); c != nil {
		cfg.Console, cfg.ConsoleURL, cfg.ConsolePublic = c, s.Issuer, true
	}
	if cfg.Service == nil {
		cfg.Service = s.Service
	}
	if cfg.SignIn == nil {
		signIn := s.Service.SignIn(s.Admin)
		if s.options.Upstream {
			signIn = signIn.WithUpstream(s.Upstream, s.Store, s.Admin, 0)
		}
		cfg.SignIn = signIn
	}
	var err error
	s.Handler, err = endpoints.New(cfg)
	must(s.t, err)
	s.Server.Config = endpoints.NewServer(s.Handler, log)
	s.Server.Config.Handler = withExpiringContexts(s.Server.Config.Handler)
	s.Server.Start()
	s.HTTP = s.Server.Client()
	s.HTTP.Transport.(*http.Transport).DisableCompression = true
	s.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.t.Cleanup(func() {
		s.Store.Reset()
		s.Server.Close()
		s.searchForLeaks()
	})
}

// Advance moves the clock, and lets the instance read its keys anew as its
// background refresh would have done.
func (s *Signet) Advance(d time.Duration) {
	s.Clock.Advance(d)
	must(s.t, s.Keys.Refresh(context.Background()))
}

// searchForLeaks searches logs, metrics and errors for secrets (L01), and
// verifies the audit log.
func (s *Signet) searchForLeaks() {
	s.t.Helper()
	expectIntactAuditLog(s)
	for where, text := range map[string]string{
		"the log": strings.Join(s.Log.Lines(), "\n"), "the audit log": auditLog(s),
		"the metrics": s.metrics(), "an error answer": errorResponses(s),
	} {
		if found := s.Log.leaks(text); len(found) > 0 {
			s.t.Errorf("L01 %s holds %q, part of a secret:\n%s", where, found, excerpt(text, found[0]))
		}
	}
}

func excerpt(text, part string) string {
	at := strings.Index(text, part)
	return text[max(0, at-200):min(len(text), at+len(part)+200)]
}

func auditLog(s *Signet) string {
	var all strings.Builder
	page := storage.Page{Limit: storage.MaxPage}
	for {
		got, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{}, page)
		if err != nil {
			s.t.Errorf("read the audit log: %v", err)
			return all.String()
		}
		text, _ := json.Marshal(got.Events)
		all.Write(text)
		if got.Next == "" {
			return all.String()
		}
		page.After = got.Next
	}
}

func (s *Signet) metrics() string {
	w := httptest.NewRecorder()
	s.Metrics.Handler(false).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	b, _ := io.ReadAll(w.Body)
	return string(b)
}

func errorResponses(s *Signet) string {
	var all strings.Builder
	s.errorBodies.Range(func(body, _ any) bool {
		all.WriteString(body.(string) + "\n")
		return true
	})
	return all.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
