package authorization_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer/authorization"
)

const issuer = "https://id.example.com"

func names(q url.Values) []string {
	var list []string
	for name := range q {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// C01, Z23: exactly code, state and iss; exactly error, error_description, state and iss.
func TestResponse_HasNoOtherParameters(t *testing.T) {
	state := "xyz"
	r := authorization.Request{RedirectURI: "https://app.example.com/cb", Mode: authorization.ModeQuery, State: &state}
	for _, c := range []struct {
		response authorization.Response
		want     string
	}{
		{r.CodeResponse(issuer, "c"), "code iss state"},
		{r.ErrorResponse(issuer, "login_required", "x"), "error error_description iss state"},
		{r.ErrorResponse(issuer, "login_required", ""), "error iss state"},
		{authorization.Request{RedirectURI: "https://a/"}.CodeResponse(issuer, "c"), "code iss"},
	} {
		u, err := url.Parse(c.response.URL())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(names(u.Query()), " "); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// C03: the query of the redirect URI is kept, byte for byte.
func TestResponse_KeepsRegisteredQuery(t *testing.T) {
	for uri, want := range map[string]string{
		"https://a/cb":             "https://a/cb?code=c&iss=i",
		"https://a/cb?":            "https://a/cb?code=c&iss=i",
		"https://a/cb?x=%2f+1&y":   "https://a/cb?x=%2f+1&y&code=c&iss=i",
		"https://a/cb?x&":          "https://a/cb?x&code=c&iss=i",
		"com.example.app:/cb":      "com.example.app:/cb?code=c&iss=i",
		"http://127.0.0.1:5/cb?p=": "http://127.0.0.1:5/cb?p=&code=c&iss=i",
	} {
		r := authorization.Request{RedirectURI: uri, Mode: authorization.ModeQuery}
		if got := r.CodeResponse("i", "c").URL(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Z22: a state of any characters comes back equal, read as a form or as a URI.
func TestResponse_StateRoundTrips(t *testing.T) {
	var b strings.Builder
	for c := rune(' '); c < 0x7f; c++ {
		b.WriteRune(c)
	}
	state := b.String() + "äß日本\U0001F600 \u202e+%2B</form>"
	state += strings.Repeat("s", 4096-len(state))
	for _, mode := range []string{"query", "fragment", "form_post"} {
		r, refusal := decide(t, app(), with("state", state)+"&response_mode="+mode)
		if refusal != nil {
			t.Fatal(refusal)
		}
		response := r.CodeResponse(issuer, "c")
		if mode == "form_post" {
			if response.Mode != authorization.ModeFormPost || response.RedirectURI != r.RedirectURI || response.Params[1] != (authorization.Param{Name: "state", Value: state}) {
				t.Errorf("form_post: %+v", response)
			}
			continue
		}
		u, err := url.Parse(response.URL())
		if err != nil {
			t.Fatal(err)
		}
		sent := u.RawQuery
		if mode == "fragment" {
			sent = u.EscapedFragment()
		}
		asForm, err := url.ParseQuery(sent)
		if err != nil || asForm.Get("state") != state {
			t.Errorf("%s: %q, %v", mode, asForm.Get("state"), err)
		}
		_, after, _ := strings.Cut(sent, "state=")
		raw, _, _ := strings.Cut(after, "&")
		if asURI, err := url.PathUnescape(raw); err != nil || asURI != state {
			t.Errorf("%s read as a URI: %q, %v", mode, asURI, err)
		}
	}
}
