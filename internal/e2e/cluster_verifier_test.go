package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/verify"
)

// verdicts are what verifiers say of one token: nil, or why they refuse it.
type verdicts map[string]error

// verifyFunc is one or more verifiers, each with its own library's cache.
type verifyFunc func(ctx context.Context, token string) (verdicts, error)

// newVerifiers are the verifiers in this process. Each holds the key set for as
// long as it may.
func newVerifiers(t *testing.T, issuer string) []verifyFunc {
	t.Helper()
	ours, err := verify.New(verify.Config{Issuer: issuer, Audience: []string{audience}, MinRefetchInterval: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	url := issuer + jwksPath
	strict := &maxAgeVerifier{url: url}
	return []verifyFunc{
		one("verify", func(ctx context.Context, token string) error { _, err := ours.Verify(ctx, token); return err }),
		one("obedient", strict.verify),
	}
}

// one is a judge of a single verifier.
func one(name string, check func(context.Context, string) error) verifyFunc {
	return func(ctx context.Context, token string) (verdicts, error) {
		return verdicts{name: check(ctx, token)}, nil
	}
}

// maxAgeVerifier holds the key set for exactly the max-age that came with it and asks
// for nothing in between: it is the verifier that the promise is made to.
type maxAgeVerifier struct {
	url string

	mu    sync.Mutex
	set   jose.JSONWebKeySet
	until time.Time
}

func (o *maxAgeVerifier) verify(ctx context.Context, token string) error {
	if err := o.fetch(ctx); err != nil {
		return err
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return err
	}
	found := o.set.Key(parsed.Signatures[0].Header.KeyID)
	if len(found) != 1 {
		return fmt.Errorf("%d keys have the kid", len(found))
	}
	_, err = parsed.Verify(found[0])
	return err
}

func (o *maxAgeVerifier) fetch(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Now().Before(o.until) {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.url, nil)
	if err != nil {
		return err
	}
	a, err := exchange(http.DefaultClient, req)
	if err != nil || a.status != http.StatusOK {
		return fmt.Errorf("fetch the keys: %d %w", a.status, err)
	}
	var seconds int
	if _, err := fmt.Sscanf(a.header.Get("Cache-Control"), "public, max-age=%d", &seconds); err != nil {
		return fmt.Errorf("Cache-Control %q: %w", a.header.Get("Cache-Control"), err)
	}
	o.set = jose.JSONWebKeySet{}
	o.until = time.Now().Add(time.Duration(seconds) * time.Second)
	return json.Unmarshal([]byte(a.body), &o.set)
}

// newForeignVerifiers are those in processes of their own, as far as they are
// installed.
func newForeignVerifiers(t *testing.T, issuer string, maxAge time.Duration) (js []verifyFunc) {
	t.Helper()
	settings := map[string]any{"jwks": issuer + jwksPath, "issuer": issuer, "audience": audience, "max_age": int(maxAge / time.Second)}
	node := filepath.Join("node", "node_modules", "jwks-rsa")
	python, err := filepath.Abs(filepath.Join("python", ".venv", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	js = append(js, startForeign(t, exec.Command(goClients(t), "rotation"), settings).verify) // go-oidc and cap
	for _, c := range []struct{ folder, program, script, installed string }{
		{"node", "node", "rotation.mjs", node},
		{"python", python, "rotation.py", python},
	} {
		if !playable(t, c.installed) {
			continue
		}
		cmd := exec.Command(c.program, c.script)
		cmd.Dir = c.folder
		js = append(js, startForeign(t, cmd, settings).verify)
	}
	return js
}

// verify sends a token and reads what the program says of it.
func (r *foreignRound) verify(_ context.Context, token string) (verdicts, error) {
	if err := json.NewEncoder(r.stdin).Encode(map[string]string{"token": token}); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, r.stderr)
	}
	if !r.lines.Scan() {
		return nil, fmt.Errorf("%w\n%s", io.ErrUnexpectedEOF, r.stderr)
	}
	said := map[string]string{}
	if err := json.Unmarshal(r.lines.Bytes(), &said); err != nil {
		return nil, fmt.Errorf("%q: %w", r.lines.Text(), err)
	}
	v := verdicts{}
	for name, refusal := range said {
		if v[name] = nil; refusal != "" {
			v[name] = fmt.Errorf("%s", refusal)
		}
	}
	return v, nil
}

// names lists the verifiers that said something, sorted.
func (v verdicts) names() (names []string) {
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
