// Package connect makes the configuration of programs that sign people in at Signet, or read its
// tokens, for one client. It holds no secret: each configuration reads the secret from the
// environment.
package connect

import (
	"embed"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Client is what a configuration needs to know of a client.
type Client struct {
	Issuer       string
	ID           string
	Public       bool
	Grants       []string
	Scopes       []string
	RedirectURIs []string
	Audiences    []string // what its tokens are addressed to, or the API that it is
	PostSecret   bool     // it is bound to sending its secret in the body
	AnyPort      bool     // redirect URIs on localhost match on any port
}

// Guide is the configuration of one kind of program for one client.
type Guide struct {
	Kind        string   `json:"kind"`
	Name        string   `json:"name"`
	Files       []File   `json:"files"`
	RedirectURI string   `json:"redirect_uri,omitempty"` // where the program wants the answer
	Misfits     []Misfit `json:"misfits"`                // what the record of the client lacks
	Notes       []string `json:"notes"`
}

// File is a text to copy.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Misfit is a setting of the client that does not suit the program.
type Misfit struct {
	Field  string `json:"field"` // as in the API
	Detail string `json:"detail"`
	Value  string `json:"value,omitempty"` // what to add to the field, or to set it to
}

// placeholders stand where the record of the client says nothing.
const (
	exampleBase     = "https://app.example.com"
	exampleAudience = "https://api.example.com"
	localPort       = "8765"
)

//go:embed files
var files embed.FS

// recipe describes one kind of program.
type recipe struct {
	kind, name string
	files      []string // in the folder files
	callback   string   // the path that the program takes the answer at; "" where it signs nobody in
	api        bool     // reads tokens of an audience
	local      bool     // takes the answer on localhost
	public     bool     // works without a secret
	notes      []string
}

// recipes holds the kinds, in the order in which they are shown.
var recipes = []recipe{
	{kind: "fastapi", name: "FastAPI", files: []string{"fastapi.py"}, callback: "/callback", notes: []string{"Give SESSION_SECRET at least 32 random characters."}},
	{kind: "express", name: "Express", files: []string{"express.js"}, callback: "/callback", notes: []string{"Give SESSION_SECRET at least 32 random characters."}},
	{kind: "nextjs", name: "Next.js (Auth.js)", files: []string{"nextjs.ts"}, callback: "/api/auth/callback/signet", notes: []string{"Give AUTH_SECRET at least 32 random characters."}},
	{kind: "spring", name: "Spring Boot", files: []string{"spring.properties"}, callback: "/login/oauth2/code/signet", notes: []string{"Before Spring Security 7, PKCE of a client with a secret must be switched on in the code."}},
	{kind: "go", name: "Go API (verify)", files: []string{"go.txt"}, api: true, public: true},
	{kind: "grafana", name: "Grafana", files: []string{"grafana.ini"}, callback: "/login/generic_oauth"},
	{kind: "gitea", name: "Gitea", files: []string{"gitea.sh"}, callback: "/user/oauth2/signet/callback", notes: []string{"Where Gitea is refused because it sends no PKCE challenge, set require_pkce of this client to false."}},
	{kind: "nextcloud", name: "Nextcloud", files: []string{"nextcloud.sh"}, callback: "/apps/user_oidc/code"},
	{kind: "apache", name: "Apache httpd (mod_auth_openidc)", files: []string{"apache.conf"}, callback: "/signet", notes: []string{"Give OIDC_CRYPTO_PASSPHRASE at least 32 random characters."}},
	{kind: "nginx", name: "nginx with oauth2-proxy", files: []string{"oauth2-proxy.cfg", "nginx.conf"}, callback: "/oauth2/callback", notes: []string{"OAUTH2_PROXY_COOKIE_SECRET is 32 random bytes in base64.", `email_domains = ["*"] lets everybody in who has an account.`}},
	{kind: "curl", name: "curl", files: []string{"curl.sh"}, public: true},
	{kind: "mcp", name: "MCP client (mcp.json)", files: []string{"mcp.json"}, callback: "/callback", local: true, api: true, public: true, notes: []string{"The server at that URL names this issuer in its protected resource metadata (RFC 9728)."}},
}

// Kinds returns the kinds of programs there are configurations for.
func Kinds() []string {
	kinds := make([]string, len(recipes))
	for n, r := range recipes {
		kinds[n] = r.kind
	}
	return kinds
}

// Name returns how people call a kind of program.
func Name(kind string) string {
	for _, r := range recipes {
		if r.kind == kind {
			return r.name
		}
	}
	return kind
}

// For returns the configuration for one kind. It returns false for a kind that is not in Kinds.
func For(c Client, kind string) (Guide, bool) {
	n := slices.IndexFunc(recipes, func(r recipe) bool { return r.kind == kind })
	if n < 0 {
		return Guide{}, false
	}
	r := recipes[n]
	base, redirect := r.target(c)
	g := Guide{Kind: kind, Name: r.name, RedirectURI: redirect, Misfits: r.misfits(c, redirect), Notes: append([]string{}, r.notes...)}
	if kind == "curl" {
		g.Files = []File{{Name: "curl.sh", Text: curl(c)}}
		return g, true
	}
	fill := strings.NewReplacer(r.values(c, base, redirect)...)
	for _, name := range r.files {
		text, err := files.ReadFile(path.Join("files", name))
		if err != nil {
			panic(err) // it is embedded: a test reads every kind
		}
		g.Files = append(g.Files, File{Name: fileNames[name], Text: fill.Replace(string(text))})
	}
	return g, true
}

// fileNames says how the program calls each file.
var fileNames = map[string]string{
	"fastapi.py": "main.py", "express.js": "server.mjs", "nextjs.ts": "auth.ts", "spring.properties": "application.properties", "go.txt": "main.go", "grafana.ini": "grafana.ini",
	"gitea.sh": "gitea.sh", "nextcloud.sh": "nextcloud.sh", "apache.conf": "signet.conf", "oauth2-proxy.cfg": "oauth2-proxy.cfg", "nginx.conf": "nginx.conf", "mcp.json": "mcp.json",
}

func (r recipe) values(c Client, base, redirect string) []string {
	audience := exampleAudience
	if n := slices.IndexFunc(c.Audiences, isPlain); n >= 0 {
		audience = c.Audiences[n]
	}
	port := localPort
	if u, err := url.Parse(redirect); err == nil && u.Port() != "" {
		port = u.Port()
	}
	scopes := r.scopes(c)
	repeated := make([]string, len(scopes))
	for n, s := range scopes {
		repeated[n] = "--scopes " + s
	}
	return []string{
		"@ISSUER@", c.Issuer, "@CLIENT_ID@", c.ID, "@BASE@", base, "@REDIRECT@", redirect, "@AUDIENCE@", audience, "@PORT@", port,
		"@SCOPE@", strings.Join(scopes, " "), "@SCOPE_COMMAS@", strings.Join(scopes, ","), "@GITEA_SCOPES@", strings.Join(repeated, " "),
	}
}

// isPlain tells whether a text means itself in every one of the files, whatever their syntax: no
// quote, no blank and nothing that a shell or a comment begins with. The other values are of such
// characters always.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~:/?[]@!*+,=%&", r))
	})
}

// signInScopes are what programs that sign people in ask for.
var signInScopes = []string{"openid", "profile", "email"}

// scopes returns those that the client may ask for; openid always, for without it nobody is signed in.
func (r recipe) scopes(c Client) []string {
	scopes := []string{"openid"}
	for _, s := range signInScopes[1:] {
		if slices.Contains(c.Scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// target returns the origin of the program, by the client's redirect URIs, and the redirect URI that
// the program uses there.
func (r recipe) target(c Client) (base, redirect string) {
	if r.callback == "" {
		return exampleBase, ""
	}
	for _, uri := range c.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || u.Host == "" || !isPlain(u.Host) || u.Scheme != "https" && u.Scheme != "http" || r.local && u.Hostname() != "localhost" {
			continue
		}
		origin := u.Scheme + "://" + u.Host
		if uri == origin+r.callback {
			base = origin
			break
		}
		if base == "" {
			base = origin
		}
	}
	switch {
	case base == "" && r.local:
		base = "http://localhost:" + localPort
	case base == "":
		base = exampleBase
	case base == "http://localhost" && r.local: // it listens on a port of its own
		base += ":" + localPort
	}
	return base, base + r.callback
}
