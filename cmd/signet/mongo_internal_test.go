package main

import (
	"strings"
	"syscall"
	"testing"

	"example.org/signet/internal/mongotest"
)

// The commands and servers of an installation on MongoDB share one store and
// one master key, which every one of them must be given.
func TestServeOnMongoDB(t *testing.T) {
	t.Setenv("SIGNET_STORAGE", mongotest.URI(t))
	dir := t.TempDir()
	out, status := runInProcess("user", "list", "--storage", "mongodb://127.0.0.1:1/x")
	if status != exitUsage || !strings.Contains(out, "--master-key-file: must be given with MongoDB") {
		t.Errorf("without a master key: status %d: %s", status, out)
	}

	t.Setenv("SIGNET_MASTER_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	runSignet(t, dir, "correct horse battery\n", "user", "create", "alice", "--password-stdin", "--argon2-memory", "64", "--argon2-time", "1")
	runSignet(t, dir, clientSecret, "client", "create", "web", "--grant", "password,refresh_token", "--scope", "openid", "--secret-stdin")
	one, two := startServer(t, dir, "serve", "--drain-delay", "0s"), startServer(t, dir, "serve", "--drain-delay", "0s")
	a := one.login(t)
	if err := one.stop(t, syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v: %s", err, one.log)
	}
	b := two.post(t, "/oauth2/token", 200, "grant_type", "refresh_token", "refresh_token", a.RefreshToken)
	runSignet(t, dir, "", "session", "revoke", "--user", "alice")
	if two.post(t, "/oauth2/introspect", 200, "token", b.AccessToken).Active {
		t.Error("revoked by a command, active at the server")
	}

	t.Setenv("SIGNET_MASTER_KEY", "MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if _, complaint, status := runWithEnv(t, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--admin-listen", ""); status != exitFailure || !strings.Contains(complaint, "the master key is not the one that the MongoDB store was made with") {
		t.Errorf("with another master key: status %d: %s", status, complaint)
	}
}
