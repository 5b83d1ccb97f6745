package issuer_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// signedBrowser is a browser in which somebody is signed in.
type signedBrowser struct {
	cookie  issuer.Secret
	session storage.BrowserSession
}

// logoutFixture is an issuer with a client whose sessions begin in browsers.
type logoutFixture struct {
	*fixture
	rp    *relyingParty
	alice storage.User
}

const byeURI = "https://web.example.org/bye?a=b"

func newLogoutFixture(t *testing.T, adjust ...func(*issuer.Config)) *logoutFixture {
	t.Helper()
	rp := newRelyingParty(t)
	adjust = append([]func(*issuer.Config){func(c *issuer.Config) { c.Messages.Allow = safehttp.Loopback }}, adjust...)
	f := &logoutFixture{fixture: newFixture(t, adjust...).withAlice(), rp: rp}
	for _, id := range []string{"web", "other"} {
		f.update(id, func(c *storage.Client) {
			c.PostLogoutRedirectURIs = []string{"https://" + id + ".example.org/bye?a=b"}
			c.BackchannelLogoutURI = rp.URL + "/" + id
		})
	}
	f.alice = f.user("alice")
	must(t, f.RefreshStatus(f.ctx))
	return f
}

func (f *logoutFixture) user(name string) storage.User {
	f.t.Helper()
	u, err := f.store.User(f.ctx, f.userID(name))
	must(f.t, err)
	return u
}

func (f *logoutFixture) update(client string, change func(*storage.Client)) {
	f.t.Helper()
	c, err := f.store.Client(f.ctx, client)
	must(f.t, err)
	change(&c)
	_, err = f.store.UpdateClient(f.ctx, c)
	must(f.t, err)
	f.InvalidateClient(client)
}

// signIn signs a user in in a new browser.
func (f *logoutFixture) signIn(u storage.User, change ...func(*storage.BrowserSession)) signedBrowser {
	f.t.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	sum := sha256.Sum256(secret)
	id, now := base64.RawURLEncoding.EncodeToString(sum[:]), f.clock.Now()
	s := storage.BrowserSession{
		ID: id, RootID: id, UserID: u.ID, CreatedAt: now, AuthTime: now, AMR: []string{"pwd"}, LastSeen: now,
		IdleAt: now.Add(12 * time.Hour), ExpiresAt: now.Add(24 * time.Hour), UserEpoch: u.Epoch,
	}
	for _, c := range change {
		c(&s)
	}
	must(f.t, f.store.CreateBrowserSession(f.ctx, s))
	return signedBrowser{issuer.Secret("1." + base64.RawURLEncoding.EncodeToString(secret)), s}
}

// child begins a session of the client in the browser, and returns it with its ID token.
func (f *logoutFixture) child(b signedBrowser, client string, change ...func(*storage.Session)) (storage.Session, string) {
	f.t.Helper()
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	now := f.clock.Now()
	index, err := f.store.LeaseStatus(f.ctx, storage.StatusLeaseSize, now.Add(72*time.Hour))
	must(f.t, err)
	s := storage.Session{
		ID: base64.RawURLEncoding.EncodeToString(id), UserID: b.session.UserID, ClientID: client, Scopes: []string{"openid", "items:read"}, Audience: []string{apiURL},
		RotatedAt: now, CreatedAt: now, AuthTime: now, ExpiresAt: now.Add(24 * time.Hour), UserEpoch: b.session.UserEpoch,
		StatusIndex: index, BrowserID: b.session.RootID, LoginBound: true,
	}
	for _, c := range change {
		c(&s)
	}
	must(f.t, f.store.CreateSession(f.ctx, s))
	return s, f.idToken(s)
}

func withOfflineAccess(s *storage.Session) { s.LoginBound = false }

// idToken is an ID token of the session, which has expired.
func (f *logoutFixture) idToken(s storage.Session, change ...func(map[string]any)) string {
	f.t.Helper()
	claims := map[string]any{"iss": issuerURL, "sub": s.UserID, "aud": s.ClientID, "iat": 1, "exp": 2, "sid": s.ID}
	for _, c := range change {
		c(claims)
	}
	token, err := f.keys.Sign(f.ctx, "JWT", claims)
	must(f.t, err)
	return token
}

// logout sends a request by GET.
func (f *logoutFixture) logout(b signedBrowser, params url.Values) issuer.LogoutOutcome {
	f.t.Helper()
	o, err := f.Logout(f.ctx, issuer.LogoutRequest{Params: params.Encode(), Cookie: b.cookie, Info: f.info})
	must(f.t, err)
	return o
}

// confirm sends the form of the confirmation page.
func (f *logoutFixture) confirm(b signedBrowser, page issuer.LogoutOutcome) issuer.LogoutOutcome {
	f.t.Helper()
	form := url.Values{"decision": {"sign-out"}}
	for _, p := range page.Fields {
		form.Set(p.Name, p.Value)
	}
	o, err := f.Logout(f.ctx, issuer.LogoutRequest{Params: form.Encode(), Form: true, Cookie: b.cookie, Info: f.info})
	must(f.t, err)
	return o
}

func (f *logoutFixture) signedIn(b signedBrowser) bool {
	f.t.Helper()
	s, err := f.store.BrowserSession(f.ctx, b.session.ID)
	must(f.t, err)
	return s.RevokedAt.IsZero()
}

func (f *logoutFixture) alive(s storage.Session) bool {
	f.t.Helper()
	s, err := f.store.Session(f.ctx, s.ID)
	must(f.t, err)
	return s.RevokedAt.IsZero()
}

// deliver does what the background does: it looks for ended sessions and delivers messages.
func (f *logoutFixture) deliver(i *issuer.Issuer) {
	f.t.Helper()
	must(f.t, i.RefreshStatus(f.ctx))
	f.clock.Advance(time.Second)
	_, err := i.Outbox().DeliverDue(f.ctx)
	must(f.t, err)
}

// relyingParty is the server of all clients' back-channel logout URIs.
type relyingParty struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []logoutToken
}

// logoutToken is what a client was told.
type logoutToken struct {
	Client    string `json:"-"` // whose URI it came to
	Audience  string `json:"aud"`
	SessionID string `json:"sid"`
	Subject   string `json:"sub"`
	ID        string `json:"jti"`
}

func newRelyingParty(t *testing.T) *relyingParty {
	t.Helper()
	rp := &relyingParty{status: http.StatusOK}
	rp.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rp.mu.Lock()
		defer rp.mu.Unlock()
		if rp.status == http.StatusOK {
			rp.got = append(rp.got, parseLogoutToken(r))
		}
		w.WriteHeader(rp.status)
	}))
	t.Cleanup(rp.Close)
	return rp
}

func parseLogoutToken(r *http.Request) (token logoutToken) {
	parts := append(splitToken(r.PostFormValue("logout_token")), "", "")
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(payload, &token)
	token.Client = r.URL.Path[1:]
	return token
}

func (rp *relyingParty) answer(status int) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	rp.status = status
}

// told returns the sessions that clients were told of since the last call.
func (rp *relyingParty) told() (sids []string) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	for _, token := range rp.got {
		if token.Client == token.Audience {
			sids = append(sids, token.SessionID)
		}
	}
	rp.got = nil
	return sids
}
