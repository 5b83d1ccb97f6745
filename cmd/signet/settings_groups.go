package main

import (
	"time"

	"github.com/spf13/pflag"
)

// configSettings name the configuration file, for every command that reads one.
type configSettings struct {
	configFile string
}

func (s *configSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.configFile, "config", "", "`FILE` in YAML with settings under the same names")
}

// outputSettings are for every command that prints an answer.
type outputSettings struct {
	output string
}

func (s *outputSettings) define(f *pflag.FlagSet) {
	f.StringVarP(&s.output, "output", "o", outputText, "`FORMAT` of the answer: text or json")
}

// serverSettings name the server that a command administers instead of a store.
type serverSettings struct {
	serverURL string
}

func (s *serverSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.serverURL, "server", "", "the `URL` of a server to administer instead of the store, after signet login URL")
}

func (s *serverSettings) check(*settings) []error { return nil }

// issuerSettings name the issuer.
type issuerSettings struct {
	issuer string
}

func (s *issuerSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.issuer, "issuer", "http://localhost:8080", "the `URL` that tokens name as their issuer, never derived from a request; https unless the host is loopback; port 0 stands for the port of --listen")
}

// listenSettings are the addresses that a server listens on.
type listenSettings struct {
	listen        string
	adminListen   string
	console       string
	consoleURL    string
	metricsListen string
	pprof         bool
	addrFile      string
}

func (s *listenSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.listen, "listen", "127.0.0.1:8080", "`ADDRESS` to serve on; port 0 takes a free one, see --addr-file")
	f.StringVar(&s.adminListen, "admin-listen", "127.0.0.1:8081", "`ADDRESS` of the admin API; the one of --listen serves it there, empty turns it off")
	f.StringVar(&s.console, "console", consoleAdmin, "`WHERE` the administrators' pages at /console are: admin, with the admin API; public, at --listen too; off")
	f.StringVar(&s.consoleURL, "console-url", "", "the `URL` where browsers reach the console, without /console; needed where a proxy stands before --admin-listen")
	f.StringVar(&s.metricsListen, "metrics-listen", "127.0.0.1:9090", "`ADDRESS` for /metrics; empty turns it off")
	f.BoolVar(&s.pprof, "pprof", false, "serve profiles at /debug/pprof of --metrics-listen, which can show what is in memory")
	f.StringVar(&s.addrFile, "addr-file", "", "`FILE` that holds the base URL of --listen while the server answers")
}

// adminMerged tells whether the admin API is served beside the public endpoints.
func (s *listenSettings) adminMerged() bool { return s.adminListen != "" && s.adminListen == s.listen }

// The values of --console.
const (
	consoleAdmin  = "admin"
	consolePublic = "public"
	consoleOff    = "off"
)

// consoleIsPublic tells whether the console is served beside the public endpoints.
func (s *listenSettings) consoleIsPublic() bool {
	return s.console == consolePublic || s.console == consoleAdmin && s.adminMerged()
}

// ownAdminListen is the address of the admin API's own listener, "" for none.
func (s *listenSettings) ownAdminListen() string {
	if s.adminMerged() {
		return ""
	}
	return s.adminListen
}

// storeSettings name the store and its master keys, for every command that opens it.
type storeSettings struct {
	storage       string
	masterKeyFile string
	masterKeyText string // of SIGNET_MASTER_KEY; never a flag
	otherKeys     [2]otherKey
}

func (s *storeSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.storage, "storage", "sqlite:signet-data/signet.db", "the `STORE`: sqlite:PATH, mongodb://…/DB or mongodb+srv://…/DB")
	f.StringVar(&s.masterKeyFile, "master-key-file", "", "`FILE` with 32 random bytes in base64 (default master.key beside the SQLite file); SIGNET_MASTER_KEY can hold the key itself")
	for n, of := range otherKeys {
		s.otherKeys[n].otherKeyKind = of
		f.StringVar(&s.otherKeys[n].file, of.flag, "", of.help)
	}
}

// tokenSettings are the lives of tokens and sessions, and who may create accounts.
type tokenSettings struct {
	accessTokenTTL  time.Duration
	refreshTokenTTL time.Duration
	sessionTTL      time.Duration
	refreshGrace    time.Duration
	codeGrace       time.Duration
	maxSessions     int
	statusTTL       time.Duration
	registration    string

	bootstrapSecretFile string
}

func (s *tokenSettings) define(f *pflag.FlagSet) {
	s.defineAccessTokenTTL(f)
	f.DurationVar(&s.refreshTokenTTL, "refresh-token-ttl", 720*time.Hour, "idle life of a session, from its last refresh")
	f.DurationVar(&s.sessionTTL, "session-ttl", 2160*time.Hour, "absolute life of a session")
	f.DurationVar(&s.refreshGrace, "refresh-grace", 30*time.Second, "window in which a repeated refresh gets the same answer; 0 for strict single use")
	f.DurationVar(&s.codeGrace, "code-grace", 2*time.Second, "window in which a client that sends an authorization code with PKCE twice loses no session; 0 for none")
	f.IntVar(&s.maxSessions, "max-sessions", 1000, "at most `NUMBER` living sessions of one user at one client; a login beyond them ends the oldest; 0 for no bound")
	f.DurationVar(&s.statusTTL, "status-ttl", time.Minute, "how old a status list may get in the hands of a verifier: a session that ended is refused offline by then")
	f.StringVar(&s.registration, "registration", "closed", "`WHO` may create accounts by POST /register: closed (nobody), client (people, through a client with a secret) or open (anybody)")
	f.StringVar(&s.bootstrapSecretFile, "bootstrap-secret-file", "", "`FILE` with a secret; whoever has it makes the first super_admin by POST /api/v1/bootstrap, once")
}

// defineAccessTokenTTL adds the one setting of tokens that commands on keys need too.
func (s *tokenSettings) defineAccessTokenTTL(f *pflag.FlagSet) {
	f.DurationVar(&s.accessTokenTTL, "access-token-ttl", 15*time.Minute, "life of access and ID tokens")
}

// keySettings are for every command that opens the keyring.
type keySettings struct {
	signingAlg       string
	rsaBits          int
	rotationInterval time.Duration
	publishAhead     time.Duration
	jwksMaxAge       time.Duration
	keyringRefresh   time.Duration
	clockSkew        time.Duration
}

func (s *keySettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.signingAlg, "signing-alg", "RS256", "`ALG` of new keys: RS256, PS256, ES256 or EdDSA")
	f.IntVar(&s.rsaBits, "rsa-bits", 2048, "`BITS` of new RSA keys: 2048, 3072 (signs at a third of the speed) or 4096 (a sixth)")
	f.DurationVar(&s.rotationInterval, "rotation-interval", 720*time.Hour, "a key signs this long; 0 rotates by hand only")
	f.DurationVar(&s.publishAhead, "publish-ahead", 24*time.Hour, "a new key is published at least this long before it signs")
	f.DurationVar(&s.jwksMaxAge, "jwks-max-age", 5*time.Minute, "how long others may cache the JWKS")
	f.DurationVar(&s.keyringRefresh, "keyring-refresh", 5*time.Second, "how often keys, clients and roles are read anew")
	f.DurationVar(&s.clockSkew, "clock-skew", time.Minute, "the most that two clocks may differ, those of verifiers included")
}

// hashSettings are for every command that hashes passwords.
type hashSettings struct {
	passwordHash string
	argon2Memory uint32
	argon2Time   uint32
	bcryptCost   int
	hashWorkers  int
	hashQueue    int
}

func (s *hashSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.passwordHash, "password-hash", "argon2id", "`SCHEME` of new password hashes: argon2id or bcrypt; both are verified")
	f.Uint32Var(&s.argon2Memory, "argon2-memory", 19*1024, "memory of one argon2id hash, in `KiB`")
	f.Uint32Var(&s.argon2Time, "argon2-time", 2, "`NUMBER` of passes of one argon2id hash over its memory")
	f.IntVar(&s.bcryptCost, "bcrypt-cost", 12, "`COST` of a bcrypt hash: the binary logarithm of its rounds")
	f.IntVar(&s.hashWorkers, "hash-workers", 0, "`NUMBER` of password hashes computed at a time (default one fewer than there are processors)")
	f.IntVar(&s.hashQueue, "hash-queue", 0, "`NUMBER` of logins that may wait for a worker; more are answered 503 (default 32 a worker)")
}

// transportSettings say who ends TLS, and where Signet itself connects to.
type transportSettings struct {
	tlsCert        string
	tlsKey         string
	behindProxy    bool
	trustedProxies []string

	outboundNetworks []string
}

func (s *transportSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.tlsCert, "tls-cert", "", "`FILE` with the certificate chain in PEM; read again when it changes")
	f.StringVar(&s.tlsKey, "tls-key", "", "`FILE` with the certificate's private key in PEM")
	f.BoolVar(&s.behindProxy, "behind-proxy", false, "a proxy in front of --listen ends TLS: without --tls-cert an https issuer demands this")
	f.StringSliceVar(&s.trustedProxies, "trusted-proxies", nil, "`CIDRS` of the proxies whose X-Forwarded-For is believed, separated by commas")
	f.StringSliceVar(&s.outboundNetworks, "outbound-networks", nil, "`CIDRS` that URIs of clients, such as for back-channel logout, may lead to beside public addresses, separated by commas; a loopback issuer may reach loopback")
}

// operationSettings are about logs and the end of the server.
type operationSettings struct {
	logLevel       string
	logFormat      string
	auditRetention time.Duration

	drainDelay   time.Duration
	drainTimeout time.Duration
}

func (s *operationSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.logLevel, "log-level", "info", "`LEVEL`: debug, info, warn or error")
	f.StringVar(&s.logFormat, "log-format", "auto", "`FORMAT` of the log on standard error: json, console, or auto (console on a terminal)")
	f.DurationVar(&s.auditRetention, "audit-retention", 0, "how long audit events are kept; 0 for ever")
	f.DurationVar(&s.drainDelay, "drain-delay", 5*time.Second, "after SIGTERM, how long /readyz says no before connections are refused; SIGINT does not wait")
	f.DurationVar(&s.drainTimeout, "drain-timeout", 20*time.Second, "how long requests in flight may take to finish after that")
}
