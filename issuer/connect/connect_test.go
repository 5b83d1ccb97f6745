package connect_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer/connect"
)

var placeholder = regexp.MustCompile(`@[A-Z_]+@`)

func web(redirect ...string) connect.Client {
	return connect.Client{
		Issuer: "https://id.example.com", ID: "portal", Grants: []string{"authorization_code", "refresh_token"},
		Scopes: []string{"email", "openid", "profile"}, RedirectURIs: redirect, Audiences: []string{"https://api.example.com/mcp"},
	}
}

// Every kind has files without a gap, names the client and the issuer, and agrees with a client that
// has what its guide asked for.
func TestFor_EachKind(t *testing.T) {
	for _, kind := range connect.Kinds() {
		g, ok := connect.For(web(), kind)
		if !ok || len(g.Files) == 0 || g.Name == "" || connect.Name(kind) != g.Name {
			t.Fatalf("%s: %v, %+v", kind, ok, g)
		}
		all := ""
		for _, f := range g.Files {
			if f.Name == "" || f.Text == "" || placeholder.MatchString(f.Text) {
				t.Errorf("%s: a file is not filled in: %q\n%s", kind, f.Name, f.Text)
			}
			all += f.Text
		}
		if kind != "mcp" && !strings.Contains(all, "https://id.example.com") || kind != "go" && !strings.Contains(all, "portal") {
			t.Errorf("%s: the issuer or the client is not named:\n%s", kind, all)
		}
		if g.RedirectURI == "" {
			continue
		}
		if len(g.Misfits) != 1 || g.Misfits[0].Field != "redirect_uris" || g.Misfits[0].Value != g.RedirectURI {
			t.Errorf("%s: without redirect URI: %+v", kind, g.Misfits)
		}
		if g, _ = connect.For(web("https://other.example.org/x", g.RedirectURI), kind); len(g.Misfits) != 0 || !strings.HasPrefix(g.RedirectURI, "http") {
			t.Errorf("%s: after adding it: %+v", kind, g.Misfits)
		}
	}
	if _, ok := connect.For(web(), "saml"); ok {
		t.Error("there is a guide for saml")
	}
}

// A program is looked for where the client's redirect URIs lead, at the path of its own.
func TestFor_RedirectURI(t *testing.T) {
	for kind, want := range map[string]string{
		"grafana": "https://x.example.org/login/generic_oauth", "gitea": "https://x.example.org/user/oauth2/signet/callback", "nextcloud": "https://x.example.org/apps/user_oidc/code",
		"nextjs": "https://x.example.org/api/auth/callback/signet", "spring": "https://x.example.org/login/oauth2/code/signet", "nginx": "https://x.example.org/oauth2/callback", "go": "", "curl": "",
	} {
		if g, _ := connect.For(web("com.example.app:/cb", "https://x.example.org/cb"), kind); g.RedirectURI != want {
			t.Errorf("%s: %q, want %q", kind, g.RedirectURI, want)
		}
	}
	if g, _ := connect.For(web("http://127.0.0.1/callback"), "mcp"); g.RedirectURI != "http://localhost:8765/callback" || len(g.Misfits) != 1 {
		t.Errorf("another loopback address: %+v", g)
	}
	any := web("http://localhost/callback")
	if g, _ := connect.For(any, "mcp"); g.RedirectURI != "http://localhost:8765/callback" || len(g.Misfits) != 1 {
		t.Errorf("one port of localhost: %+v", g)
	}
	any.AnyPort = true
	if g, _ := connect.For(any, "mcp"); g.RedirectURI != "http://localhost:8765/callback" || len(g.Misfits) != 0 {
		t.Errorf("any port of localhost: %+v", g)
	}
	any.RedirectURIs = []string{"http://localhost/callback", "http://localhost:3000/callback"}
	if g, _ := connect.For(any, "express"); len(g.Misfits) != 0 || g.RedirectURI != "http://localhost/callback" {
		t.Errorf("localhost: %+v", g)
	}
}

func TestFor_Misfits(t *testing.T) {
	c := connect.Client{Issuer: "https://id.example.com", ID: "job", Public: true, Scopes: []string{"items:read"}}
	fields := func(kind string) (fields []string) {
		g, _ := connect.For(c, kind)
		for _, m := range g.Misfits {
			if m.Detail == "" || m.Value == "" {
				t.Errorf("%s: %+v", kind, m)
			}
			fields = append(fields, m.Field)
		}
		return fields
	}
	for kind, want := range map[string][]string{
		"grafana": {"grant_types", "redirect_uris", "scope", "scope", "scope", "public"}, "go": {"audiences"}, "curl": nil,
		"mcp": {"grant_types", "redirect_uris", "scope", "scope", "scope", "audiences"},
	} {
		if got := fields(kind); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
}

// What a program reads must be of its syntax: Go and JSON by their parsers, settings a line each.
func TestFor_Syntax(t *testing.T) {
	text := func(kind string) string {
		g, _ := connect.For(web("https://x.example.org/cb"), kind)
		return g.Files[0].Text
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "main.go", text("go"), parser.AllErrors); err != nil {
		t.Error(err)
	}
	if !json.Valid([]byte(text("mcp"))) {
		t.Errorf("no JSON: %s", text("mcp"))
	}
	for kind, want := range map[string]map[string]string{
		"grafana": {"client_id": "portal", "use_pkce": "true", "scopes": "openid profile email", "token_url": "https://id.example.com/oauth2/token", "client_secret": "$__env{OIDC_CLIENT_SECRET}"},
		"nginx":   {"client_id": `"portal"`, "code_challenge_method": `"S256"`, "redirect_url": `"https://x.example.org/oauth2/callback"`},
		"spring": {
			"spring.security.oauth2.client.registration.signet.scope":         "openid,profile,email",
			"spring.security.oauth2.client.provider.signet.issuer-uri":        "https://id.example.com",
			"spring.security.oauth2.client.registration.signet.client-id":     "portal",
			"spring.security.oauth2.client.registration.signet.client-secret": "${OIDC_CLIENT_SECRET}",
		},
	} {
		got := map[string]string{}
		for line := range strings.SplitSeq(strings.TrimSpace(text(kind)), "\n") {
			name, value, found := strings.Cut(line, "=")
			if !found && line != "" && !strings.ContainsAny(line[:1], "#;[") {
				t.Errorf("%s: no setting: %q", kind, line)
			}
			got[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: %s is %q, want %q", kind, name, got[name], value)
			}
		}
	}
}

// A redirect URI may have any character that stands in a URL: it stays one word of the shell.
func TestFor_CurlQuotes(t *testing.T) {
	g, _ := connect.For(web("https://x.example.org/cb?it's=$HOME"), "curl")
	if text := g.Files[0].Text; !strings.Contains(text, `'redirect_uri=https://x.example.org/cb?it'\''s=$HOME'`) || !strings.Contains(text, "redirect_uri=https%3A%2F%2Fx.example.org%2Fcb%3Fit%27s%3D%24HOME&") {
		t.Error(text)
	}
}

// What a client's record says cannot become a part of the syntax of a file.
func TestFor_TakesNoSyntaxFromTheRecord(t *testing.T) {
	for _, spoilt := range []string{`"`, `'`, "`", "$(id)", "\\", ";", "#", "{", "\n", "<"} {
		c := connect.Client{Issuer: "https://id.example.com", ID: "app", Grants: []string{"authorization_code"}, Scopes: []string{"openid"}, Audiences: []string{"https://api.example.org/" + spoilt}, RedirectURIs: []string{"https://evil" + spoilt + ".example.org/callback"}}
		for _, kind := range connect.Kinds() {
			if kind == "curl" { // which quotes
				continue
			}
			g, _ := connect.For(c, kind)
			for _, f := range g.Files {
				if strings.Contains(f.Text, "api.example.org/"+spoilt) || strings.Contains(f.Text, "evil"+spoilt) {
					t.Errorf("%s takes %q over: %s", kind, spoilt, f.Text)
				}
			}
		}
	}
	g, _ := connect.For(connect.Client{Issuer: "https://id.example.com", ID: "app", Audiences: []string{`https://api.example.org/"`, "https://second.example.org/a?b=c"}}, "mcp")
	if !strings.Contains(g.Files[0].Text, "https://second.example.org/a?b=c") {
		t.Errorf("the audience that can be written is not taken: %s", g.Files[0].Text)
	}
}

// A client that is bound to sending its secret in the body is refused with it in a header.
func TestFor_CurlAuthenticates(t *testing.T) {
	c := web("https://x.example.org/cb")
	for post, want := range map[bool]string{false: `-u "`, true: `--data-urlencode "client_secret=$OIDC_CLIENT_SECRET"`} {
		c.PostSecret = post
		g, _ := connect.For(c, "curl")
		if text := g.Files[0].Text; !strings.Contains(text, want) || strings.Contains(text, "-u ") == post {
			t.Errorf("in the body: %v: %s", post, text)
		}
	}
	c.Scopes = nil
	if g, _ := connect.For(c, "curl"); strings.Contains(g.Files[0].Text, "scope=") {
		t.Errorf("an empty scope is sent: %s", g.Files[0].Text)
	}
}
