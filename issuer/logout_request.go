package issuer

import (
	"crypto/sha256"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/signet/issuer/authorization"
)

// Bounds of a logout request, in bytes.
const (
	maxLogoutRequest = 16 << 10
	maxLogoutPairs   = 100
	maxLogoutState   = 4 << 10
	maxLogoutHint    = 255
	maxLogoutClient  = 2048
)

// decisionSignOut is the value of `decision` in the form of the confirmation page.
const decisionSignOut = "sign-out"

// logoutParams are the known parameters of a logout request (OpenID Connect RP-Initiated
// Logout 1.0 §2) and of the confirmation form. An empty value is an absent one.
type logoutParams struct {
	hint      string // id_token_hint
	clientID  string
	uri       string // post_logout_redirect_uri
	state     string
	locales   string // ui_locales
	loginHint string // logout_hint: it is kept, and decides nothing
	decision  string
	stamp     string
}

// fields returns the parameters of the request itself by their names, in a fixed order.
func (p *logoutParams) fields() []logoutField {
	return []logoutField{
		{"id_token_hint", &p.hint}, {"client_id", &p.clientID}, {"post_logout_redirect_uri", &p.uri}, {"state", &p.state},
		{"ui_locales", &p.locales}, {"logout_hint", &p.loginHint},
	}
}

type logoutField struct {
	name  string
	value *string
}

// LogoutRefusal is a logout request that nothing is done about: there is an error page.
type LogoutRefusal struct {
	Description string // fixed words; nothing of the request
	TooLarge    bool
}

var (
	errLogoutTooLarge  = &LogoutRefusal{Description: "the request is longer than 16 KiB", TooLarge: true}
	errLogoutMalformed = &LogoutRefusal{Description: "the parameters are not well-formed"}
	errLogoutDoubled   = &LogoutRefusal{Description: "a parameter was given more than once"}
	errLogoutState     = &LogoutRefusal{Description: "state is longer than 4 KiB"}
	errLogoutClient    = &LogoutRefusal{Description: "client_id names no client"}
	errLogoutOther     = &LogoutRefusal{Description: "client_id is not the client that id_token_hint was issued to"}
)

// parseLogout takes a query, or the body of a form, apart. Unknown parameters are ignored.
func parseLogout(raw string) (p logoutParams, refusal *LogoutRefusal) {
	if len(raw) > maxLogoutRequest {
		return logoutParams{}, errLogoutTooLarge
	}
	known := append(p.fields(), logoutField{"decision", &p.decision}, logoutField{authorization.StampParam, &p.stamp})
	seen := map[string]bool{}
	for n := 0; raw != ""; n++ {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if n == maxLogoutPairs || nameErr != nil || valueErr != nil {
			return logoutParams{}, errLogoutMalformed
		}
		for _, f := range known {
			switch {
			case f.name != name || value == "":
			case seen[name]:
				return logoutParams{}, errLogoutDoubled
			default:
				seen[name], *f.value = true, value
			}
		}
	}
	return p, p.check()
}

// check refuses what could not be answered. A hint that cannot be read counts as absent.
func (p *logoutParams) check() *LogoutRefusal {
	for _, f := range p.fields() {
		if !utf8.ValidString(*f.value) || strings.ContainsFunc(*f.value, unicode.IsControl) {
			return errLogoutMalformed
		}
	}
	for _, hint := range []*string{&p.locales, &p.loginHint} {
		if len(*hint) > maxLogoutHint {
			*hint = ""
		}
	}
	switch {
	case len(p.state) > maxLogoutState:
		return errLogoutState
	case len(p.clientID) > maxLogoutClient:
		return errLogoutClient
	}
	return nil
}

// encode returns the request itself as a query; the same for the same request.
func (p *logoutParams) encode() string {
	var q []string
	for _, f := range p.fields() {
		if *f.value != "" {
			q = append(q, f.name+"="+url.QueryEscape(*f.value))
		}
	}
	return strings.Join(q, "&")
}

// hash is what the stamp of a confirmation page knows the request by. It is that of no
// authorization request.
func (p *logoutParams) hash() [16]byte {
	sum := sha256.Sum256([]byte("signet logout request v1\x00" + p.encode()))
	return [16]byte(sum[:16])
}

// redirectURL is where the browser goes after the logout (§3): the registered URI as it is,
// with state if it was given.
func (p *logoutParams) redirectURL() string {
	if p.state == "" {
		return p.uri
	}
	return authorization.Response{
		RedirectURI: p.uri, Mode: authorization.ModeQuery, Params: []authorization.Param{{Name: "state", Value: p.state}},
	}.URL()
}

// LogoutQuery returns the query that means the same request as the body of a form, for a
// redirect to GET: a form of another site carries no cookie.
func LogoutQuery(form string) (string, *LogoutRefusal) {
	p, refusal := parseLogout(form)
	return p.encode(), refusal
}

// LogoutRetry returns the query by which the same is asked for again, without the hint: that
// is a token, and no page shows one.
func LogoutRetry(params string) string {
	p, refusal := parseLogout(params)
	if refusal != nil {
		return ""
	}
	p.hint = ""
	return p.encode()
}

// LogoutConfirmed tells whether a form has a decision, as that of the confirmation page has.
func LogoutConfirmed(form string) bool {
	p, refusal := parseLogout(form)
	return refusal == nil && p.decision != ""
}
