package authorization_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"example.org/signet/issuer/authorization"
)

// FuzzQuery sends raw queries: no panic; nothing but a registered URI is redirected to; an
// accepted request means the same in its canonical form.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		valid().Encode(), with("state", "</form>\""), with("claims", `{"userinfo":{"name":null}}`), with("prompt", "none login"), with("resource", "https://api.example.com"),
		with("redirect_uri", "http://127.0.0.1:1/cb"), "client_id=app&client_id=app", "a=%zz", strings.Repeat("t=1&", 9), with("max_age", "0") + "&t=x&response_mode=form_post",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		client := app()
		r, refusal := decide(t, client, query)
		if refusal != nil {
			if refusal.Redirect != (refusal.Request.RedirectURI != "") || refusal.Redirect && !authorization.MatchRedirectURI(client, refusal.Request.RedirectURI) {
				t.Fatalf("%+v", refusal)
			}
			checkResponse(t, refusal.Response(issuer), refusal.Redirect)
			return
		}
		checkResponse(t, r.CodeResponse(issuer, "code"), true)
		again, refusal := decide(t, client, r.Canonical())
		if refusal != nil || again.Canonical() != r.Canonical() || len(r.Canonical()) > authorization.MaxRequest {
			t.Fatalf("%q is not canonical: %v", r.Canonical(), refusal)
		}
	})
}

func checkResponse(t *testing.T, r authorization.Response, redirects bool) {
	t.Helper()
	if !redirects {
		return
	}
	if u, err := url.Parse(r.URL()); err != nil || strings.ContainsAny(r.URL(), "\r\n\" <>") {
		t.Fatalf("%v: %v", u, err)
	}
}

// FuzzStamp opens raw texts: no panic, and no stamp that was not sealed.
func FuzzStamp(f *testing.F) {
	sealer := authorization.NewSealer(rand.Reader, issuer, newMaster(f))
	sealed := seal(f, sealer, authorization.Stamp{Begun: noon, Password: true})
	for _, seed := range []string{sealed, "", sealed[:50], sealed + "A", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := sealer.Open(text); got != (authorization.Stamp{}) && text != sealed {
			t.Fatalf("%q: %+v", text, got)
		}
	})
}
