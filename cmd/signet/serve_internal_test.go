package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A restart, graceful or not, continues every session.
func TestRestartContinuesSessions(t *testing.T) {
	dir := newStoreDir(t)
	first := startServer(t, dir, "serve", "--log-level", "debug", "--drain-delay", "0s")
	a := first.login(t)
	if err := first.stop(t, syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v: %s", err, first.log)
	}

	second := startServer(t, dir, "serve", "--log-level", "debug", "--drain-delay", "0s")
	b := second.post(t, "/oauth2/token", 200, "grant_type", "refresh_token", "refresh_token", a.RefreshToken)
	if !second.post(t, "/oauth2/introspect", 200, "token", a.AccessToken).Active {
		t.Error("a token from before the restart introspects as inactive")
	}
	eventually(t, "both requests are logged", func() bool { return strings.Count(second.log.String(), `"message":"request"`) == 2 })
	if err := second.stop(t, syscall.SIGKILL); err == nil {
		t.Fatal("killed, and no error")
	}

	third := startServer(t, dir, "serve", "--log-level", "debug", "--drain-delay", "0s")
	again := third.post(t, "/oauth2/token", 200, "grant_type", "refresh_token", "refresh_token", a.RefreshToken)
	if again.RefreshToken != b.RefreshToken {
		t.Error("a refresh whose answer was lost in a crash did not get the same successor")
	}
	c := third.post(t, "/oauth2/token", 200, "grant_type", "refresh_token", "refresh_token", b.RefreshToken)
	if err := third.stop(t, syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v: %s", err, third.log)
	}
	wantNoSecrets(t, dir, first.log.String()+second.log.String()+third.log.String(), a, b, c)
}

// wantNoSecrets checks that the log holds no secret.
func wantNoSecrets(t *testing.T, dir, log string, answers ...tokenResponse) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(dir, "signet-data", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{clientSecret, "correct horse", strings.TrimSpace(string(key))}
	for _, a := range answers {
		secrets = append(secrets, a.AccessToken, a.RefreshToken)
	}
	for _, s := range secrets {
		if s == "" || strings.Contains(log, s) || strings.Contains(log, s[:12]) {
			t.Errorf("the log holds %.6s…, or there is nothing to look for", s)
		}
	}
	if strings.Count(log, `"message":"request"`) < 5 {
		t.Errorf("the log has no events to look at: %s", log)
	}
}

// Two servers on one store share every session.
func TestTwoServersShareAStore(t *testing.T) {
	dir := newStoreDir(t)
	one, two := startServer(t, dir, "serve"), startServer(t, dir, "serve")
	a := one.login(t)
	b := two.post(t, "/oauth2/token", 200, "grant_type", "refresh_token", "refresh_token", a.RefreshToken)
	one.post(t, "/oauth2/revoke", 200, "token", b.RefreshToken)
	if two.post(t, "/oauth2/introspect", 200, "token", b.AccessToken).Active {
		t.Error("revoked at one server, active at the other")
	}
}

// slowRequest is a request whose second half can be sent when it is wanted.
type slowRequest struct {
	conn   net.Conn
	reader *bufio.Reader
	rest   string
}

// startSlowRequest returns when a handler reads the request's body: that is when
// net/http says 100 Continue (RFC 9110 §10.1.1). An answer to a later connection would
// not say so: that one may be accepted first.
func startSlowRequest(t *testing.T, c *serverProcess) *slowRequest {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	body := "grant_type=client_credentials&client_id=web&client_secret=" + clientSecret
	_, err = fmt.Fprintf(conn, "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := reader.ReadString('\n'); err != nil || line != want {
			t.Fatalf("before the body: got %q, %v, want %q", line, err, want)
		}
	}
	if _, err := conn.Write([]byte(body[:10])); err != nil {
		t.Fatal(err)
	}
	return &slowRequest{conn, reader, body[10:]}
}

func (s *slowRequest) finish(t *testing.T) int {
	t.Helper()
	if _, err := s.conn.Write([]byte(s.rest)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// On SIGTERM readiness goes off while requests are still answered, then no
// connection is accepted, then what is in flight finishes, and the status is 0.
func TestDrain(t *testing.T) {
	c := startServer(t, newStoreDir(t), "serve", "--drain-delay", "2s")
	if status, body, err := get(c.url+"/readyz", "", nil); err != nil || status != 200 {
		t.Fatalf("before: %d %s %v", status, body, err)
	}
	slow := startSlowRequest(t, c)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "readiness is off", func() bool {
		status, body, err := get(c.url+"/readyz", "", nil)
		return err == nil && status == 503 && strings.Contains(body, "draining")
	})
	c.login(t)
	if status, _, err := get(c.url+"/livez", "", nil); err != nil || status != 200 {
		t.Errorf("draining is not dying: livez says %d, %v", status, err)
	}
	eventually(t, "connections are refused", func() bool {
		_, _, err := get(c.url+"/livez", "", nil)
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	if status := slow.finish(t); status != 200 {
		t.Errorf("the request in flight got %d", status)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("exit: %v: %s", err, c.log)
	}
}

// A request that never ends is cut off at the limit, and the status says so.
func TestDrain_CutsOffAfterTimeout(t *testing.T) {
	c := startServer(t, newStoreDir(t), "serve", "--drain-delay", "0s", "--drain-timeout", "100ms")
	startSlowRequest(t, c)
	err := c.stop(t, syscall.SIGTERM)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailure {
		t.Errorf("exit: %v", err)
	}
	if !strings.Contains(c.log.String(), "signet: drain: requests were still running after --drain-timeout 100ms and were cut off") {
		t.Errorf("it says: %s", c.log)
	}
}

// Whoever does not want to wait for the drain says so again.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	c := startServer(t, newStoreDir(t), "serve", "--drain-delay", "10m")
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it drains", func() bool { return strings.Contains(c.log.String(), `"message":"draining"`) })
	err := c.stop(t, syscall.SIGTERM)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Errorf("it ended with %v, not by the signal", err)
	}
}

// A store that is gone takes the server out of rotation, and it stays alive:
// documents are served, tokens are not refused wrongly.
func TestReadiness_FollowsTheStore(t *testing.T) {
	dir := newStoreDir(t)
	c := startServer(t, dir, "serve", "--drain-delay", "0s")
	db := filepath.Join(dir, "signet-data", "signet.db")
	moveFile(t, db, db+".away")
	eventually(t, "readiness is off", func() bool {
		status, body, err := get(c.url+"/readyz", "", nil)
		return err == nil && status == 503 && strings.Contains(body, "store")
	})
	for _, path := range []string{"/livez", "/.well-known/jwks.json", "/.well-known/openid-configuration"} {
		if status, _, err := get(c.url+path, "", nil); err != nil || status != 200 {
			t.Errorf("%s: %d, %v", path, status, err)
		}
	}
	moveFile(t, db+".away", db)
	eventually(t, "readiness is on", func() bool {
		status, _, err := get(c.url+"/readyz", "", nil)
		return err == nil && status == 200
	})
	c.login(t)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}

// A start on an existing store leaves its files' content to the store: what is
// said at the start is where it listens, and what looks like a mistake.
func TestServe_WarnsOfUnknownVariables(t *testing.T) {
	t.Setenv("SIGNET_ISSUR", "http://localhost:1")
	t.Setenv("SIGNET_SERVICE_HOST", "10.0.0.1") // Kubernetes' own
	t.Setenv("SIGNET_PORT_8080_TCP", "tcp://10.0.0.1:8080")
	c := startServer(t, newStoreDir(t), "serve")
	if err := c.stop(t, os.Interrupt); err != nil {
		t.Fatal(err)
	}
	said := c.log.String()
	for _, want := range []string{
		`"message":"serving"`, `"variable":"SIGNET_ISSUR"`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is not in %s", want, said)
		}
	}
	if strings.Contains(said, "SIGNET_SERVICE_HOST") || strings.Contains(said, "SIGNET_PORT_8080_TCP") {
		t.Errorf("it complains about Kubernetes' variables: %s", said)
	}
}

// The admin API has a listener of its own, or shares the public one where both
// have one address.
func TestAdminListener(t *testing.T) {
	const path = "/api/v1/users"
	status := func(url string) int {
		got, _, err := get(url+path, "", nil)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	dir := newStoreDir(t)
	c := startServer(t, dir, "serve", "--admin-listen", "127.0.0.1:00")
	_, rest, found := strings.Cut(c.log.String(), `"admin-listen":"`)
	own, _, _ := strings.Cut(rest, `"`)
	if !found || own == c.url {
		t.Fatalf("no admin listener: %s", c.log)
	}
	if at, public := status(own), status(c.url); at != 401 || public != 404 {
		t.Errorf("the admin API answers %d on its own listener, %d on the public one", at, public)
	}
	if err := c.stop(t, os.Interrupt); err != nil {
		t.Fatal(err)
	}
	c = startServer(t, dir, "serve", "--admin-listen", "127.0.0.1:0")
	if at := status(c.url); at != 401 {
		t.Errorf("merged, the admin API answers %d", at)
	}
	if err := c.stop(t, os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if c = startServer(t, dir, "serve"); status(c.url) != 404 {
		t.Error("turned off, the admin API answers")
	}
}

// Metrics and profiles have a listener of their own.
func TestMetricsListener(t *testing.T) {
	dir := newStoreDir(t)
	address := freeAddress(t)
	t.Setenv("SIGNET_METRICS_LISTEN", address)
	addr := filepath.Join(dir, "addr")
	cmd := exec.Command("signet", "serve", "--listen", "127.0.0.1:0", "--admin-listen", "", "--addr-file", addr)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	public, err := awaitFile(addr)
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{
		"signet_signatures_total", "signet_password_queue 0", "signet_build_info{", "signet_signing_key_age_seconds ", "signet_key_next_change_seconds ", "signet_keyring_age_seconds ",
		`signet_key_changes_total{event="key.created"} 2`,
	}
	eventually(t, "metrics are served, with those of the keys", func() bool {
		status, body, err := get("http://"+address+"/metrics", "", nil)
		missing := func(name string) bool { return !strings.Contains(body, name) }
		return err == nil && status == 200 && !slices.ContainsFunc(wanted, missing)
	})
	if status, _, err := get("http://"+address+"/debug/pprof/", "", nil); err != nil || status != 404 {
		t.Errorf("profiles without --pprof: %d, %v", status, err)
	}
	if status, _, err := get(public+"/metrics", "", nil); err != nil || status != 404 {
		t.Errorf("metrics on the public listener: %d, %v", status, err)
	}
}
