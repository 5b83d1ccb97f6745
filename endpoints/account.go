package endpoints

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
)

// Pages of the account, below the issuer's path. A GET of a path that takes a form leads to
// the page of the form.
const (
	pathAccountProfile        = "/account/profile"
	pathAccountPassword       = "/account/password"
	pathAccountConfirmAddress = "/account/email/confirm"
	pathAccountSessions       = "/account/sessions"
	pathAccountEnd            = "/account/sessions/end"
	pathAccountEndAll         = "/account/sessions/end-all"
	pathAccountApps           = "/account/apps"
	pathAccountSignOut        = "/account/apps/sign-out"
	pathAccountWithdraw       = "/account/apps/withdraw"
)

// accountService is what people do on the pages of the account. The operations are those of /me.
type accountService interface {
	accountProvider
	accountUpdater
	passwordChanger
	consentOwner
	browserOwner
	factorOwner
	addressOwner
	linkOwner
}

// addressOwner confirms the address of the user who asks.
type addressOwner interface {
	AskConfirmation(ctx context.Context, p *issuer.Principal, info issuer.RequestInfo) error
}

// browserOwner shows and ends where the user who asks is signed in.
type browserOwner interface {
	SignedIn(ctx context.Context, p *issuer.Principal) (issuer.SignedIn, error)
	EndBrowserSession(ctx context.Context, p *issuer.Principal, handle string, info issuer.RequestInfo) error
	EndApplication(ctx context.Context, p *issuer.Principal, sessionID string, info issuer.RequestInfo) error
	SignOutEverywhere(ctx context.Context, p *issuer.Principal, keep bool, info issuer.RequestInfo) (*issuer.BrowserCookie, error)
	Use(ctx context.Context, p *issuer.Principal) error
}

// accountPages is what the endpoints of the account share.
type accountPages struct {
	signIn interface {
		Session(ctx context.Context, cookie issuer.Secret) (*issuer.BrowserUser, error)
		Connectors(ctx context.Context) ([]issuer.ConnectorView, error)
	}
	service accountService
	limiter *limiter
	site    *pageSite
}

// accountVisit is one request of somebody who is signed in.
type accountVisit struct {
	principal  *issuer.Principal
	info       issuer.RequestInfo
	lang       string
	notice     pages.Notice
	problem    pages.Problem // why the form is shown again
	retryAfter time.Duration
	typed      *pages.User // of the profile, where it is shown again
	linkable   bool        // people can sign in at other providers

	sent           map[string]string // the form of the profile, where it is shown again
	wrongAttribute string            // of that form; "" for none
}

// showFunc is a method of accountPages that makes the view of one page.
type showFunc = func(accountPages, context.Context, *accountVisit) (pages.View, error)

// performFunc is a method of accountPages that does what one form asks for.
type performFunc = func(accountPages, context.Context, *accountVisit, map[string]string) (done, error)

// accountEndpoint shows one page of the account.
type accountEndpoint struct {
	accountPages
	show showFunc
}

var _ endpoint = accountEndpoint{}

func (p accountEndpoint) handle(r *http.Request, e *event) (any, error) {
	ctx, release, err := p.limiter.acquire(r.Context(), p.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := p.visit(ctx, r, e)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return p.toLogin(nil), nil
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "" || site == "same-origin" { // no other site tells people what they have done
		v.notice = pages.Notice(r.URL.Query().Get("done"))
	}
	return p.page(ctx, v, p.show)
}

// visit finds out who is signed in; nil for nobody, and for a user who must change the password
// first: both are for the login page.
func (a accountPages) visit(ctx context.Context, r *http.Request, e *event) (*accountVisit, error) {
	user, err := a.signIn.Session(ctx, a.site.cookies.read(r))
	if err != nil || user == nil {
		return nil, err
	}
	v := &accountVisit{principal: user.Principal(), info: e.source(), lang: a.site.language(r, "")}
	v.info.Language = v.lang
	e.actor = v.principal.UserID()
	offered, err := a.signIn.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	v.linkable = len(offered) > 0
	return v, a.service.Use(ctx, v.principal)
}

// toLogin leads to the login page, which leads back to the account. It clears a dead cookie.
func (a accountPages) toLogin(cookie *issuer.BrowserCookie) pageReply {
	return pageReply{location: a.site.base + pathLogin, cookie: cookie}
}

// page shows a page of the account.
func (a accountPages) page(ctx context.Context, v *accountVisit, show showFunc) (any, error) {
	view, err := show(a, ctx, v)
	if isEnded(err) {
		return a.toLogin(nil), nil
	}
	if err != nil {
		return nil, err
	}
	return pageReply{status: statusOfProblem(v.problem), view: view, retryAfter: v.retryAfter}, nil
}

// isEnded tells whether an error says that the browser session, or its user, is gone since the
// request was let in.
func isEnded(err error) bool {
	var e *issuer.Error
	return errors.As(err, &e) && e.Code == issuer.InvalidToken
}

// done is what a form has led to: what the page says then, and the cookie, nil for no change.
type done struct {
	notice pages.Notice
	cookie *issuer.BrowserCookie
	view   pages.View // shown as the answer itself; nil for the page of the form
}

// accountForm takes one form of a page of the account.
type accountForm struct {
	accountPages
	fields  []string
	page    string // the path of the page that it is on
	show    showFunc
	slow    bool // hashes passwords
	perform performFunc
}

var _ endpoint = accountForm{}

func (f accountForm) handle(r *http.Request, e *event) (any, error) {
	if r.Method != http.MethodPost {
		return pageReply{location: f.site.base + f.page}, nil
	}
	if err := f.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, f.fields...)
	if err != nil {
		return nil, err
	}
	timeout := f.limiter.storeTimeout
	if f.slow {
		timeout = f.limiter.loginTimeout
	}
	ctx, release, err := f.limiter.acquire(r.Context(), timeout)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := f.visit(ctx, r, e)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return f.toLogin(nil), nil
	}
	d, err := f.perform(f.accountPages, ctx, v, fields)
	switch {
	case isEnded(err):
		return f.toLogin(nil), nil
	case err != nil:
		return nil, err
	case d.view != nil:
		return pageReply{status: statusOfProblem(v.problem), view: d.view, cookie: d.cookie}, nil
	case v.problem != pages.ProblemNone:
		return f.accountPages.page(ctx, v, f.show)
	case d.cookie != nil && d.cookie.Clear:
		return f.toLogin(d.cookie), nil
	}
	return pageReply{location: f.site.base + f.page + "?" + url.Values{"done": {string(d.notice)}}.Encode(), cookie: d.cookie}, nil
}

// accountPasswordEndpoint is a page whose form goes to its own path.
type accountPasswordEndpoint struct {
	page accountEndpoint
	form accountForm
}

var _ endpoint = accountPasswordEndpoint{}

func (p accountPasswordEndpoint) handle(r *http.Request, e *event) (any, error) {
	if r.Method == http.MethodPost {
		return p.form.handle(r, e)
	}
	return p.page.handle(r, e)
}
