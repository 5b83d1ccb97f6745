package authorization

import (
	"crypto/sha256"
	"net/url"
	"strconv"
	"strings"
)

// Request is a valid authorization request.
type Request struct {
	ClientID    string
	RedirectURI string // registered for the client, or a loopback one with another port
	Mode        ResponseMode
	State       *string // nil for none

	Asked  []string // the scopes asked for, each once; nil for none
	Scopes []string // those of Asked that are allowed; nil where none was asked for

	Nonce       string
	Challenge   string // of method S256; "" for none
	Resource    string
	LoginHint   string
	IDTokenHint string
	UILocales   string
	ACRValues   string
	Prompt      Prompt
	MaxAge      *int64 // seconds; nil for none
	Claims      Claims

	// Device is the sealed Device of a device authorization request (RFC 8628), which has no
	// redirect URI; "" for a request of a browser.
	Device string
}

// Prompt is the prompt parameter (OpenID Connect Core §3.1.2.1).
type Prompt struct{ None, Login, Consent, SelectAccount bool }

// PromptValues are the supported values, as discovery lists them.
func PromptValues() []string { return []string{"none", "login", "consent", "select_account"} }

// String returns the values in a fixed order.
func (p Prompt) String() string {
	var values []string
	for n, set := range []bool{p.None, p.Login, p.Consent, p.SelectAccount} {
		if set {
			values = append(values, PromptValues()[n])
		}
	}
	return strings.Join(values, " ")
}

// Canonical returns the query that means the same request, without the stamp. Equal
// requests have equal ones.
func (r Request) Canonical() string {
	var q strings.Builder
	add := func(name, value string) {
		if value == "" {
			return
		}
		if q.Len() > 0 {
			q.WriteByte('&')
		}
		q.WriteString(name + "=" + url.QueryEscape(value))
	}
	if r.Device != "" {
		add(DeviceParam, r.Device)
		add("prompt", r.Prompt.String())
		add("ui_locales", r.UILocales)
		return q.String()
	}
	add("client_id", r.ClientID)
	add("redirect_uri", r.RedirectURI)
	add("response_type", "code")
	if r.Mode != ModeQuery {
		add("response_mode", string(r.Mode))
	}
	add("scope", strings.Join(r.Asked, " "))
	if r.State != nil {
		add("state", *r.State)
	}
	add("nonce", r.Nonce)
	if r.Challenge != "" {
		add("code_challenge", r.Challenge)
		add("code_challenge_method", MethodS256)
	}
	add("resource", r.Resource)
	add("prompt", r.Prompt.String())
	if r.MaxAge != nil {
		add("max_age", strconv.FormatInt(*r.MaxAge, 10))
	}
	add("claims", r.Claims.Sent)
	add("acr_values", r.ACRValues)
	add("id_token_hint", r.IDTokenHint)
	add("login_hint", r.LoginHint)
	add("ui_locales", r.UILocales)
	return q.String()
}

// Query returns the canonical query with a sealed stamp; "" for none.
func (r Request) Query(stamp string) string {
	if stamp == "" {
		return r.Canonical()
	}
	return r.Canonical() + "&" + StampParam + "=" + url.QueryEscape(stamp)
}

// Hash returns what a stamp knows the request by.
func (r Request) Hash() [16]byte {
	sum := sha256.Sum256([]byte("signet authorization request v1\x00" + r.Canonical()))
	return [16]byte(sum[:16])
}
