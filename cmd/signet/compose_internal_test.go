package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"example.org/signet/internal/demoapp"
)

// runComposeSecrets runs deploy/secrets.sh in the folder.
func runComposeSecrets(t *testing.T, dir string) (string, error) {
	t.Helper()
	script, err := filepath.Abs("../../deploy/secrets.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The settings that deploy/secrets.sh writes are valid, reach the admin API and the
// metrics from the network, and let nothing run as root.
func TestComposeSecrets(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs a POSIX shell")
	}
	dir := t.TempDir()
	if out, err := runComposeSecrets(t, dir); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "secrets", "signet.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "signet.yaml")
	writeFile(t, config, []byte(strings.Replace(string(text), "/run/secrets/", filepath.Join(dir, "secrets")+"/", 1)))
	s, c := newSettings(), &cobra.Command{}
	s.offerServer(c.Flags())
	if err := s.resolve(c.Flags(), map[string]string{"SIGNET_CONFIG": config}); err != nil {
		t.Fatalf("the settings are refused: %v", err)
	}
	for name, address := range map[string]string{"listen": s.listen, "admin-listen": s.adminListen, "metrics-listen": s.metricsListen} {
		if host, _, err := net.SplitHostPort(address); err != nil || host != "0.0.0.0" {
			t.Errorf("--%s %s cannot be reached from the network", name, address)
		}
	}
	user, err := os.ReadFile(filepath.Join(dir, ".env"))
	if err != nil || !strings.Contains(string(user), "SIGNET_UID=") || strings.Contains(string(user), "SIGNET_UID=0\n") {
		t.Errorf("runs as %q, %v", user, err)
	}

	writeFile(t, filepath.Join(dir, ".env"), []byte("SIGNET_UID=0\nSIGNET_GID=0\n"))
	if out, err := runComposeSecrets(t, dir); err == nil || !strings.Contains(out, "root") {
		t.Errorf("root is accepted: %v, %s", err, out)
	}
}

// The administrator and the client that docker-compose.yml makes can administer.
func TestComposeAdministrator_Administers(t *testing.T) {
	compose, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "admin-password"), []byte("correct horse battery"))
	runSignet(t, dir, "", composeCommand(t, string(compose), "user, create", dir)...)
	args := composeCommand(t, string(compose), "client, create", dir)
	runSignet(t, dir, clientSecret, append(args, "--secret-stdin")...)

	c := startServer(t, dir, "serve", "--issuer", "http://127.0.0.1:0", "--admin-listen", "127.0.0.1:0") // merged with --listen
	token := c.post(t, "/oauth2/token", http.StatusOK, "grant_type", "password", "username", "admin", "password", "correct horse battery").AccessToken
	resp, body, err := request(c.url+"/api/v1/users", "", http.Header{"Authorization": {"Bearer " + token}}, nil)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(body, `"admin"`) {
		t.Errorf("the administrator is answered %v, %s, %v", resp, body, err)
	}
}

// The client of the profile demo is the one that deploy/demo.nginx.conf tells the demo application,
// which gets the files of signet dev.
func TestComposeDemo_FitsItsApplication(t *testing.T) {
	compose, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	conf, err := os.ReadFile("../../deploy/demo.nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(conf), "return 200 '")
	config, _, _ := strings.Cut(rest, "'")
	var app demoapp.Config
	if err := json.Unmarshal([]byte(config), &app); err != nil {
		t.Fatalf("the application is told %q: %v", config, err)
	}
	args := composeCommand(t, string(compose), "client, create, "+app.ClientID, t.TempDir())
	shown := runSignet(t, t.TempDir(), "", append(args, "--output", "json")...)
	for _, want := range []string{`"http://127.0.0.1:8082/"`, `"http://127.0.0.1:8082"`} { // the redirect URI, and its origin
		if !strings.Contains(shown, want) {
			t.Errorf("the client lacks %s: %s", want, shown)
		}
	}
	handler, err := demoapp.New(app)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(string(conf), policy) {
		t.Errorf("the page has another policy than in signet dev: %s", policy)
	}
}

// composeCommand is the command of docker-compose.yml that begins so, with the paths
// of its secrets in dir and without its configuration file.
func composeCommand(t *testing.T, compose, begin, dir string) []string {
	t.Helper()
	_, rest, found := strings.Cut(compose, "command: ["+begin)
	line, _, closed := strings.Cut(rest, "]")
	if !found || !closed {
		t.Fatalf("no command %s", begin)
	}
	var args []string
	for _, arg := range strings.Split(begin+line, ", ") {
		args = append(args, strings.Replace(strings.Trim(arg, `"`), "/run/secrets", dir, 1))
	}
	for n, arg := range args {
		if arg == "--config" {
			return append(args[:n], args[n+2:]...)
		}
	}
	t.Fatalf("no --config in %q", args)
	return nil
}
