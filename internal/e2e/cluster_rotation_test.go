package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/internal/mongotest"
)

// The settings of TestClusterRotation: everything that takes days in practice
// takes seconds, in the same proportions. An instance stops to sign when its
// view is 5.5 s old, so a busy machine has that long to give it its turn.
const (
	rotationInterval = 8 * time.Second
	rotationMaxAge   = 2 * time.Second
	rotationSkew     = 500 * time.Millisecond
	rotationStale    = rotationInterval - rotationMaxAge - rotationSkew
	rotationTokens   = 45 * time.Second
)

var rotationFlags = []string{
	"--rotation-interval", rotationInterval.String(), "--publish-ahead", rotationInterval.String(), "--jwks-max-age", rotationMaxAge.String(),
	"--clock-skew", rotationSkew.String(), "--access-token-ttl", rotationTokens.String(),
}

// TestClusterRotation: three servers on one database rotate every few seconds
// under load, and a key is revoked in the middle. Verifiers in three languages,
// each with its library's cache, check every token of every instance when it is
// made and again later. None is refused but those of the revoked key, and those
// are all refused after the bound (K05, K13, K20).
func TestClusterRotation(t *testing.T) { // alone: it is about seconds
	long(t)
	f := newCluster(t, mongotest.Start(t).URI(), nil)
	uri := f.store[1]
	for range 3 {
		f.join(t, uri, append([]string{"--drain-delay", "0s"}, rotationFlags...)...)
	}
	f.start(t)
	f.seed(t)
	r := newRotationLoad(t, f)
	r.wait(t, 2*rotationInterval)
	r.revoke(t)
	r.wait(t, time.Duration(often(2, 18))*rotationInterval)
	r.finish(t)
}

// join prepares one more instance.
func (f *cluster) join(t *testing.T, storage string, flags ...string) {
	t.Helper()
	node := newServer(t, slices.Concat([]string{
		"--issuer", f.front.issuer, "--storage", storage, "--master-key-file", f.store[3], "--keyring-refresh", clusterKeyringRefresh,
	}, cheapHash, flags)...)
	node.wire, node.http = f.front.wire, f.front.http
	f.nodes = append(f.nodes, node)
}

// issuedToken is a token and who has judged it.
type issuedToken struct {
	token, kid string
	at         time.Time
}

// rotationLoad is the load: minters that ask the instances for tokens, and one
// verifierRun for each program that checks them.
type rotationLoad struct {
	*cluster
	cancel    context.CancelFunc
	running   sync.WaitGroup
	verifiers []*verifierRun

	mu        sync.Mutex
	tokens    int
	kids      map[string]int // tokens by kid
	busy      []string       // answers 503
	failures  []string
	revoked   string // kid
	revokedAt time.Time
	stalled   time.Duration // the longest that this machine let nobody do anything
}

// verifierRun is one program of verifiers, with the tokens that it has seen.
type verifierRun struct {
	verify   verifyFunc
	incoming chan issuedToken
	seen     []issuedToken // not judged twice yet
	old      []issuedToken // judged twice

	checkedRevoked        bool // the revoked key's tokens have been judged after the bound
	checks, refused, late int
	dead                  int // of them, refused
	names                 []string
}

func newRotationLoad(t *testing.T, f *cluster) *rotationLoad {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &rotationLoad{cluster: f, cancel: cancel, kids: map[string]int{}}
	issuer := f.front.issuer
	for _, j := range slices.Concat(newVerifiers(t, issuer), newForeignVerifiers(t, issuer, rotationMaxAge)) {
		c := &verifierRun{verify: j, incoming: make(chan issuedToken, 10_000)}
		r.verifiers = append(r.verifiers, c)
		r.running.Go(func() { r.verifyLoop(ctx, c) })
	}
	for _, node := range f.nodes {
		r.running.Go(func() { r.requestTokens(ctx, node) })
	}
	r.running.Go(func() { r.watch(ctx) })
	return r
}

func (r *rotationLoad) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// watch notes how long this machine stood still.
func (r *rotationLoad) watch(ctx context.Context) {
	const beat = 50 * time.Millisecond
	for last := time.Now(); ctx.Err() == nil; last = time.Now() {
		time.Sleep(beat)
		r.mu.Lock()
		r.stalled = max(r.stalled, time.Since(last)-beat)
		r.mu.Unlock()
	}
}

// requestTokens asks one instance for tokens, several times a second.
func (r *rotationLoad) requestTokens(ctx context.Context, node *server) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		a, err := node.post("/oauth2/token", r.machine, url.Values{"grant_type": {"client_credentials"}})
		switch got, wrong := a.decode(); {
		case err != nil:
			r.fail("no answer: %v", err)
		case a.status == 503:
			r.mu.Lock()
			r.busy = append(r.busy, a.body)
			r.mu.Unlock()
		case wrong != nil:
			r.fail("%v", wrong)
		default:
			r.distribute(got.AccessToken)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// distribute gives a new token to every verifier.
func (r *rotationLoad) distribute(token string) {
	m := issuedToken{token: token, kid: kidOf(token), at: time.Now()}
	r.mu.Lock()
	r.tokens++
	r.kids[m.kid]++
	r.mu.Unlock()
	for _, c := range r.verifiers {
		c.incoming <- m
	}
}

// kidOf is empty for what has none.
func kidOf(token string) string {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return ""
	}
	return parsed.Signatures[0].Header.KeyID
}

// again is how old a token is when it is judged a second time: its key has
// retired by then.
const again = rotationInterval + rotationInterval/2

// verifyLoop judges tokens as they come, and again when they are older.
func (r *rotationLoad) verifyLoop(ctx context.Context, c *verifierRun) {
	for {
		select {
		case m := <-c.incoming:
			r.check(ctx, c, m)
			c.seen = append(c.seen, m)
		case <-ctx.Done():
			return
		}
		for len(c.seen) > 0 && time.Since(c.seen[0].at) > again {
			r.check(ctx, c, c.seen[0])
			c.old, c.seen = append(c.old, c.seen[0]), c.seen[1:]
		}
		r.checkRevoked(c)
	}
}

// check has a token judged. Between the revocation and the bound either verdict
// on the revoked key's tokens is right.
func (r *rotationLoad) check(ctx context.Context, c *verifierRun, m issuedToken) {
	if time.Since(m.at) > rotationTokens-10*time.Second { // it may expire on the way
		c.late++
		return
	}
	said, err := c.verify(context.WithoutCancel(ctx), m.token)
	if err != nil {
		r.fail("a verifier gave up: %v", err)
		return
	}
	c.names = said.names()
	for name, refusal := range said {
		c.checks++
		if refusal != nil && !r.isRevoked(m.kid) {
			c.refused++
			r.fail("%s refuses a token of %s that is %s old: %v", name, m.kid, rounded(time.Since(m.at)), refusal)
		}
	}
}

func (r *rotationLoad) isRevoked(kid string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return kid == r.revoked
}

// wait lets time pass.
func (r *rotationLoad) wait(t *testing.T, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		r.mu.Lock()
		n := len(r.failures)
		r.mu.Unlock()
		if n > 20 {
			break // it will not get better
		}
	}
	r.truncate(t, "audit")
}

// revoke withdraws the signing key when it has signed a few tokens and every
// standby has been published for long enough, so that its successor is known to
// all.
func (r *rotationLoad) revoke(t *testing.T) {
	t.Helper()
	var kid string
	eventually(t, "every standby to be old enough", func() bool {
		list := keyList(t, r.cluster)
		young := func(k listedKey) bool {
			return k.State == "standby" && time.Since(k.CreatedAt) < rotationMaxAge+2*time.Second
		}
		at := slices.IndexFunc(list, func(k listedKey) bool { return k.State == "active" })
		if at < 0 || slices.ContainsFunc(list, young) {
			return false
		}
		kid = list[at].KID
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.kids[kid] >= 10
	})
	r.mu.Lock()
	r.revoked = kid
	r.mu.Unlock()
	r.run(t, slices.Concat([]string{"keys", "revoke", kid, "--yes"}, rotationFlags)...)
	r.mu.Lock()
	r.revokedAt = time.Now()
	r.mu.Unlock()
}

type listedKey struct {
	KID, State string
	CreatedAt  time.Time `json:"created_at"`
}

func keyList(t *testing.T, f *cluster) []listedKey {
	t.Helper()
	var list struct{ Items []listedKey }
	out := f.run(t, slices.Concat([]string{"keys", "list", "--output", "json"}, rotationFlags)...)
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// finish ends the load and counts.
func (r *rotationLoad) finish(t *testing.T) {
	t.Helper()
	r.cancel()
	r.running.Wait()
	checks, refused, late, dead := 0, 0, 0, 0
	var names []string
	for _, c := range r.verifiers {
		checks, refused, late, names = checks+c.checks, refused+c.refused, late+c.late, append(names, c.names...)
		dead += c.dead
	}
	for _, f := range r.failures {
		t.Error(f)
	}
	if len(r.busy) > 0 && r.stalled < time.Second {
		t.Errorf("%d requests were answered 503 on a machine that never stood still for more than %s: %s", len(r.busy), rounded(r.stalled), r.busy[0])
	}
	if dead == 0 {
		t.Error("no token of the revoked key was left to judge")
	}
	if least := 4; len(r.kids) < least {
		t.Errorf("%d keys signed, want %d at least", len(r.kids), least)
	}
	if checks < r.tokens*len(names) || late*10 > checks {
		t.Errorf("%d checks of %d tokens by %d verifiers, %d too late", checks, r.tokens, len(names), late)
	}
	t.Logf("%d tokens of %d keys by 3 instances; %d checks by %v: %d refused; after the bound %d of the revoked key's were refused, all; answered 503: %d, 5xx else: 0; the machine stood still for %s at most",
		r.tokens, len(r.kids), checks, names, refused, dead, len(r.busy), rounded(r.stalled))
}

// revokedFor is how long ago the key was revoked; zero for a key that is not.
func (r *rotationLoad) revokedFor() (kid string, ago time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.revokedAt.IsZero() {
		return "", 0
	}
	return r.revoked, time.Since(r.revokedAt)
}

// checkRevoked checks the revoked key's tokens once more, when the bound
// has passed and they have not expired: it must refuse them all.
func (r *rotationLoad) checkRevoked(c *verifierRun) {
	kid, ago := r.revokedFor()
	if c.checkedRevoked || ago < rotationStale+rotationMaxAge+rotationSkew {
		return
	}
	c.checkedRevoked = true
	for _, m := range slices.Concat(c.old, c.seen) {
		if m.kid != kid || time.Since(m.at) > rotationTokens-5*time.Second {
			continue
		}
		said, err := c.verify(context.Background(), m.token)
		if err != nil {
			r.fail("a verifier gave up: %v", err)
			return
		}
		for name, refusal := range said {
			if c.dead++; refusal == nil {
				r.fail("%s takes a token of the revoked key %s after the revocation", name, rounded(ago))
			}
		}
	}
}

// playable tells whether a foreign client's libraries are there; where CI=true
// they must be.
func playable(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("foreign verifiers are missing: %v", err)
	}
	if err != nil {
		t.Logf("without the foreign verifiers of %s: %v", path, err)
	}
	return err == nil
}
