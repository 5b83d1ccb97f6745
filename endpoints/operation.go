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
	"example.org/signet/storage"
)

// Rule is who may ask for a route. Every route declares one.
type Rule string

// The rules. The OAuth endpoints have their protocol's own.
const (
	RuleProtocol Rule = "protocol" // as the endpoint's standard has it
	RuleOpen     Rule = "open"     // anybody; what they may do is for the endpoint to say
	RuleSelf     Rule = "self"     // a user, about themselves
)

// An operation is one method on one path of Signet's own API. The guard has
// checked who asks before it is asked.
type operation interface {
	act(ctx context.Context, c *call) (any, error)
}

// call is one request to an operation.
type call struct {
	r    *http.Request
	e    *event
	body string
	who  *issuer.Principal // nil under RuleOpen

	admin *issuer.Administrator // under RuleAdmin and RuleSuperAdmin
}

// identifier tells who asks, and as what.
type identifier interface {
	administration
	Identify(ctx context.Context, accessToken issuer.Secret) (*issuer.Principal, error)
}

// guard lets in whom the rule allows, and only then asks the operation.
type guard struct {
	issuer    identifier
	gate      *gate
	rule      Rule
	patience  time.Duration
	operation operation
}

var _ endpoint = guard{}

// answer reads the request, which a slow sender can hold up, before it takes a
// place at the gate; nothing is parsed for somebody who may not ask.
func (g guard) answer(r *http.Request, e *event) (any, error) {
	var token issuer.Secret
	var err error
	if g.rule != RuleOpen {
		if token, err = headerToken(r); err != nil {
			return nil, err
		}
	}
	c := &call{r: r, e: e}
	if c.body, err = readBody(r); err != nil {
		return nil, err
	}
	ctx, leave, err := g.gate.enter(r.Context(), g.patience)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := g.admit(ctx, c, token); err != nil {
		return nil, err
	}
	return g.operation.act(ctx, c)
}

func (g guard) admit(ctx context.Context, c *call, token issuer.Secret) (err error) {
	switch g.rule {
	case RuleOpen:
		return nil
	case RuleSelf, RuleAdmin, RuleSuperAdmin:
	default:
		return errPanicked // a rule that nobody checks lets nobody in
	}
	if c.who, err = g.issuer.Identify(ctx, token); err != nil {
		return err
	}
	c.e.actor, c.e.clientID = c.who.UserID(), c.who.ClientID()
	if g.rule != RuleSelf {
		c.admin, err = g.issuer.Administer(ctx, c.who, string(g.rule), c.source())
	}
	return err
}

// headerToken is the access token of a request (RFC 6750 §2.1), the only place
// where one is looked for. Another scheme's credentials are none.
func headerToken(r *http.Request) (issuer.Secret, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", errTwoHeaders
	}
	if len(headers) == 0 {
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoToken
	}
	return issuer.Secret(strings.TrimLeft(token, " ")), nil
}

// source says for throttling and the audit log where the request came from.
func (c *call) source() issuer.RequestInfo {
	src := c.e.source()
	if c.who != nil {
		src.Actor = c.who.UserID()
	}
	return src
}

// object is the body; every operation says what it may hold.
func (c *call) object(s shape) (object, error) {
	if !isJSON(c.r.Header.Values("Content-Type")) {
		return nil, errJSONType
	}
	return parseObject(c.body, s)
}

var errUnwantedBody = badRequest("this takes no body")

// nothing refuses a body where there is none to be.
func (c *call) nothing() error {
	if c.body != "" {
		return errUnwantedBody
	}
	return nil
}

// place is a part of the path that names something.
func (c *call) place(name string) string { return mux.Vars(c.r)[name] }

var (
	errQueryText = badRequest("the query is not well-formed")
	errQueryName = badRequest("the query has a parameter that is not known here, or one twice")
)

// query reads the parameters of the URL, of which only the named are taken.
func (c *call) query(allowed ...string) (map[string]string, error) {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, errQueryText
	}
	q := map[string]string{}
	for name, list := range values {
		if !slices.Contains(allowed, name) || len(list) != 1 {
			return nil, errQueryName
		}
		if !wellFormed(list[0], false) || len(list[0]) > maxQueryValue {
			return nil, errQueryText
		}
		q[name] = list[0]
	}
	return q, nil
}

// maxQueryValue bounds a parameter of a URL, in bytes.
const maxQueryValue = 1024

// page reads which page of a list is asked for, and the filters allowed.
func (c *call) page(filters ...string) (storage.Page, map[string]string, error) {
	q, err := c.query(append(filters, "limit", "after")...)
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

// when is the condition that the request puts on the record's state.
func (c *call) when() (issuer.Precondition, error) { return precondition(c.r.Header) }
