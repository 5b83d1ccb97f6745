package main

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// freeAddress returns an address of this machine where nobody listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// The calls of the store and the sessions are counted from a server's start on.
func TestMetrics_CountStoreCallsAndSessions(t *testing.T) {
	address := freeAddress(t)
	c := startServer(t, newStoreDir(t), "serve", "--metrics-listen", address)
	c.login(t)
	c.post(t, "/oauth2/revoke", http.StatusOK, "token", c.login(t).RefreshToken)
	wanted := []string{
		"signet_sessions_started_total 2",
		`signet_sessions_ended_total{reason="token revoked"} 1`,
		`signet_store_duration_seconds_count{operation="record_logins"} 2`,
		`signet_store_duration_seconds_bucket{operation="revoke_session",le="+Inf"} 1`,
	}
	status, body, err := get("http://"+address+"/metrics", "", nil)
	served := func(line string) bool { return strings.Contains(body, line) }
	if wanted = slices.DeleteFunc(wanted, served); err != nil || status != http.StatusOK || len(wanted) > 0 {
		t.Errorf("metrics: %d, %v, without %q in %s", status, err, wanted, body)
	}
	if err := c.stop(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}
