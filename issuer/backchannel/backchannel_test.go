package backchannel_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/safehttp"
	"example.org/signet/internal/testclock"
	"example.org/signet/internal/testdir"
	"example.org/signet/issuer/backchannel"
	"example.org/signet/issuer/outbox"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

const issuerURL = "https://id.example.org"

// clients are the clients of a test.
type clients map[string]storage.Client

func (c clients) Client(_ context.Context, id string) (storage.Client, error) {
	if client, ok := c[id]; ok {
		return client, nil
	}
	return storage.Client{}, storage.ErrNotFound
}

// fixture is a deliverer with real keys, and the server of the client `web`.
type fixture struct {
	*backchannel.Deliverer
	clock  *testclock.Clock
	keys   *keys.Manager
	posted []*http.Request // with their forms parsed
	status int
}

func newFixture(t *testing.T, allow func(netip.Addr) bool) *fixture {
	t.Helper()
	f := &fixture{clock: testclock.At(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), status: http.StatusOK}
	db, err := sqlite.Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	master, err := keys.NewMasterKey(rand.Reader)
	must(t, err)
	cfg := keys.DefaultConfig(f.clock.Now)
	cfg.Alg = keys.ES256
	f.keys, err = keys.Open(t.Context(), db, master, cfg)
	must(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		f.posted = append(f.posted, r)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(f.status)
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20*map[int]int{200: 1}[f.status]))
	}))
	t.Cleanup(server.Close)
	f.Deliverer = &backchannel.Deliverer{
		Issuer: issuerURL, Clients: clients{"web": {ID: "web", BackchannelLogoutURI: server.URL + "/logout?a=b"}}, Keyring: f.keys,
		HTTP: safehttp.Client(allow), Now: f.clock.Now,
	}
	return f
}

func (f *fixture) message() storage.Message {
	return backchannel.Message(storage.Session{
		ID: "the-session", UserID: "the-user", ClientID: "web", ExpiresAt: f.clock.Now().Add(24 * time.Hour),
	}, f.clock.Now())
}

// O13: the logout token has what Back-Channel Logout 1.0 §2.4 asks for, and no nonce.
func TestDeliver_PostsALogoutToken(t *testing.T) {
	f := newFixture(t, safehttp.Loopback)
	must(t, f.Deliver(t.Context(), f.message()))
	r := f.posted[0]
	if r.Method != http.MethodPost || r.URL.RequestURI() != "/logout?a=b" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || len(r.PostForm) != 1 {
		t.Errorf("%s %s %v %v", r.Method, r.URL, r.Header, r.PostForm)
	}
	payload, header, err := f.keys.Verify(t.Context(), r.PostForm.Get("logout_token"))
	must(t, err)
	if kid, _, _ := f.keys.Active(); header.Typ != "logout+jwt" || header.KID != kid {
		t.Errorf("header %+v", header)
	}
	var got map[string]any
	must(t, json.Unmarshal(payload, &got))
	if jti, _ := got["jti"].(string); len(jti) < 22 {
		t.Errorf("jti %q", jti)
	}
	now := float64(f.clock.Now().Unix())
	want := map[string]any{
		"iss": issuerURL, "sub": "the-user", "aud": "web", "sid": "the-session", "iat": now, "exp": now + 120, "jti": got["jti"],
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The token is made at each attempt: by the key that signs then, of the time that is then, and
// with the same jti.
func TestDeliver_Again_SignsAnew(t *testing.T) {
	f := newFixture(t, safehttp.Loopback)
	m := f.message()
	must(t, f.Deliver(t.Context(), m))
	_, err := f.keys.Rotate(t.Context(), keys.Change{Force: true})
	must(t, err)
	f.clock.Advance(time.Hour)
	must(t, f.keys.Refresh(t.Context()))
	must(t, f.Deliver(t.Context(), m))
	var kids, ids []string
	var times []int64
	for _, r := range f.posted {
		payload, header, err := f.keys.VerifyHint(t.Context(), r.PostForm.Get("logout_token"))
		must(t, err)
		var c struct {
			ID       string `json:"jti"`
			IssuedAt int64  `json:"iat"`
		}
		must(t, json.Unmarshal(payload, &c))
		kids, ids, times = append(kids, header.KID), append(ids, c.ID), append(times, c.IssuedAt)
	}
	if kids[0] == kids[1] || ids[0] != ids[1] || times[1]-times[0] != 3600 {
		t.Errorf("kids %v, ids %v, times %v", kids, ids, times)
	}
}

func TestDeliver_StatusDecides(t *testing.T) {
	f := newFixture(t, safehttp.Loopback)
	for _, c := range []struct {
		status        int
		fine, isFinal bool
	}{
		{200, true, false}, {204, true, false}, {400, false, true}, {302, false, false}, {307, false, false},
		{401, false, false}, {404, false, false}, {429, false, false}, {500, false, false}, {503, false, false}, {201, false, false},
	} {
		f.status = c.status
		err := f.Deliver(t.Context(), f.message())
		if (err == nil) != c.fine || errors.Is(err, outbox.ErrRejected) != c.isFinal {
			t.Errorf("status %d: %v", c.status, err)
		}
	}
	for _, r := range f.posted {
		if r.URL.Path != "/logout" {
			t.Errorf("a redirect was followed to %s", r.URL)
		}
	}
}

// O14: a private address is refused when the connection is made, whatever the name says.
func TestDeliver_PrivateAddress_IsRefused(t *testing.T) {
	f := newFixture(t, nil)
	server := f.Clients.(clients)["web"].BackchannelLogoutURI
	for _, uri := range []string{server, strings.Replace(server, "127.0.0.1", "localhost", 1), "http://169.254.169.254/latest/", "http://10.0.0.1:1/", "http://[::1]:1/"} {
		f.Clients = clients{"web": {BackchannelLogoutURI: uri}}
		if err := f.Deliver(t.Context(), f.message()); !errors.Is(err, safehttp.ErrAddress) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if len(f.posted) != 0 {
		t.Error("the server was reached")
	}
}

func TestDeliver_ClientWantsNone_IsDone(t *testing.T) {
	f := newFixture(t, safehttp.Loopback)
	for name, c := range map[string]clients{"gone": {}, "without URI": {"web": {ID: "web"}}} {
		f.Clients = c
		if err := f.Deliver(t.Context(), f.message()); err != nil || len(f.posted) != 0 {
			t.Errorf("%s: %v, %d requests", name, err, len(f.posted))
		}
	}
}

func TestDeliver_ServerDown_NamesNoURI(t *testing.T) {
	f := newFixture(t, safehttp.Loopback)
	f.Clients = clients{"web": {BackchannelLogoutURI: "http://127.0.0.1:1/secret-path"}}
	err := f.Deliver(t.Context(), f.message())
	if err == nil || errors.Is(err, outbox.ErrRejected) || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("got %v", err)
	}
}

func TestMessage_IsTriedForTheLifeOfTheSession(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for left, want := range map[time.Duration]time.Duration{-time.Hour: time.Hour, 24 * time.Hour: 24 * time.Hour, 2000 * time.Hour: 168 * time.Hour} {
		m := backchannel.Message(storage.Session{ID: "s", ClientID: "web", ExpiresAt: now.Add(left)}, now)
		if got := m.ExpiresAt.Sub(now); got != want {
			t.Errorf("a session with %s left: tried for %s, want %s", left, got, want)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
