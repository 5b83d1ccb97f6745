package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"example.org/signet/endpoints"
	"example.org/signet/issuer"
	"example.org/signet/issuer/accountmail"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/issuer/selfservice"
	"example.org/signet/issuer/status"
	"example.org/signet/issuer/upstream"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/instrument"
)

func newServe(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "serve", Short: "Run an issuer", Args: exactArgs(),
		Long: "Run an issuer. With nothing configured it keeps its state in signet-data/ and makes a master key there on\n" +
			"its first start. SIGTERM drains: /readyz says no, --drain-delay passes, no more connections are taken, what\n" +
			"is in flight finishes, and the exit status is 0. SIGHUP reads the certificate again.",
		Example: "  signet serve --issuer https://id.example.com --listen :8443 --tls-cert cert.pem --tls-key key.pem\n" +
			"  signet serve --issuer https://id.example.com --behind-proxy --trusted-proxies 10.0.0.0/8 \\\n" +
			"      --storage mongodb://db.example.com/signet --master-key-file /run/secrets/master.key",
	}
	s.offerServer(c.Flags())
	return p.withSettings(c, s, func(ctx context.Context, _ []string) error { return p.serve(ctx, s, logServing) })
}

// server is a running issuer.
type server struct {
	*process
	settings *settings
	log      zerolog.Logger
	logs     *logBuffer // what log writes through

	listeners *listeners
	store     storage.Store
	ended     <-chan struct{} // a session has ended through the store
	master    keys.MasterKeys
	keyAudit  *keyAudit
	keyring   *keys.Manager
	passwords *password.Pool
	auditLog  *audit.Log
	issuer    *issuer.Issuer
	upstream  *upstream.Client
	admin     *admin.Service
	self      *selfservice.Service
	mail      *accountmail.Service
	metrics   *endpoints.Metrics
	handler   *endpoints.Handler
	startedAt time.Time
	lastSweep atomic.Pointer[endpoints.SweepInfo]
}

// serve builds everything once, top to bottom, and runs it until it is told to
// stop. onReady is called when everything is ready to answer.
func (p *process) serve(ctx context.Context, s *settings, onReady func(context.Context, *server) error) (err error) {
	v := &server{process: p, settings: s, startedAt: p.now()}
	v.log, v.logs = newLogger(p, s)
	defer v.logs.close()
	ctx, stop := untilSignal(ctx)
	defer stop()
	defer v.adjustProcess(ctx)()
	hangups, release := catchHangup()
	defer release()
	defer func() { err = v.ignoreSignal(ctx, err) }()

	if v.listeners, err = openListeners(s); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.listeners.close()) }()
	s.issuer = withPort(s.issuer, v.listeners.public.Addr())

	if v.store, err = p.openStore(ctx, s, createIfMissing); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.store.Close()) }()
	v.metrics = endpoints.NewMetrics()
	v.store, v.ended = status.Watch(instrument.New(v.store, v.metrics.Store()))

	if err = checkComplete(ctx, s, v.store); err != nil {
		return err
	}
	if v.master, err = p.masterKeys(s).all(ctx, v.store); err != nil {
		return err
	}
	v.auditLog = audit.New(v.store, v.master.Primary(), p.now, p.random, v.master.DecryptOnly()...)
	v.keyAudit = newKeyAudit(v.log, v.auditLog, "signet")
	if v.keyring, err = p.openKeyring(ctx, s, v.store, v.master, v.keyAudit); err != nil {
		return err
	}
	if v.passwords, err = password.NewPool(s.hashConfig()); err != nil {
		return err
	}
	if err = v.buildServices(); err != nil {
		return err
	}
	if err = v.admin.EnsureRoles(ctx); err != nil {
		return err
	}
	if err = v.issuer.RefreshStatus(ctx); err != nil {
		return err
	}
	if err = v.buildEndpoints(ctx); err != nil {
		return err
	}
	if err = onReady(ctx, v); err != nil {
		return err
	}
	return v.run(ctx, hangups)
}

// openKeyring opens the keys; with the wrong master key nothing is changed.
func (p *process) openKeyring(ctx context.Context, s *settings, store keys.Store, master keys.MasterKeys, audit *keyAudit) (*keys.Manager, error) {
	cfg := s.keysConfig(p.now)
	cfg.Rand, cfg.OnEvent = p.random, audit.record
	keyring, err := keys.Open(ctx, store, master, cfg)
	var unsealErr *keys.UnsealError
	if errors.As(err, &unsealErr) {
		return nil, withHint(fmt.Errorf("open the keys: %w", err), "the master key is not the one that %s was made with, or the record is damaged: give the right one by --master-key-file or %s; nothing was changed", s.storeName(), envMasterKey)
	}
	if err != nil {
		return nil, fmt.Errorf("open the keys: %w", err)
	}
	return keyring, nil
}

// buildServices builds the issuer, its administration and self-service over the parts.
func (v *server) buildServices() error {
	secret, err := v.settings.bootstrapSecret()
	if err != nil {
		return err
	}
	cfg := v.settings.issuerConfig(v.now)
	cfg.Rand, cfg.OtherMasterKeys = v.random, v.master.DecryptOnly()
	if cfg.Messages.Allow, err = v.settings.outboundAllowed(); err != nil {
		return err
	}
	counted := v.metrics.CountBy("signet_message_attempts_total", "Attempts to deliver a message to another program, by outcome.", "outcome")
	cfg.Messages.Observe = func(_, outcome string) { counted(outcome) }
	if cfg.Messages.Words, err = v.settings.pages(); err != nil {
		return err
	}
	if cfg.Messages.Mail, err = v.settings.mailSender(); err != nil {
		return err
	}
	cfg.Messages.MailLanguage, cfg.Messages.NewDevices = v.settings.mailLanguage, v.settings.notifyNewDevice
	cfg.ConsoleURL = v.consoleURL()
	if v.issuer, err = issuer.New(cfg, v.store, v.keyring, v.master.Primary(), v.passwords, v.auditLog); err != nil {
		return err
	}
	v.upstream = v.newUpstream(v.settings, v.master, cfg.Messages.Allow)
	throttler := issuer.NewThrottler(cfg.Throttle, v.store, v.auditLog, v.now)
	v.admin = admin.New(admin.Config{
		Issuer: cfg.Issuer, RefreshTokenTTL: cfg.RefreshTokenTTL, BootstrapSecret: secret, Now: v.now, Rand: v.random,
	}, admin.Parts{Store: v.store, Passwords: v.passwords, Audit: v.auditLog, Throttler: throttler, Caches: v.issuer, Keys: v.keyring, Factors: v.issuer.Factors(), Fetch: logoFetcher(v.settings), Notifier: v.notifier(), Connectors: v.upstream})
	v.mail = accountmail.New(cfg.Issuer, v.settings.sendsMail(), accountmail.Parts{
		Mailer: v.issuer.Mailer(), Tokens: v.issuer.MailTokens(), Accounts: v.admin, Users: v.store, Factors: v.issuer.Factors(), Throttler: throttler, Now: v.now,
	})
	v.self, err = selfservice.New(
		selfservice.Config{Registration: selfservice.RegistrationPolicy(v.settings.registration)},
		selfservice.Parts{Tokens: v.issuer, Accounts: v.admin, Browsers: v.issuer.OwnBrowsers(), Passwords: v.passwords, Audit: v.auditLog, Throttler: throttler,
			Factors: v.issuer.Factors(), Mail: v.mail, Now: v.now})
	return err
}

func (v *server) buildEndpoints(ctx context.Context) error {
	proxies, err := v.settings.proxies()
	if err != nil {
		return err
	}
	v.metrics.Count("signet_password_evaluations_total", "Password hashes evaluated.", v.passwords.Evaluations)
	v.metrics.Gauge("signet_password_queue", "Logins and other requests that wait for a password hash.", func() float64 { return float64(v.passwords.Waiting()) })
	build := readBuildInfo()
	v.metrics.Info("signet_build_info", "What runs here.", map[string]string{"version": build.Version, "revision": build.Revision, "go": build.Go, "signer": build.Signer})
	v.metrics.Count("signet_log_lines_dropped_total", "Log lines that standard error did not take in time.", v.logs.droppedLines)
	v.metrics.Count("signet_signatures_total", "Tokens signed.", v.keyring.Signatures)
	v.registerKeyMetrics()
	v.metrics.Gauge("signet_status_age_seconds", "Age of the data in the status lists.", func() float64 { return v.issuer.StatusAge().Seconds() })
	shown, err := v.settings.pages()
	if err != nil {
		return err
	}
	v.metrics.Gauge("signet_messages_waiting", "Messages that wait for delivery, on all instances.", func() float64 { return float64(v.issuer.Outbox().Backlog().Waiting) })
	v.metrics.Gauge("signet_message_oldest_seconds", "Age of the oldest message that waits for delivery; 0 where none does.", func() float64 { return v.issuer.Outbox().OldestAge().Seconds() })
	cfg := endpoints.Config{
		Issuer: v.settings.issuer, Service: v.issuer, Admin: v.admin, SelfService: v.self, Keys: v.keyring, Store: v.store,
		AdminMerged: v.settings.adminMerged(), TrustedProxies: proxies, CacheFor: v.settings.keyringRefresh, DocsClient: v.settings.docsClient,
		SignIn: v.issuer.SignIn(v.admin).WithUpstream(v.upstream, v.store, v.admin, v.settings.keyringRefresh), AccountMail: v.mail, Instance: instance{v}, Pages: shown, Metrics: v.metrics, Log: v.log, Now: v.now, Rand: v.random,
	}
	if c := v.issuer.Console(); c != nil {
		cfg.Console, cfg.ConsoleURL, cfg.ConsolePublic = c, v.consoleURL(), v.settings.consoleIsPublic()
	}
	v.handler, err = endpoints.New(cfg)
	if err != nil {
		return err
	}
	return v.handler.Refresh(ctx)
}

// registerKeyMetrics adds metrics of the keys' ages and of changes by this server.
// What commands and other servers do is in the audit log.
func (v *server) registerKeyMetrics() {
	v.keyAudit.count = v.metrics.CountBy("signet_key_changes_total", "Changes of the signing keys by this server, by audit event.", "event")
	v.metrics.Gauge("signet_signing_keys_refused", "Signing keys that OpenSSL refused, so that Go signs with them.", func() float64 { return float64(v.keyring.Stats().Refusals) })
	for _, g := range []struct {
		name, help string
		read       func(keys.Stats) time.Duration
	}{
		{"signet_signing_key_age_seconds", "Age of the key that signs; negative where none does.", func(a keys.Stats) time.Duration { return a.ActiveKeyAge }},
		{"signet_key_next_change_seconds", "Time until the next scheduled change of a key; negative where none is scheduled.", func(a keys.Stats) time.Duration { return a.NextChange }},
		{"signet_keyring_age_seconds", "Time since the keys were last read from the store.", func(a keys.Stats) time.Duration { return a.SnapshotAge }},
	} {
		v.metrics.Gauge(g.name, g.help, func() float64 { return g.read(v.keyring.Stats()).Seconds() })
	}
}

// logServing logs the addresses of the server and warnings about its settings.
func logServing(ctx context.Context, v *server) error {
	s := v.settings
	signer, err := keys.SigningLibrary()
	if err != nil {
		v.log.Warn().Err(err).Msg("OpenSSL cannot be loaded, Go signs in its place: install libcrypto 3, or run a build without the tag openssl")
	}
	v.log.Info().Str("issuer", s.issuer).Str("listen", v.listeners.publicURL()).Str("storage", s.storeName()).Str("signer", signer).Msg("serving")
	if err := issuer.CheckPasskeys(s.issuer); err != nil {
		v.log.Info().Err(err).Msg("no passkeys, everything else works")
	}
	if !loopbackOnly(v.listeners.public) && v.listeners.certificate == nil && !s.behindProxy {
		v.log.Warn().Str("listen", v.listeners.publicURL()).Msg("plain http on a network: passwords and tokens can be read on the way; give --tls-cert, or --behind-proxy")
	}
	if v.listeners.admin != nil {
		v.log.Info().Str("admin-listen", v.listeners.urlOf(v.listeners.admin)).Msg("serving the admin API")
		if !loopbackOnly(v.listeners.admin) && v.listeners.certificate == nil {
			v.log.Warn().Str("admin-listen", v.listeners.urlOf(v.listeners.admin)).Msg("plain http on a network: tokens of administrators can be read on the way; give --tls-cert, or listen on loopback")
		}
	}
	v.logConsole()
	v.warnOfPort()
	v.warnOfDemo(ctx)
	for _, name := range unknownVariables(v.env) {
		v.log.Warn().Str("variable", name).Msg("unknown environment variable" + hintVariable(name))
	}
	if isTerminal(v.stderr) {
		v.messagef("signet: issuer %s, discovery at %s/.well-known/openid-configuration, Ctrl-C stops it", s.issuer, s.issuer)
	}
	return nil
}

// newHTTPServer returns a server of the handler, with TLS if there is a certificate.
func (v *server) newHTTPServer(h http.Handler) *http.Server {
	srv := endpoints.NewServer(h, v.log)
	srv.TLSConfig = v.listeners.tlsConfig()
	return srv
}
