package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// examples are all of examples/.
var examples = []example{
	{dir: "go", installed: "items", lists: true},
	{dir: "python", installed: ".venv/bin/uvicorn", lists: true},
	{dir: "node", installed: "node_modules/express", needs: []string{"node"}, lists: true},
	{dir: "java", installed: "target/items.jar", needs: []string{"java"}},
	{dir: "apache", installed: "/usr/lib/apache2/modules/mod_oauth2.so", needs: []string{"apache2"}},
	{dir: "spa", installed: "node_modules/oidc-client-ts", needs: []string{"node"}},
	{dir: "node-web", installed: "node_modules/openid-client", needs: []string{"node"}},
	{dir: "go-web", installed: "web"},
	{dir: "java-web", installed: "target/web.jar", needs: []string{"java", "keytool"}},
	{dir: "apache-login", installed: "/usr/lib/apache2/modules/mod_auth_openidc.so", needs: []string{"apache2"}},
}

// exampleRun is one example's life beside a running server.
type exampleRun struct {
	server   *server
	program  *program
	web      credentials
	machine  credentials
	resource credentials
	expired  string // an access token from an earlier life of the server

	admin, user, guest, stranger tokens
}

// newExampleRun prepares a server with people of every kind. The expired token is one
// of a first life in which tokens live a second.
func newExampleRun(t *testing.T) *exampleRun {
	t.Helper()
	s := newServer(t, "--access-token-ttl", "1s")
	y := &exampleRun{server: s}
	s.run(t, "", "role", "create", "guest", "--rank", "1")
	s.addUser(t, alice, alicePassword, "--role", "user", "--role", "admin")
	s.addUser(t, bob, bobPassword)
	s.addUser(t, "carol", alicePassword, "--role", "guest")
	y.web, y.machine, y.resource = s.addWeb(t), s.addMachine(t), s.addResource(t)
	elsewhere := s.addClient(t, "elsewhere", "--grant", "password", "--scope", scope, "--audience", "https://elsewhere.example.com")
	s.start(t)
	y.expired = s.login(t, y.web, alice, alicePassword).AccessToken
	s.stop(t)
	s.flags = []string{"--status-ttl", "1s"}
	s.start(t)
	y.admin, y.user = s.login(t, y.web, alice, alicePassword), s.login(t, y.web, bob, bobPassword)
	y.guest, y.stranger = s.login(t, y.web, "carol", alicePassword), s.login(t, elsewhere, alice, alicePassword)
	return y
}

func expired(t *testing.T, token string) bool {
	t.Helper()
	var claims struct{ Exp int64 }
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return time.Now().Unix() > claims.Exp
}

func TestExampleGo(t *testing.T) {
	long(t)
	t.Parallel()
	buildGoExample(t, examples[0])
	runExample(t, examples[0])
}

// buildGoExample runs the first of the README's commands, and removes the program when the test
// ends.
func buildGoExample(t *testing.T, e example) {
	t.Helper()
	install, _ := e.commands(t)
	cmd := exec.Command("sh", "-c", strings.Join(install, " && "))
	cmd.Dir, cmd.Env = e.folder(), append(os.Environ(), "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built, err := filepath.Abs(filepath.Join(e.folder(), e.installed))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(built) })
}

func TestExamplePython(t *testing.T) {
	long(t)
	t.Parallel()
	runExample(t, examples[1])
}

func TestExampleNode(t *testing.T) {
	long(t)
	t.Parallel()
	runExample(t, examples[2])
}

func TestExampleJava(t *testing.T) {
	long(t)
	t.Parallel()
	runExample(t, examples[3])
}

// runExample plays what every example promises.
func runExample(t *testing.T, e example) {
	t.Helper()
	e.require(t)
	y := newExampleRun(t)
	y.program = startExample(t, y.server, e, y.resource)
	eventually(t, "a token's end", func() bool { return expired(t, y.expired) })
	for _, step := range []struct {
		name string
		play func(*testing.T)
	}{
		{"public", y.public},
		{"no right", y.refusals},
		{"reading", y.reading},
		{"writing", y.writing},
		{"rotation", y.rotation},
		{"logout", func(t *testing.T) { y.logout(t, e.lists) }},
		{"without the issuer", y.alone},
		{"started without the issuer", func(t *testing.T) { y.cold(t, e) }},
	} {
		if !t.Run(step.name, step.play) {
			t.FailNow()
		}
	}
}

func (y *exampleRun) public(t *testing.T) {
	y.program.want(t, http.StatusOK, "GET", "/notsecret", "", "")
}

// refusals: 401 for who is unknown, 403 for who is known and may not.
func (y *exampleRun) refusals(t *testing.T) {
	p := y.program
	for _, route := range []struct{ method, path, body string }{{"GET", "/items", ""}, {"POST", "/items", `{"name":"no"}`}, {"DELETE", "/items/1", ""}} {
		p.want(t, http.StatusUnauthorized, route.method, route.path, "", route.body)
		for _, token := range []string{"nonsense", y.admin.RefreshToken, y.admin.IDToken, y.stranger.AccessToken, forged(y.admin.AccessToken), unsigned(y.admin.AccessToken)} {
			p.want(t, http.StatusUnauthorized, route.method, route.path, token, route.body)
		}
		a := p.want(t, http.StatusUnauthorized, route.method, route.path, y.expired, route.body)
		if !strings.Contains(a.body, "Token expired") {
			t.Errorf("%s %s with an expired token: %s", route.method, route.path, a.body)
		}
		p.want(t, http.StatusForbidden, route.method, route.path, y.guest.AccessToken, route.body)
	}
	p.want(t, http.StatusForbidden, "POST", "/items", y.user.AccessToken, `{"name":"no"}`)
	p.want(t, http.StatusForbidden, "DELETE", "/items/1", y.user.AccessToken, "")
}

// forged is the token with other claims under the same signature.
func forged(token string) string {
	parts := strings.Split(token, ".")
	parts[1] = parts[1][:len(parts[1])-8] + "AAAAAAAA"
	return strings.Join(parts, ".")
}

// unsigned is the token with alg none and no signature (RFC 8725 §3.1).
func unsigned(token string) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	return header + "." + strings.Split(token, ".")[1] + "."
}

func (y *exampleRun) reading(t *testing.T) {
	for _, token := range []string{y.user.AccessToken, y.admin.AccessToken} {
		a := y.program.want(t, http.StatusOK, "GET", "/items", token, "")
		if !strings.Contains(a.body, "lamp") {
			t.Errorf("the items are %s", a.body)
		}
	}
}

func (y *exampleRun) writing(t *testing.T) {
	p, token := y.program, y.admin.AccessToken
	p.want(t, http.StatusUnprocessableEntity, "POST", "/items", token, `{"name":""}`)
	a := p.want(t, http.StatusCreated, "POST", "/items", token, `{"name":"chair"}`)
	var made struct{ ID int }
	if err := json.Unmarshal([]byte(a.body), &made); err != nil {
		t.Fatalf("the new item is %s: %v", a.body, err)
	}
	path := "/items/" + strconv.Itoa(made.ID)
	p.want(t, http.StatusNoContent, "DELETE", path, token, "")
	p.want(t, http.StatusNotFound, "DELETE", path, token, "")
}

// rotation: tokens of the old and of the new key pass, without a restart.
func (y *exampleRun) rotation(t *testing.T) {
	old := y.user
	kid := y.server.rotate(t, y.machine, header(t, old.AccessToken).KID)
	y.user = y.server.refresh(t, y.web, old.RefreshToken)
	if got := header(t, y.user.AccessToken).KID; got != kid {
		t.Fatalf("signed by %s, want %s", got, kid)
	}
	for _, token := range []tokens{old, y.user} {
		y.program.want(t, http.StatusOK, "GET", "/items", token.AccessToken, "")
	}
}

// logout: what changes something hears of it at once. Reading is offline: it
// hears of it within the status list's time to live, or without the lists when
// the token expires. Other sessions go on.
func (y *exampleRun) logout(t *testing.T, lists bool) {
	other := y.server.login(t, y.web, alice, alicePassword)
	y.server.revoke(t, y.web, y.admin.RefreshToken)
	y.program.want(t, http.StatusUnauthorized, "POST", "/items", y.admin.AccessToken, `{"name":"no"}`)
	y.program.want(t, http.StatusUnauthorized, "DELETE", "/items/1", y.admin.AccessToken, "")
	y.program.want(t, http.StatusCreated, "POST", "/items", other.AccessToken, `{"name":"desk"}`)
	if lists {
		eventually(t, "reading to hear of the logout", func() bool {
			return y.program.status(t, "GET", "/items", y.admin.AccessToken) == http.StatusUnauthorized
		})
	} else {
		y.program.want(t, http.StatusOK, "GET", "/items", y.admin.AccessToken, "")
	}
	y.program.want(t, http.StatusOK, "GET", "/items", other.AccessToken, "")
	y.program.want(t, http.StatusOK, "GET", "/items", y.user.AccessToken, "")
	y.admin = other
}

// alone: with the issuer down reading goes on, and what cannot be known is never
// a no.
func (y *exampleRun) alone(t *testing.T) {
	y.server.stop(t)
	y.program.want(t, http.StatusOK, "GET", "/items", y.user.AccessToken, "")
	y.program.want(t, http.StatusServiceUnavailable, "DELETE", "/items/1", y.admin.AccessToken, "")
	y.program.want(t, http.StatusUnauthorized, "GET", "/items", forged(y.user.AccessToken), "")
}

// cold: who has no keys yet cannot tell, and says so.
func (y *exampleRun) cold(t *testing.T, e example) {
	p := startExample(t, y.server, e, y.resource)
	p.want(t, http.StatusOK, "GET", "/notsecret", "", "")
	p.want(t, http.StatusUnauthorized, "GET", "/items", "", "")
	p.want(t, http.StatusServiceUnavailable, "GET", "/items", y.user.AccessToken, "")
}
