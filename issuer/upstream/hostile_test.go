package upstream_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// forged is an ID token of the fake provider that no key of its has signed.
func forged(t *testing.T, f *fakeProvider, alg jose.SignatureAlgorithm, secret string) string {
	t.Helper()
	claims := map[string]any{"iss": f.URL, "sub": "ann-at-idp", "aud": clientID, "nonce": f.asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	if alg == "none" {
		part := func(v any) string {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return base64.RawURLEncoding.EncodeToString(text)
		}
		return part(map[string]string{"alg": "none"}) + "." + part(claims) + "."
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: []byte(secret)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// An ID token that is not signed, or by a secret that the client has too, signs nobody in, even
// where the provider's metadata name the algorithm.
func TestFinish_RefusesTokensThatNoKeyHasSigned(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{"none", jose.HS256} {
		for _, named := range [][]string{{"ES256"}, {string(alg)}, {"ES256", string(alg)}} {
			f, c := newFake(t), newClient(t)
			f.metadata = map[string]any{"id_token_signing_alg_values_supported": named}
			conn, p := newConnector(t, c, f.URL), upstream.NewProof([]byte("s"))
			begin(t, f, c, conn, p, upstream.Ask{})
			token := forged(t, f, alg, strings.Repeat("secret", 6))
			f.token = func(w http.ResponseWriter, _ *http.Request) {
				reply(w, http.StatusOK, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": token})
			}
			_, err := c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
			wantProblem(t, string(alg)+" where the metadata name "+strings.Join(named, " "), err, upstream.ProblemRejected)
		}
	}
}

// hostileServer serves one path of the fake provider in its place.
func hostileServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// Documents that are endless, moved or broken are a provider that is down: nobody is signed in, and
// later may help.
func TestClient_DocumentsOfAProviderThatMisbehaves(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if _, err := w.Write([]byte(`{"keys":[],"issuer":"`)); err != nil {
				return
			}
			chunk := []byte(strings.Repeat("x", 64<<10))
			for range 4 << 20 / len(chunk) {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
			_, _ = w.Write([]byte(`"}`))
		},
		"moved":       func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"an error":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"not to find": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"HTML":        func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html><script>")) },
	} {
		t.Run(name, func(t *testing.T) {
			c, at := newClient(t), hostileServer(t, h)
			_, err := c.Begin(t.Context(), newConnector(t, c, at), upstream.NewProof([]byte("s")), upstream.Ask{})
			wantProblem(t, "the metadata", err, upstream.ProblemUnavailable)

			f := newFake(t)
			f.metadata = map[string]any{"jwks_uri": at}
			conn, p := newConnector(t, c, f.URL), upstream.NewProof([]byte("s"))
			begin(t, f, c, conn, p, upstream.Ask{})
			_, err = c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
			wantProblem(t, "the keys", err, upstream.ProblemUnavailable)
		})
	}
}

// publicConnector is one of a client without a secret.
func publicConnector(id, issuer string) storage.Connector {
	return storage.Connector{ID: id, Kind: upstream.KindOIDC, Issuer: issuer, ClientID: clientID, Version: 1}
}

// newClientWith returns a client that talks by h, and seals no secrets.
func newClientWith(t *testing.T, h *http.Client) *upstream.Client {
	t.Helper()
	return upstream.New(upstream.Config{
		HTTP: h, Now: func() time.Time { return now },
		Redirect: func(id string) string { return "https://id.example/login/upstream/" + id + "/callback" },
	})
}

// A provider that takes the connection and never answers is one that is down.
func TestClient_ProviderThatNeverAnswers(t *testing.T) {
	h := safehttp.Client(safehttp.Loopback)
	h.Timeout = 100 * time.Millisecond
	ended := make(chan struct{})
	hole := hostileServer(t, func(http.ResponseWriter, *http.Request) { <-ended })
	t.Cleanup(func() { close(ended) })
	c := newClientWith(t, h)
	conn := publicConnector("company", hole)
	_, err := c.Begin(t.Context(), conn, upstream.NewProof(nil), upstream.Ask{})
	wantProblem(t, "metadata that never come", err, upstream.ProblemUnavailable)
	for _, place := range []string{"token_endpoint", "jwks_uri"} {
		f := newFake(t)
		f.metadata = map[string]any{place: hole}
		conn, p := publicConnector(place, f.URL), upstream.NewProof([]byte("s"))
		begin(t, f, c, conn, p, upstream.Ask{})
		f.token = func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": f.idToken()})
		}
		_, err := c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
		wantProblem(t, place+" that never answers", err, upstream.ProblemUnavailable)
	}
}

// However many people wait for a provider that does not answer, the others are told at once, and take
// no place from those who sign in in another way. When it answers again everybody gets in.
func TestClient_BoundsThoseWhoWait(t *testing.T) {
	f, c := newFake(t), newClient(t)
	conn, p := newConnector(t, c, f.URL), upstream.NewProof([]byte("s"))
	begin(t, f, c, conn, p, upstream.Ask{})
	answer, failed := make(chan struct{}), make(chan error)
	other := publicConnector("hole", hostileServer(t, func(http.ResponseWriter, *http.Request) { <-answer }))
	for range upstream.MaxWaiting + 1 {
		go func() {
			_, err := c.Begin(context.Background(), other, p, upstream.Ask{})
			failed <- err
		}()
	}
	err := <-failed // of the only one that does not wait
	wantProblem(t, "one too many", err, upstream.ProblemUnavailable)
	if err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("one too many: %v", err)
	}
	if _, err := c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"}); err != nil {
		t.Errorf("a sign-in at another provider meanwhile: %v", err)
	}
	close(answer)
	for range upstream.MaxWaiting {
		<-failed
	}
	if _, err := c.Begin(t.Context(), other, p, upstream.Ask{}); err == nil || strings.Contains(err.Error(), "too many") {
		t.Errorf("when all have left: %v", err)
	}
}

// Neither the issuer's URL nor what its metadata name leads to an address that is not public.
func TestClient_ReachesNoInnerAddress(t *testing.T) {
	var reached atomic.Int64
	inner := hostileServer(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	conn := publicConnector("company", inner)
	public := newClientWith(t, safehttp.Client(nil))
	_, err := public.Begin(t.Context(), conn, upstream.NewProof(nil), upstream.Ask{})
	wantInner := func(what string) {
		t.Helper()
		wantProblem(t, what, err, upstream.ProblemUnavailable)
		if err != nil && !strings.Contains(err.Error(), "not public") {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantInner("the issuer")
	conn = storage.Connector{ID: "github", Kind: upstream.KindGitHub, Issuer: inner, ClientID: clientID, Version: 1}
	_, err = public.Finish(t.Context(), conn, upstream.NewProof(nil), upstream.Ask{}, upstream.Response{Code: "code"})
	wantInner("GitHub Enterprise Server")

	one := netip.MustParseAddr("127.0.0.1")
	c := newClientWith(t, safehttp.Client(func(a netip.Addr) bool { return a == one }))
	for _, place := range []string{"token_endpoint", "jwks_uri"} {
		f := newFake(t)
		f.metadata = map[string]any{place: strings.Replace(inner, "127.0.0.1", "127.0.0.2", 1)}
		f.token = func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": f.idToken()})
		}
		conn, p := publicConnector(place, f.URL), upstream.NewProof([]byte("s"))
		begin(t, f, c, conn, p, upstream.Ask{})
		_, err = c.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
		wantInner(place)
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("an inner address was asked %d times", n)
	}
}

// The secret and the codes go nowhere in the clear, and the browser to no other scheme, whatever
// the metadata say.
func TestBegin_RefusesEndpointsThatAreNotHTTPS(t *testing.T) {
	f := newFake(t)
	for _, place := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} {
		for _, uri := range []string{"javascript:alert(1)//x", "ftp://provider.example/x", "/relative", "https:"} {
			f.metadata = map[string]any{place: uri}
			c := newClient(t)
			_, err := c.Begin(t.Context(), newConnector(t, c, f.URL), upstream.NewProof(nil), upstream.Ask{})
			wantProblem(t, place+" "+uri, err, upstream.ProblemMisconfigured)
		}
	}
	secure := httptest.NewTLSServer(f.Config.Handler)
	t.Cleanup(secure.Close)
	h := safehttp.Client(safehttp.Loopback)
	h.Transport.(*http.Transport).TLSClientConfig.RootCAs = secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	f.metadata = map[string]any{"issuer": secure.URL} // all else stays http
	conn := publicConnector("company", secure.URL)
	_, err := newClientWith(t, h).Begin(t.Context(), conn, upstream.NewProof(nil), upstream.Ask{})
	wantProblem(t, "http endpoints of an https issuer", err, upstream.ProblemMisconfigured)
}

// Whether an address is verified is taken from where the address is.
func TestFinish_VerifiedIsSaidOfTheSameAddress(t *testing.T) {
	for name, c := range map[string]struct {
		token, info map[string]any
		want        bool
	}{
		"all at userinfo":             {map[string]any{"email": nil, "email_verified": nil}, map[string]any{"email": "ann@example.org", "email_verified": true}, true},
		"not verified there":          {map[string]any{"email": nil, "email_verified": true}, map[string]any{"email": "ann@example.org", "email_verified": false}, false},
		"not said there":              {map[string]any{"email": nil, "email_verified": true}, map[string]any{"email": "ann@example.org"}, false},
		"another address at userinfo": {map[string]any{"email_verified": nil, "name": nil}, map[string]any{"email": "eve@example.org", "email_verified": true}, false},
	} {
		f, client := newFake(t), newClient(t)
		f.claims, f.userInfo = c.token, map[string]any{"sub": "ann-at-idp"}
		for k, v := range c.info {
			f.userInfo[k] = v
		}
		conn, p := newConnector(t, client, f.URL), upstream.NewProof([]byte("s"))
		conn.RoleRules = []storage.RoleRule{{Claim: "department", Value: "sales", Role: "seller"}}
		begin(t, f, client, conn, p, upstream.Ask{})
		got, err := client.Finish(t.Context(), conn, p, upstream.Ask{}, upstream.Response{Code: "code"})
		if err != nil || got.EmailVerified != c.want {
			t.Errorf("%s: verified is %v, want %v (%v)", name, got.EmailVerified, c.want, err)
		}
	}
}

// A response to a connector of GitHub that names another server is refused: no name that only
// begins in the same way counts either.
func TestGitHub_RefusesAMixUp(t *testing.T) {
	const token, user, emails = `{"access_token":"at","token_type":"bearer"}`, `{"id":42,"login":"octocat"}`, `[]`
	g, c := newGitHub(t, token, user, emails), newClient(t)
	conn := storage.Connector{ID: "gh", Kind: upstream.KindGitHub, Issuer: g.URL, ClientID: clientID, Version: 1}
	for _, iss := range []string{g.URL + ".evil.example", g.URL + "0", "https://evil.example/", "https://evil.example/" + g.URL} {
		_, err := c.Finish(t.Context(), conn, upstream.NewProof([]byte("s")), upstream.Ask{}, upstream.Response{Code: "code", Issuer: iss})
		wantProblem(t, "iss "+iss, err, upstream.ProblemRejected)
	}
	for _, iss := range []string{"", g.URL, g.URL + "/login/oauth"} {
		if _, err := c.Finish(t.Context(), conn, upstream.NewProof([]byte("s")), upstream.Ask{}, upstream.Response{Code: "code", Issuer: iss}); err != nil {
			t.Errorf("iss %q: %v", iss, err)
		}
	}
}
