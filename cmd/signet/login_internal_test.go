package main

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// approve types the code into the page of the server, signs in, and allows the device.
func approve(t *testing.T, base, code string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	action := regexp.MustCompile(`<form[^>]*\saction="([^"]*)"`)
	page := ""
	send := func(to string, form url.Values) {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, base+to, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		page = string(body)
	}
	next := func() string {
		t.Helper()
		found := action.FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("no form: %s", page)
		}
		return html.UnescapeString(found[1])
	}
	send("/device", url.Values{"user_code": {code}})
	send(next(), url.Values{"username": {"root"}, "password": {"correct horse battery"}})
	if !strings.Contains(page, "administer this server with all your rights") || !strings.Contains(page, "signet-cli") {
		t.Errorf("the page does not say what is allowed to whom: %s", page)
	}
	send(next(), url.Values{"decision": {"allow"}})
	if !strings.Contains(page, `id="device-approved"`) {
		t.Fatalf("not approved: %s", page)
	}
}

// remote is somebody who is signed in at a server by signet login.
type remote struct {
	env       []string
	dir, base string
}

// atServer runs a command on the server.
func (a remote) atServer(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return a.run(t, stdin, append(args, "--server", a.base)...)
}

// atStore runs a command on the store of the server.
func (a remote) atStore(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return a.run(t, stdin, append(args, "--storage", "sqlite:"+filepath.Join(a.dir, "signet-data", "signet.db"))...)
}

func (a remote) run(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, a.env, strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), status
}

// signInAtServer starts a server with an administrator, and signs in by signet login.
func signInAtServer(t *testing.T) remote {
	t.Helper()
	dir := newStoreDir(t)
	runSignet(t, dir, "correct horse battery", "user", "create", "root", "--role", "super_admin", "--password-stdin", "--argon2-memory", "64", "--argon2-time", "1")
	runSignet(t, dir, "", "client", "create", "signet-cli", "--public", "--grant", "device_code", "--grant", "refresh_token", "--scope", "openid signet:admin")
	server := startServer(t, dir, "serve", "--admin-listen", "127.0.0.1:0", "--issuer", "http://127.0.0.1:0")
	a := remote{[]string{"XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "HOME=" + dir}, dir, server.url}
	reader, writer := io.Pipe()
	codes, done := make(chan string, 1), make(chan int, 1)
	go func() {
		codes <- readUntil(reader, regexp.MustCompile(`[B-Z]{4}-[B-Z]{4}`))
		_, _ = io.Copy(io.Discard, reader)
	}()
	go func() {
		done <- run(context.WithoutCancel(t.Context()), []string{"login", a.base}, a.env, strings.NewReader(""), io.Discard, writer)
		_ = writer.Close()
	}()
	approve(t, a.base, <-codes)
	if status := <-done; status != exitOK {
		t.Fatalf("signet login ends with %d", status)
	}
	return a
}

// readUntil reads until the text matches, and returns the match.
func readUntil(r io.Reader, want *regexp.Regexp) string {
	var all []byte
	for b := make([]byte, 512); ; {
		n, err := r.Read(b)
		all = append(all, b[:n]...)
		if found := want.Find(all); found != nil || err != nil {
			return string(found)
		}
	}
}

// Commands answer the same at a server as at its store.
func TestServer_CommandsAnswerAsAtTheStore(t *testing.T) {
	a := signInAtServer(t)
	file := filepath.Join(a.dir, "config", "signet", "credentials.json")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the credentials: %v, %v", info, err)
	}
	for _, change := range [][]string{
		{"user", "create", "bob", "--email", "bob@example.com", "--password-stdin", "--full-name", "Bob"},
		{"user", "update", "bob", "--full-name", "Robert", "--email-verified", "--role", "user"}, {"user", "disable", "bob@example.com"}, {"user", "enable", "bob"}, {"user", "unlock", "bob"},
		{"user", "set-password", "bob", "--password-stdin", "--must-change-password"},
		{"role", "create", "editor", "--scope", "items:write", "--rank", "10"}, {"role", "update", "editor", "--description", "edits"},
		{"role", "create", "other"}, {"role", "update", "other", "--name", "another"}, {"role", "delete", "another"},
		{"client", "create", "shop", "--preset", "spa", "--redirect-uri", "https://shop.example.com/cb"}, {"client", "update", "shop", "--name", "Shop", "--disabled"},
		{"client", "update", "shop", "--disabled=false"}, {"client", "create", "gone", "--grant", "client_credentials"}, {"client", "rotate-secret", "gone", "--overlap", "1h"}, {"client", "delete", "gone", "--yes"},
		{"attribute", "create", "color", "--type=string"}, {"attribute", "update", "color", "--max-length", "64"}, {"user", "update", "bob", "--attribute", "color=red"},
		{"scope", "set", "items:read", "--text", "en=read items"}, {"scope", "set", "a/b", "--text", "en=x"}, {"scope", "delete", "a/b"},
		{"user", "demand-factor", "bob"},
		{"connector", "create", "company", "--name", "Company", "--provider-issuer", "https://login.example.com", "--client-id", "signet", "--secret-stdin"},
		{"connector", "update", "company", "--domain", "example.com"}, {"connector", "create", "old", "--kind", "github", "--name", "GitHub", "--client-id", "x", "--secret-stdin"}, {"connector", "delete", "old"},
		{"session", "revoke", "--user", "alice"}, {"session", "revoke", "--client", "web", "--yes"},
	} {
		if out, errs, status := a.atServer(t, "correct horse battery", change...); status != exitOK {
			t.Errorf("%v: %d: %s%s", change, status, out, errs)
		}
	}
	for _, question := range [][]string{
		{"user", "list"}, {"user", "list", "--limit", "1"}, {"user", "list", "--prefix", "bo", "--output", "json"}, {"user", "list", "--role", "nothing"}, {"user", "list", "--sort", "nonsense"},
		{"user", "list", "--show-attribute", "color"}, {"user", "list", "--show-attribute", "nothing"},
		{"user", "show", "bob"}, {"user", "show", "BOB@example.com", "--output", "json"}, {"user", "show", "nobody"}, {"user", "show", "not a name"}, {"user", "delete", "nobody", "--yes"},
		{"user", "create", "bob", "--no-password"}, {"user", "create", "carol", "--role", "edtor", "--no-password"}, {"user", "create", "x y", "--no-password"},
		{"role", "list"}, {"role", "show", "editor"}, {"role", "show", "nothing"}, {"role", "delete", "nothing"}, {"role", "delete", "admin"}, {"role", "create", "editor"},
		{"client", "list"}, {"client", "show", "shop"}, {"client", "show", "signet-cli", "--output", "json"}, {"client", "show", "nothing"}, {"client", "create", "web", "--grant", "password"},
		{"client", "update", "shop", "--consent", "maybe"}, {"client", "update", "shop", "--grant", "device"}, {"client", "create", "page", "--public", "--scope", "signet:admin"},
		{"user", "factors", "bob"}, {"user", "factors", "nobody"}, {"user", "reset-factors", "bob"}, {"user", "links", "bob"}, {"user", "unlink", "bob", "nothing"},
		{"user", "browsers", "root"}, {"user", "browsers", "root", "--output", "json"}, {"user", "browsers", "nobody"}, {"user", "end-browsers", "root", "nothing"}, {"session", "browsers"},
		{"user", "consents", "root"}, {"user", "withdraw-consent", "root", "nothing"}, {"user", "end-browsers", "bob"},
		{"connector", "list"}, {"connector", "show", "company", "--issuer", a.base}, {"connector", "show", "nothing"}, {"connector", "delete", "nothing"}, {"connector", "create", "company", "--name", "x", "--kind", "github", "--client-id", "x"},
		{"attribute", "list"}, {"attribute", "create", "color", "--type=string"}, {"attribute", "delete", "nothing", "--yes"}, {"scope", "list"}, {"scope", "delete", "nothing"},
		{"session", "list", "--client", "signet-cli"}, {"session", "list", "--user", "nobody"}, {"session", "list", "--user", "root", "--active", "--output", "json"}, {"session", "revoke", "nothing"},
		{"audit", "list", "--type", "client.created"}, {"audit", "list", "--type", "client.creatd"}, {"audit", "list", "--actor", "cli", "--limit", "2"}, {"audit", "list", "--target", "nothing"},
	} {
		out, errs, status := a.atServer(t, "", question...)
		wantOut, wantErrs, wantStatus := a.atStore(t, "", question...)
		if out != wantOut || errs != wantErrs || status != wantStatus {
			t.Errorf("%v\nat the server: %d\n%s%s\nat the store: %d\n%s%s", question, status, out, errs, wantStatus, wantOut, wantErrs)
		}
	}
	for _, change := range [][]string{{"keys", "rotate"}, {"keys", "rotate", "--now"}, {"keys", "rollback"}} {
		_, _, _ = a.atServer(t, "", change...) // what it does depends on the times
	}
	keysOf := regexp.MustCompile(`(?m)^[\w-]{43} .*$`)
	if out, errs, status := a.atServer(t, "", "keys", "list"); status != exitOK || len(keysOf.FindAllString(out, -1)) < 3 {
		t.Errorf("keys list: %d: %s%s", status, out, errs)
	}
	if _, errs, status := a.atServer(t, "", "keys", "revoke", "nothing", "--yes"); status != exitFailure || !strings.Contains(errs, "not found; signet keys list") {
		t.Errorf("keys revoke: %d: %s", status, errs)
	}
	for _, refused := range [][]string{{"keys", "plan"}, {"keys", "reseal"}, {"user", "export", "users.jsonl"}, {"audit", "verify"}, {"client", "import", "x.yaml"}} {
		if out, errs, status := a.atServer(t, "", refused...); status != exitUsage || !strings.Contains(errs, "works on the store alone") {
			t.Errorf("%v: %d: %s%s", refused, status, out, errs)
		}
	}
	a.checkEndBrowser(t)
	a.checkLogout(t, file)
}

// checkEndBrowser ends the browser session that the sign-in was approved in. The session of the
// command line is not born in it, and goes on.
func (a remote) checkEndBrowser(t *testing.T) {
	t.Helper()
	out, _, _ := a.atServer(t, "", "user", "browsers", "root", "--output", "json")
	id := regexp.MustCompile(`"id": "([^"]*)"`).FindStringSubmatch(out)
	if id == nil {
		t.Fatalf("no browser session: %s", out)
	}
	if out, errs, status := a.atServer(t, "", "user", "end-browsers", "root", id[1]); status != exitOK {
		t.Fatalf("user end-browsers: %d: %s%s", status, out, errs)
	}
	if out, errs, status := a.atServer(t, "", "user", "browsers", "root"); status != exitOK || strings.Contains(out, id[1]) {
		t.Errorf("user browsers: %d: %s%s", status, out, errs)
	}
}

// checkLogout expects that signet logout ends the session and forgets its tokens.
func (a remote) checkLogout(t *testing.T, file string) {
	t.Helper()
	kept, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(kept, []byte("sgr_")) {
		t.Fatalf("the credentials: %v", err)
	}
	if _, errs, status := a.run(t, "", "logout", a.base); status != exitOK || strings.Contains(errs, "sgr_") {
		t.Fatalf("signet logout: %d: %s", status, errs)
	}
	if left, err := os.ReadFile(file); err != nil || bytes.Contains(left, []byte("sgr_")) {
		t.Errorf("the credentials after a logout: %s, %v", left, err)
	}
	if _, errs, status := a.atServer(t, "", "user", "list"); status != exitFailure || !strings.Contains(errs, "signet login "+a.base) {
		t.Errorf("after a logout: %d: %s", status, errs)
	}
	if err := os.WriteFile(file, kept, 0o600); err != nil { // a copy is worth nothing any more
		t.Fatal(err)
	}
	if _, errs, status := a.atServer(t, "", "user", "list"); status != exitFailure || !strings.Contains(errs, "signs you in again") {
		t.Errorf("by a copy of the tokens: %d: %s", status, errs)
	}
}
