package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// Each background job of a real server does its work: none was forgotten, or got the
// function of another.
func TestServe_RunsBackgroundJobs(t *testing.T) {
	dir := newStoreDir(t)
	path := filepath.Join(dir, "signet-data", "signet.db")
	var ahead atomic.Int64 // of the server's clock
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	base := serveInProcess(t, now, intervals{sweep: 10 * time.Millisecond, observe: 10 * time.Millisecond, certificate: time.Hour},
		"--storage", "sqlite:"+path, "--issuer", "http://127.0.0.1:0", "--keyring-refresh", "20ms", "--argon2-memory", "64", "--argon2-time", "1")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	c := &serverProcess{url: base}

	t.Run("status lists", func(t *testing.T) {
		a := c.login(t)
		uri := statusURI(t, a.AccessToken)
		before := statusList(t, uri)
		runSignet(t, dir, "", "session", "revoke", "--user", "alice", "--yes")
		eventually(t, "the status list shows that the session ended", func() bool { return statusList(t, uri) != before })
	})
	t.Run("other audit chains", func(t *testing.T) {
		runSignet(t, dir, "", "user", "update", "alice", "--full-name", "Alice A.")
		head := newestEvent(t, store, storage.AuditFilter{Type: "user.updated", Newest: true})
		eventually(t, "an event of the server attests the one of the command", func() bool {
			c.login(t)
			return strings.Contains(newestEvent(t, store, storage.AuditFilter{Type: "login.succeeded", Newest: true}).Seen, head.ID)
		})
	})
	t.Run("discovery", func(t *testing.T) {
		advertised := func() bool {
			return strings.Contains(fetchText(t, base+"/.well-known/openid-configuration"), `"password"`)
		}
		if !advertised() {
			t.Fatal("the password grant is in use and not in the document")
		}
		runSignet(t, dir, "", "client", "update", "web", "--grant", "client_credentials")
		eventually(t, "the document follows the clients", func() bool { return !advertised() })
	})
	t.Run("sweep", func(t *testing.T) {
		ahead.Store(int64(10 * time.Minute)) // nothing is swept shortly after a start
		if err := store.RevokeToken(t.Context(), "expired", time.Now().Add(-48*time.Hour)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the expired record is deleted", func() bool {
			page, err := store.ListRevocations(t.Context(), storage.Page{Limit: 10})
			return err == nil && len(page.Revocations) == 0
		})
	})
}

// A new certificate is found without a signal, too.
func TestServe_ReloadsCertificateByItself(t *testing.T) {
	dir := newStoreDir(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, "first", cert, key)
	base := serveInProcess(t, time.Now, intervals{sweep: time.Hour, observe: time.Hour, certificate: 10 * time.Millisecond},
		"--storage", "sqlite:"+filepath.Join(dir, "signet-data", "signet.db"), "--issuer", "https://127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
	address := strings.TrimPrefix(base, "https://")
	if name := servedName(t, address); name != "first" {
		t.Fatalf("serves %s before", name)
	}
	writeCertificate(t, "second", cert, key)
	eventually(t, "the new certificate is served", func() bool { return servedName(t, address) == "second" })
}

// serveInProcess runs serve within the test, on the given clock and with background
// jobs at the given intervals, and returns its base URL.
func serveInProcess(t *testing.T, now func() time.Time, every intervals, args ...string) string {
	t.Helper()
	addr := filepath.Join(t.TempDir(), "addr")
	var log syncBuffer
	p := &process{env: map[string]string{}, stdin: strings.NewReader(""), stdout: io.Discard, stderr: &log, now: now, random: rand.Reader, every: every}
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--admin-listen", "", "--drain-delay", "0s", "--addr-file", addr}, args...)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.execute(ctx, args) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v: %s", err, &log)
		}
	})
	url, err := awaitFile(addr)
	if err != nil {
		t.Fatalf("%v: %s", err, &log)
	}
	return url
}

// statusURI is where the token's status list is.
func statusURI(t *testing.T, token string) string {
	t.Helper()
	decoded, err := decodeToken(token)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Status struct {
			List struct {
				URI string `json:"uri"`
			} `json:"status_list"`
		} `json:"status"`
	}
	if err := json.Unmarshal(decoded.claims, &claims); err != nil || claims.Status.List.URI == "" {
		t.Fatalf("the token names no status list: %v", err)
	}
	return claims.Status.List.URI
}

// statusList is the compressed list that is published at the URI.
func statusList(t *testing.T, uri string) string {
	t.Helper()
	decoded, err := decodeToken(fetchText(t, uri))
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		List struct {
			Bits string `json:"lst"`
		} `json:"status_list"`
	}
	if err := json.Unmarshal(decoded.claims, &claims); err != nil || claims.List.Bits == "" {
		t.Fatalf("no status list: %v", err)
	}
	return claims.List.Bits
}

func newestEvent(t *testing.T, store storage.Audit, f storage.AuditFilter) storage.AuditEvent {
	t.Helper()
	page, err := store.ListAudit(t.Context(), f, storage.Page{Limit: 1})
	if err != nil || len(page.Events) != 1 {
		t.Fatalf("%d events of %s: %v", len(page.Events), f.Type, err)
	}
	return page.Events[0]
}

func fetchText(t *testing.T, url string) string {
	t.Helper()
	status, body, err := get(url, "", nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, status, err)
	}
	return body
}
