package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
)

// logoutHandler is the part of [issuer.Issuer] that the logout endpoint uses.
type logoutHandler interface {
	Logout(ctx context.Context, r issuer.LogoutRequest) (issuer.LogoutOutcome, error)
}

// logoutEndpoint is the end_session_endpoint (OpenID Connect RP-Initiated Logout 1.0 §2) with
// its confirmation page. A POST is either the form of that page, or a client's request: the
// latter is redirected to GET, since the cookie does not come with a form of another site.
type logoutEndpoint struct {
	issuer  logoutHandler
	limiter *limiter
	site    *pageSite
}

var _ endpoint = logoutEndpoint{}

func (l logoutEndpoint) handle(r *http.Request, e *event) (any, error) {
	if r.Method == http.MethodHead {
		return pageReply{}, nil // nobody is signed out by a program that looks at links
	}
	req := issuer.LogoutRequest{Params: r.URL.RawQuery, Cookie: l.site.cookies.read(r), Info: e.source()}
	if r.Method == http.MethodPost {
		body, err := readPageBody(r)
		if err != nil {
			return nil, err
		}
		if !issuer.LogoutConfirmed(body) {
			return l.redirectToGet(body)
		}
		if err := l.site.checkOrigin(r); err != nil {
			return nil, err
		}
		req.Params, req.Form = body, true
	}
	out, err := l.run(r, req)
	if err != nil {
		return nil, &pageError{cause: err, retryURL: l.url(issuer.LogoutRetry(req.Params))}
	}
	return l.answer(e, out)
}

func (l logoutEndpoint) run(r *http.Request, req issuer.LogoutRequest) (issuer.LogoutOutcome, error) {
	ctx, release, err := l.limiter.acquire(r.Context(), l.limiter.storeTimeout)
	if err != nil {
		return issuer.LogoutOutcome{}, err
	}
	defer release()
	return l.issuer.Logout(ctx, req)
}

// url is the path of the endpoint with a query.
func (l logoutEndpoint) url(query string) string {
	if query != "" {
		query = "?" + query
	}
	return l.site.base + pathLogout + query
}

func (l logoutEndpoint) redirectToGet(body string) (any, error) {
	query, refusal := issuer.LogoutQuery(body)
	if refusal != nil {
		return nil, l.refusalError(issuer.LogoutOutcome{Refusal: refusal})
	}
	return pageReply{location: l.url(query)}, nil
}

// answer returns what is due.
func (l logoutEndpoint) answer(e *event, out issuer.LogoutOutcome) (any, error) {
	e.refusal = out.Problem
	if out.Client != nil {
		e.clientID = out.Client.ID
	}
	reply := pageReply{cookie: out.Cookie, locales: out.UILocales}
	switch out.Step {
	case issuer.LogoutRefused:
		return nil, l.refusalError(out)
	case issuer.LogoutConfirm:
		reply.view = l.confirmView(out)
	case issuer.LogoutRedirect:
		reply.location = out.RedirectURL
	default:
		view := pages.SignedOutView{Client: l.site.clientView(out.Client)}
		if out.Client != nil {
			view.BackURL = out.Client.HomeURI
		}
		reply.view = view
	}
	return reply, nil
}

func (l logoutEndpoint) confirmView(out issuer.LogoutOutcome) pages.LogoutView {
	v := pages.LogoutView{Action: l.url(""), Client: l.site.clientView(out.Client), User: userView(out.User)}
	for _, f := range out.Fields {
		v.Fields = append(v.Fields, pages.Field{Name: f.Name, Value: f.Value})
	}
	return v
}

// refusalError returns the error page of a refused request. It leads on to a logout of which
// no application is part.
func (l logoutEndpoint) refusalError(out issuer.LogoutOutcome) *pageError {
	status := http.StatusBadRequest
	if out.Refusal.TooLarge {
		status = http.StatusRequestURITooLong
	}
	return &pageError{
		cause: &httpError{status: status, code: string(issuer.InvalidRequest), description: out.Refusal.Description},
		kind:  pages.ErrorLogout, client: l.site.clientView(out.Client), retryURL: l.url(""), locales: out.UILocales,
	}
}
