package endpoints

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// Rule says who may call a route. Every route declares one.
type Rule string

// The rules. The OAuth endpoints authenticate as their standards say.
const (
	RuleProtocol Rule = "protocol" // what the endpoint's standard says
	RulePage     Rule = "page"     // for people in a browser: the cookie says who; a form of another site is refused
	RuleOpen     Rule = "open"     // anybody; the endpoint itself decides what they may do
	RuleSelf     Rule = "self"     // a user, for their own account
)

// scope is the scope that the rule demands of the access token.
func (r Rule) scope() string {
	if r == RuleSelf {
		return issuer.ScopeAccount
	}
	return issuer.ScopeAdmin
}

// apiHandler handles one method of one path of Signet's own API. It is called
// by authorizedHandler, after authorization.
type apiHandler interface {
	handle(ctx context.Context, req *apiRequest) (any, error)
}

// apiRequest is one request to an apiHandler.
type apiRequest struct {
	r         *http.Request
	e         *event
	body      string
	principal *issuer.Principal // nil under RuleOpen
	ifMatch   []string          // the condition of a change; nil for none

	admin *admin.Admin // under RuleAdmin and RuleSuperAdmin
}

// identifier tells who the bearer of an access token is.
type identifier interface {
	Identify(ctx context.Context, accessToken issuer.Secret, scope string) (*issuer.Principal, error)
}

// authorizedHandler checks the rule before it calls the handler.
type authorizedHandler struct {
	issuer  identifier
	admins  adminAuthorizer
	limiter *limiter
	rule    Rule
	timeout time.Duration
	record  bool // the handler changes a record, in the state that If-Match names
	handler apiHandler
}

var _ endpoint = authorizedHandler{}

// handle reads the request before it takes a slot of the limiter, so that a slow sender
// holds none. It parses the body only after the caller is authorized.
func (h authorizedHandler) handle(r *http.Request, e *event) (any, error) {
	var token issuer.Secret
	var err error
	if h.rule != RuleOpen {
		if token, err = headerToken(r); err != nil {
			return nil, err
		}
	}
	req := &apiRequest{r: r, e: e}
	ifMatch, errIfMatch := precondition(r.Header)
	if isRead := r.Method == http.MethodGet || r.Method == http.MethodHead; !isRead {
		req.ifMatch = ifMatch
	}
	if req.body, err = readBody(r); err != nil {
		return nil, err
	}
	ctx, release, err := h.limiter.acquire(r.Context(), h.timeout)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := h.authorize(ctx, req, token); err != nil {
		return nil, err
	}
	switch {
	case errIfMatch != nil:
		return nil, errIfMatch
	case req.ifMatch != nil && !h.record && !slices.Contains(req.ifMatch, "*"):
		return nil, admin.ErrPreconditionFailed // the resource has no entity tag, so none matches
	}
	value, err := h.handler.handle(ctx, req)
	if err != nil || req.ifMatch != nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return value, err
	}
	return conditionalRead(r.Header, ifMatch, value)
}

func (h authorizedHandler) authorize(ctx context.Context, req *apiRequest, token issuer.Secret) (err error) {
	switch h.rule {
	case RuleOpen:
		return nil
	case RuleSelf, RuleAdmin, RuleSuperAdmin:
	default:
		return errInternal // an unknown rule rejects everybody
	}
	if req.principal, err = h.issuer.Identify(ctx, token, h.rule.scope()); err != nil {
		return err
	}
	req.e.actor, req.e.clientID = req.principal.UserID(), req.principal.ClientID()
	if h.rule == RuleSelf {
		return nil
	}
	if req.admin, err = h.admins.As(ctx, req.principal, req.source()); err == nil && h.rule == RuleSuperAdmin {
		err = req.admin.RequireSuperAdmin()
	}
	return err
}

// headerToken returns the access token of the Authorization header (RFC 6750 §2.1), the
// only place that is read. Credentials of another scheme are ignored.
func headerToken(r *http.Request) (issuer.Secret, error) {
	header, headers := authorizationHeader(r)
	if headers > 1 {
		return "", errMultipleAuthHeaders
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoToken
	}
	return issuer.Secret(strings.TrimLeft(token, " ")), nil
}

// source returns the origin of the request, for throttling and the audit log.
func (req *apiRequest) source() issuer.RequestInfo {
	src := req.e.source()
	if req.principal != nil {
		src.Actor = req.principal.UserID()
	}
	src.IfMatch = req.ifMatch
	return src
}

// decodeBody parses the body by the schema.
func (req *apiRequest) decodeBody(s schema) (jsonObject, error) {
	if !isJSONType(req.r.Header.Values("Content-Type")) {
		return nil, errJSONType
	}
	return parseObject(req.body, s)
}

var errUnwantedBody = badRequest("this takes no body")

// rejectBody returns an error if the request has a body.
func (req *apiRequest) rejectBody() error {
	if req.body != "" {
		return errUnwantedBody
	}
	return nil
}

// pathParam returns a parameter of the path.
func (req *apiRequest) pathParam(name string) string { return mux.Vars(req.r)[name] }

var errQueryEncoding = badRequest("the query is not well-formed")

// queryParameterError names what may be given, each once: the name that was given may be anything.
func queryParameterError(allowed []string) error {
	if len(allowed) == 0 {
		return badRequest("unknown query parameter: there are none here")
	}
	return badRequest("unknown or duplicate query parameter: there are " + strings.Join(allowed, ", ") + ", each once")
}

// query returns the parameters of the URL. One that is not allowed, or is given twice, is an error.
func (req *apiRequest) query(allowed ...string) (map[string]string, error) {
	values, err := url.ParseQuery(req.r.URL.RawQuery)
	if err != nil {
		return nil, errQueryEncoding
	}
	q := map[string]string{}
	for name, list := range values {
		if !slices.Contains(allowed, name) || len(list) != 1 {
			return nil, queryParameterError(allowed)
		}
		if !validText(list[0], false) || len(list[0]) > maxQueryValue {
			return nil, errQueryEncoding
		}
		q[name] = list[0]
	}
	return q, nil
}

// maxQueryValue bounds a parameter of a URL, in bytes.
const maxQueryValue = 1024

// page reads which page of a list is asked for, and the filters allowed.
func (req *apiRequest) page(filters ...string) (storage.Page, map[string]string, error) {
	q, err := req.query(append(filters, "limit", "after")...)
	if err != nil {
		return storage.Page{}, nil, err
	}
	p := storage.Page{After: q["after"]}
	if text, given := q["limit"]; given {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > storage.MaxPage {
			return storage.Page{}, nil, &issuer.FieldError{Field: "limit", Reason: "must lie between 1 and " + strconv.Itoa(storage.MaxPage)}
		}
		p.Limit = n
	}
	return p, q, nil
}
