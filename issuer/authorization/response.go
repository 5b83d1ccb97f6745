package authorization

import (
	"net/url"
	"strings"
)

// ResponseMode says how the client gets the response (OAuth 2.0 Multiple Response Type
// Encoding Practices §2.1, OAuth 2.0 Form Post Response Mode §2).
type ResponseMode string

// The supported response modes.
const (
	ModeQuery    ResponseMode = "query"
	ModeFragment ResponseMode = "fragment"
	ModeFormPost ResponseMode = "form_post"
)

// ResponseModes returns the supported modes, as discovery lists them.
func ResponseModes() []string {
	return []string{string(ModeQuery), string(ModeFormPost), string(ModeFragment)}
}

// Param is one parameter of a response.
type Param struct{ Name, Value string }

// Response is an authorization response: a code or an error, for the client.
type Response struct {
	RedirectURI string
	Mode        ResponseMode
	Params      []Param // in their order
	Err         string  // the error code; "" with a code
}

// CodeResponse returns the response with a code (RFC 6749 §4.1.2, RFC 9207 §2).
func (r Request) CodeResponse(issuer, code string) Response {
	return r.response(issuer, "", Param{"code", code})
}

// ErrorResponse returns the response with an error (RFC 6749 §4.1.2.1, RFC 9207 §2).
func (r Request) ErrorResponse(issuer, code, description string) Response {
	params := []Param{{"error", code}}
	if description != "" {
		params = append(params, Param{"error_description", description})
	}
	return r.response(issuer, code, params...)
}

func (r Request) response(issuer, err string, params ...Param) Response {
	if r.State != nil {
		params = append(params, Param{"state", *r.State})
	}
	return Response{RedirectURI: r.RedirectURI, Mode: r.Mode, Params: append(params, Param{"iss", issuer}), Err: err}
}

// URL returns the address of a response by query or fragment. The query that the redirect
// URI has stays as it is (RFC 6749 §3.1.2).
func (r Response) URL() string {
	if r.Mode == ModeFragment {
		return r.RedirectURI + "#" + r.encode()
	}
	separator := "?"
	if _, query, found := strings.Cut(r.RedirectURI, "?"); found {
		separator = "&"
		if query == "" || strings.HasSuffix(query, "&") {
			separator = ""
		}
	}
	return r.RedirectURI + separator + r.encode()
}

// encode writes a space as %20, which is read alike by those that know forms and those
// that know URIs.
func (r Response) encode() string {
	var q strings.Builder
	for n, p := range r.Params {
		if n > 0 {
			q.WriteByte('&')
		}
		q.WriteString(p.Name + "=" + strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20"))
	}
	return q.String()
}

// ToApp tells whether the response goes to a private-use scheme (RFC 8252 §7.1), which
// browsers follow only after a click.
func (r Response) ToApp() bool { return !isWeb(r.RedirectURI) }

func isWeb(uri string) bool {
	scheme, _, _ := strings.Cut(uri, ":")
	return strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")
}
