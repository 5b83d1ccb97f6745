package authorization

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.org/signet/issuer/account"
	"example.org/signet/storage"
)

// GrantType is the grant that a client needs for this endpoint.
const GrantType = "authorization_code"

// maxScopes bounds the scopes of one request.
const maxScopes = 100

// maxMaxAge is the longest max_age that is told from a longer one: 100 years, in seconds.
const maxMaxAge = 100 * 365 * 86400

// CheckClient returns the client that asks. lookup returns storage.ErrNotFound for one
// that does not exist; any other error is returned as it is, since it decides nothing.
func CheckClient(p Params, lookup func(id string) (storage.Client, error)) (storage.Client, *Refusal, error) {
	if name, description := p.faulty("client_id"); name != "" {
		return storage.Client{}, pageRefusal(ProblemClient, name, description), nil
	}
	id := p.Get("client_id")
	if account.ClientID(id) != nil { // also where it is missing
		return storage.Client{}, errUnknownClient, nil
	}
	client, err := lookup(id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return storage.Client{}, errUnknownClient, nil
	case err != nil:
		return storage.Client{}, nil, err
	case client.Disabled:
		refusal := *errUnknownClient
		refusal.Request.ClientID = client.ID
		return storage.Client{}, &refusal, nil
	}
	return client, nil, nil
}

var errUnknownClient = pageRefusal(ProblemClient, "client_id", "the client is missing, unknown or disabled")

// Bounds are what the client may ask for.
type Bounds struct {
	Scopes    []string
	Audiences []string // that a resource may name (RFC 8707)
}

// Request validates the request of a client that CheckClient has returned. First comes
// what decides whether the client can be answered at all; then one check a parameter, of
// which the first that fails is told.
func (p Params) Request(client storage.Client, may Bounds) (Request, *Refusal) {
	r := Request{ClientID: client.ID, Mode: ModeQuery}
	if refusal := p.checkRedirectURI(&r, client); refusal != nil {
		refusal.Request.ClientID = client.ID
		return Request{}, refusal
	}
	p.keepState(&r)
	in := &input{Params: p, client: client, may: may}
	for _, check := range []func(*input, *Request) *Refusal{
		checkResponseMode, checkParameters, checkResponseType, checkGrant, checkRequestObject, checkRegistration,
		checkScope, checkPKCE, checkPrompt, checkMaxAge, checkClaims, checkResource, checkRest, checkSize,
	} {
		if refusal := check(in, &r); refusal != nil {
			return Request{}, refusal
		}
	}
	return r, nil
}

// input is what the checks read.
type input struct {
	Params
	client storage.Client
	may    Bounds
}

// checkRedirectURI decides whether there may be a redirect. Nothing but the parameter
// itself counts: no request object, no Referer (RFC 9700 §4.1.3).
func (p Params) checkRedirectURI(r *Request, client storage.Client) *Refusal {
	name, description := p.faulty("redirect_uri", "response_mode")
	uri := p.Get("redirect_uri")
	switch {
	case name == "response_mode" && p.doubled[name]:
		return pageRefusal(ProblemRequest, name, description)
	case name == "redirect_uri":
		return pageRefusal(ProblemMissing, name, description)
	case uri == "":
		return pageRefusal(ProblemMissing, "redirect_uri", "the redirect_uri is missing")
	case !MatchRedirectURI(client, uri):
		refusal := pageRefusal(ProblemMismatch, "redirect_uri", "the redirect_uri is not registered for this client")
		refusal.URI = mismatch(client.RedirectURIs, uri)
		return refusal
	}
	r.RedirectURI = uri
	return nil
}

// keepState keeps the state for every answer from here on. One that was given twice, or
// cannot be sent back as it is, is not echoed.
func (p Params) keepState(r *Request) {
	if state := p.Get("state"); state != "" {
		r.State = &state
	}
}

// checkResponseMode refuses an unknown mode in the default one.
func checkResponseMode(in *input, r *Request) *Refusal {
	mode := in.Get("response_mode")
	switch {
	case in.invalid["response_mode"], mode != "" && !slices.Contains(ResponseModes(), mode):
		return r.Refuse(InvalidRequest, "response_mode", "the response_mode is not supported")
	case mode == string(ModeFormPost) && !isWeb(r.RedirectURI):
		return r.Refuse(InvalidRequest, "response_mode", "a form can be posted to an http or https redirect_uri only")
	case mode != "":
		r.Mode = ResponseMode(mode)
	}
	return nil
}

// checkParameters refuses any other parameter that was given twice (RFC 6749 §3.1), is too
// long or is no text.
func checkParameters(in *input, r *Request) *Refusal {
	if name, description := in.faulty(allParameters...); name != "" {
		return r.Refuse(InvalidRequest, name, description)
	}
	return nil
}

func checkResponseType(in *input, r *Request) *Refusal {
	switch in.Get("response_type") {
	case "code":
		return nil
	case "":
		return r.Refuse(InvalidRequest, "response_type", "the response_type is missing")
	}
	return r.Refuse(UnsupportedResponseType, "response_type", "the one response_type is code")
}

func checkGrant(in *input, r *Request) *Refusal {
	if slices.Contains(in.client.Grants, GrantType) {
		return nil
	}
	return r.Refuse(UnauthorizedClient, "client_id", "this client may not use the grant authorization_code")
}

// checkRequestObject refuses request objects (OpenID Connect Core §6). Nothing inside is
// read, and nothing is fetched.
func checkRequestObject(in *input, r *Request) *Refusal {
	object, uri := in.Get("request") != "", in.Get("request_uri") != ""
	switch {
	case object && uri:
		return r.Refuse(InvalidRequest, "request_uri", "request and request_uri exclude each other")
	case object:
		return r.Refuse(RequestNotSupported, "request", "the parameter request is not supported")
	case uri:
		return r.Refuse(RequestURINotSupported, "request_uri", "the parameter request_uri is not supported")
	}
	return nil
}

// checkRegistration follows OpenID Connect Core §7.2.1.
func checkRegistration(in *input, r *Request) *Refusal {
	if in.Get("registration") == "" {
		return nil
	}
	return r.Refuse(RegistrationNotSupported, "registration", "the parameter registration is not supported")
}

// checkScope leaves out what the client may not have (RFC 6749 §3.3, OpenID Connect Core
// §3.1.2.1). It refuses a request of which nothing is left.
func checkScope(in *input, r *Request) *Refusal {
	for name := range strings.SplitSeq(in.Get("scope"), " ") {
		switch {
		case name == "" || slices.Contains(r.Asked, name):
			continue
		case account.Scope(name) != nil:
			return r.Refuse(InvalidScope, "scope", "a scope has characters that RFC 6749 section 3.3 does not allow")
		case len(r.Asked) == maxScopes:
			return r.Refuse(InvalidScope, "scope", "too many scopes asked for")
		}
		r.Asked = append(r.Asked, name)
		if slices.Contains(in.may.Scopes, name) {
			r.Scopes = append(r.Scopes, name)
		}
	}
	if len(r.Asked) > 0 && len(r.Scopes) == 0 {
		return r.Refuse(InvalidScope, "scope", "this client may have none of these scopes")
	}
	return nil
}

// checkPKCE follows RFC 7636 §4.4.1 and RFC 9700 §2.1.1: method S256 alone, and a public
// client must use it.
func checkPKCE(in *input, r *Request) *Refusal {
	challenge, method := in.Get("code_challenge"), in.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return r.Refuse(InvalidRequest, "code_challenge", "code_challenge_method needs a code_challenge")
	case challenge == "" && (in.client.Public || !in.client.PKCEOptional):
		return r.Refuse(InvalidRequest, "code_challenge", "this client must send a code_challenge")
	case challenge == "":
		return nil
	case method != MethodS256:
		return r.Refuse(InvalidRequest, "code_challenge_method", "the code_challenge_method must be S256")
	case !CheckChallenge(challenge):
		return r.Refuse(InvalidRequest, "code_challenge", "the code_challenge must be a SHA-256 in base64url, of 43 characters")
	}
	r.Challenge = challenge
	return nil
}

// checkPrompt follows OpenID Connect Core §3.1.2.1.
func checkPrompt(in *input, r *Request) *Refusal {
	for value := range strings.FieldsSeq(in.Get("prompt")) {
		switch value {
		case "none":
			r.Prompt.None = true
		case "login":
			r.Prompt.Login = true
		case "consent":
			r.Prompt.Consent = true
		case "select_account":
			r.Prompt.SelectAccount = true
		default:
			return r.Refuse(InvalidRequest, "prompt", "a value of prompt is not supported")
		}
	}
	if r.Prompt.None && r.Prompt != (Prompt{None: true}) {
		return r.Refuse(InvalidRequest, "prompt", "prompt=none excludes other values")
	}
	return nil
}

// checkMaxAge accepts whole seconds from 0, of at most 19 digits.
func checkMaxAge(in *input, r *Request) *Refusal {
	text := in.Get("max_age")
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || text[0] == '+' || text[0] == '-' {
		return r.Refuse(InvalidRequest, "max_age", "max_age must be a number of seconds")
	}
	r.MaxAge = &seconds
	return nil
}

func checkClaims(in *input, r *Request) *Refusal {
	claims, err := parseClaims(in.Get("claims"))
	if err != nil {
		return r.Refuse(InvalidRequest, "claims", err.Error())
	}
	r.Claims = claims
	return nil
}

// checkResource follows RFC 8707 §2: an absolute URI without fragment, which the client
// may ask for.
func checkResource(in *input, r *Request) *Refusal {
	resource := in.Get("resource")
	if resource == "" {
		return nil
	}
	if u, err := url.Parse(resource); err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
		return r.Refuse(InvalidTarget, "resource", "the resource must be an absolute URI without fragment")
	}
	if !slices.ContainsFunc(in.may.Audiences, func(a string) bool { return SameResource(a, resource) }) {
		return r.Refuse(InvalidTarget, "resource", "this client may not ask for that resource")
	}
	r.Resource = resource
	return nil
}

// SameResource tells whether two resources are the same (RFC 8707): byte for byte, but for the
// slash of an empty path.
func SameResource(a, b string) bool { return trimEmptyPath(a) == trimEmptyPath(b) }

// trimEmptyPath drops the slash of a URI whose path is nothing else (RFC 3986 §6.2.3).
func trimEmptyPath(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	if rest != "" && strings.IndexByte(rest, '/') == len(rest)-1 {
		return uri[:len(uri)-1]
	}
	return uri
}

// checkRest keeps what is never wrong here. The id_token_hint is checked where the keys are.
func checkRest(in *input, r *Request) *Refusal {
	r.Nonce, r.IDTokenHint = in.Get("nonce"), in.Get("id_token_hint")
	r.LoginHint, r.UILocales, r.ACRValues = in.Get("login_hint"), in.Get("ui_locales"), in.Get("acr_values")
	return nil
}

// checkSize refuses a request whose canonical form no page could carry on.
func checkSize(in *input, r *Request) *Refusal {
	if 3*in.size <= MaxRequest || len(r.Canonical()) <= MaxRequest { // an encoded byte has three
		return nil
	}
	return r.Refuse(InvalidRequest, "", "the request is too large")
}
