package endpoints

import (
	"context"
	"errors"
	"net/http"
	"time"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/accountmail"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// Pages of what people do about their accounts by mail, below the issuer's path. The last two are
// where the links of mails lead.
const (
	pathForgot      = "/login/forgot"
	pathForgotCode  = "/login/forgot/code"
	pathPasswordNew = mail.PathPassword
	pathEmailVerify = mail.PathVerify
)

// AccountMail is the part of [accountmail.Service] that the pages use.
type AccountMail interface {
	passwordForgetter
	linkHolder
	linkMaker
	Sends() bool
	AskConfirmation(ctx context.Context, u storage.User, language string, info issuer.RequestInfo) error
}

var _ AccountMail = (*accountmail.Service)(nil)

// passwordForgetter sends the mail of who has forgotten their password, and takes its code.
type passwordForgetter interface {
	AskReset(ctx context.Context, name, language string, info issuer.RequestInfo) (accountmail.Asked, error)
	TryCode(ctx context.Context, request string, p accountmail.Proof, info issuer.RequestInfo) (token string, err error)
}

// linkHolder opens the links of mails, and uses them up.
type linkHolder interface {
	Open(ctx context.Context, token string, marks []string) (accountmail.Link, error)
	SetPassword(ctx context.Context, token string, p accountmail.Proof, pw issuer.Secret, info issuer.RequestInfo) error
	OpenAddress(ctx context.Context, token string) (storage.User, error)
	ConfirmAddress(ctx context.Context, token string, info issuer.RequestInfo) error
}

// linkMaker makes links by which users choose a password.
type linkMaker interface {
	PasswordLink(ctx context.Context, users admin.Users, id string, send bool, language string, info issuer.RequestInfo) (accountmail.PasswordLink, error)
}

// makePasswordLink is POST /api/v1/users/{id}/password-link.
func makePasswordLink(links linkMaker) adminHandler {
	return func(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
		b, err := req.decodeBody(schema{"send": kindBool, "language": kindString})
		if err != nil {
			return nil, err
		}
		return links.PasswordLink(ctx, a.Users(), req.pathParam("id"), b.isTrue("send"), b.str("language"), req.source())
	}
}

// mailPages is what these endpoints share.
type mailPages struct {
	mail    AccountMail
	limiter *limiter
	site    *pageSite
}

// mailForm is one request to a page: what it has sent, and where it came from.
type mailForm struct {
	query  string // the authorization request that goes on afterwards; "" for none
	fields map[string]string
	marks  []string // of the requests for mails that the browser has made
	info   issuer.RequestInfo
}

// proof is what the form says beside the link.
func (f mailForm) proof() accountmail.Proof {
	return accountmail.Proof{Marks: f.marks, Typed: issuer.Secret(f.fields["code"])}
}

// mailPage is one page with its form. show answers GET, and submit POST: nothing is changed by
// opening a link, since programs that look for malware do.
type mailPage struct {
	mailPages
	fields []string
	slow   bool // hashes a password
	show   func(mailPages, context.Context, mailForm) (any, error)
	submit func(mailPages, context.Context, mailForm) (any, error)
}

var _ endpoint = mailPage{}

func (p mailPage) handle(r *http.Request, e *event) (any, error) {
	f := mailForm{query: r.URL.RawQuery, marks: p.site.cookies.mailMarks(r), info: e.source()}
	f.info.Language = p.site.language(r, "")
	take, timeout := p.show, p.limiter.storeTimeout
	if r.Method == http.MethodPost {
		if err := p.site.checkOrigin(r); err != nil {
			return nil, err
		}
		var err error
		if f.fields, err = readPageForm(r, p.fields...); err != nil {
			return nil, err
		}
		if take = p.submit; p.slow {
			timeout = p.limiter.loginTimeout
		}
	} else {
		f.fields = map[string]string{"token": r.URL.Query().Get("token")}
	}
	ctx, release, err := p.limiter.acquire(r.Context(), timeout)
	if err != nil {
		return nil, err
	}
	defer release()
	return take(p.mailPages, ctx, f)
}

// url returns the path of a page, with the authorization request that goes on afterwards.
func (p mailPages) url(path string, f mailForm) string {
	if f.query == "" {
		return p.site.base + path
	}
	return p.site.base + path + "?" + f.query
}

// problemReply is a page with what was wrong.
func problemReply(view pages.View, problem pages.Problem, retry time.Duration) pageReply {
	return pageReply{status: statusOfProblem(problem), view: view, retryAfter: retry}
}

// throttled returns how long to wait, for an error that refuses too many attempts.
func throttled(err error) (time.Duration, bool) {
	var e *issuer.Error
	if errors.As(err, &e) && e.Code == issuer.TooManyAttempts {
		return e.RetryAfter, true
	}
	return 0, false
}

// linkEnded is the page of a link that cannot be used.
func (p mailPages) linkEnded() pageReply {
	view := pages.MailDoneView{Done: pages.MailLinkEnded}
	if p.mail.Sends() {
		view.URL = p.site.base + pathForgot
	}
	return pageReply{status: http.StatusBadRequest, view: view}
}

// showForgot asks who has forgotten their password.
func (p mailPages) showForgot(_ context.Context, f mailForm) (any, error) {
	return pageReply{view: p.forgotView(f, pages.ProblemNone, 0)}, nil
}

func (p mailPages) forgotView(f mailForm, problem pages.Problem, retry time.Duration) pages.ForgotView {
	return pages.ForgotView{
		Action: p.url(pathForgot, f), BackURL: p.url(pathLogin, f), Username: f.fields["username"], Problem: problem, RetryAfter: retry,
	}
}

// forgot sends the mail, if there is somebody to get it. The answer does not tell.
func (p mailPages) forgot(ctx context.Context, f mailForm) (any, error) {
	if f.fields["username"] == "" {
		return problemReply(p.forgotView(f, pages.ProblemMissing, 0), pages.ProblemMissing, 0), nil
	}
	asked, err := p.mail.AskReset(ctx, f.fields["username"], f.info.Language, f.info)
	if retry, full := throttled(err); full {
		return problemReply(p.forgotView(f, pages.ProblemThrottled, retry), pages.ProblemThrottled, retry), nil
	}
	if err != nil {
		return nil, err
	}
	return pageReply{view: p.codeView(f, asked.Request, pages.ProblemNone, 0), others: []*http.Cookie{p.site.cookies.withMailMark(f.marks, asked.Mark)}}, nil
}

func (p mailPages) codeView(f mailForm, request string, problem pages.Problem, retry time.Duration) pages.ForgotCodeView {
	return pages.ForgotCodeView{Action: p.url(pathForgotCode, f), AgainURL: p.url(pathForgot, f), Request: request, Problem: problem, RetryAfter: retry}
}

// toForgot leads who opens the page of the code by its URL to the beginning.
func (p mailPages) toForgot(_ context.Context, f mailForm) (any, error) {
	return pageReply{location: p.url(pathForgot, f)}, nil
}

// tryCode goes on to the new password.
func (p mailPages) tryCode(ctx context.Context, f mailForm) (any, error) {
	request := f.fields["request"]
	token, err := p.mail.TryCode(ctx, request, f.proof(), f.info)
	if retry, full := throttled(err); full {
		return problemReply(p.codeView(f, request, pages.ProblemThrottled, retry), pages.ProblemThrottled, retry), nil
	}
	switch {
	case errors.Is(err, accountmail.ErrCode):
		return problemReply(p.codeView(f, request, pages.ProblemMailCodeWrong, 0), pages.ProblemMailCodeWrong, 0), nil
	case errors.Is(err, accountmail.ErrBrowser):
		return problemReply(p.codeView(f, request, pages.ProblemMailBrowser, 0), pages.ProblemMailBrowser, 0), nil
	case errors.Is(err, accountmail.ErrLink):
		return p.linkEnded(), nil
	case err != nil:
		return nil, err
	}
	f.fields = map[string]string{"token": token}
	return p.setPasswordPage(ctx, f, pages.ProblemNone, 0)
}

// showSetPassword is the page that a link leads to. The form goes on without the link's query.
func (p mailPages) showSetPassword(ctx context.Context, f mailForm) (any, error) {
	f.query = ""
	return p.setPasswordPage(ctx, f, pages.ProblemNone, 0)
}

func (p mailPages) setPasswordPage(ctx context.Context, f mailForm, problem pages.Problem, retry time.Duration) (any, error) {
	link, err := p.mail.Open(ctx, f.fields["token"], f.marks)
	switch {
	case errors.Is(err, accountmail.ErrLink):
		return p.linkEnded(), nil
	case err != nil:
		return nil, err
	}
	return problemReply(pages.SetPasswordView{
		Action: p.url(pathPasswordNew, f), Token: f.fields["token"], User: pages.User{Username: link.User.Username}, First: link.Invitation,
		PasswordMin: password.MinLength, AskCode: link.NeedsCode, Code: f.fields["code"], Problem: problem, RetryAfter: retry,
	}, problem, retry), nil
}

// setPassword uses the link up. Nobody is signed in by it.
func (p mailPages) setPassword(ctx context.Context, f mailForm) (any, error) {
	pw := f.fields["new_password"]
	if again, sent := f.fields["new_password_again"]; sent && again != pw {
		return p.setPasswordPage(ctx, f, pages.ProblemPasswordMismatch, 0)
	}
	err := p.mail.SetPassword(ctx, f.fields["token"], f.proof(), issuer.Secret(pw), f.info)
	if retry, full := throttled(err); full {
		return p.setPasswordPage(ctx, f, pages.ProblemThrottled, retry)
	}
	var refused *issuer.FieldError
	switch {
	case errors.Is(err, accountmail.ErrCode):
		return p.setPasswordPage(ctx, f, pages.ProblemMailLinkCode, 0)
	case errors.As(err, &refused):
		return p.setPasswordPage(ctx, f, pages.Problem(issuer.PasswordProblem(refused)), 0)
	case errors.Is(err, accountmail.ErrLink):
		return p.linkEnded(), nil
	case err != nil:
		return nil, err
	}
	return pageReply{view: pages.MailDoneView{Done: pages.MailPasswordSet, URL: p.url(pathLogin, f)}}, nil
}

// showConfirm asks whether the address is the user's.
func (p mailPages) showConfirm(ctx context.Context, f mailForm) (any, error) {
	u, err := p.mail.OpenAddress(ctx, f.fields["token"])
	switch {
	case errors.Is(err, accountmail.ErrLink):
		return p.linkEnded(), nil
	case err != nil:
		return nil, err
	}
	return pageReply{view: pages.ConfirmAddressView{
		Action: p.site.base + pathEmailVerify, Token: f.fields["token"], User: pages.User{Username: u.Username, Email: u.Email},
	}}, nil
}

// confirm uses the link up.
func (p mailPages) confirm(ctx context.Context, f mailForm) (any, error) {
	switch err := p.mail.ConfirmAddress(ctx, f.fields["token"], f.info); {
	case errors.Is(err, accountmail.ErrLink):
		return p.linkEnded(), nil
	case err != nil:
		return nil, err
	}
	return pageReply{view: pages.MailDoneView{Done: pages.MailAddressConfirmed, URL: p.site.base + pathAccount}}, nil
}

// mountAccountMail mounts these pages. Links work without mail: somebody may hand them over.
func (m *routeBuilder) mountAccountMail(s AccountMail) {
	if s == nil {
		return
	}
	shared := mailPages{s, m.limiter, m.site}
	both := []string{http.MethodGet, http.MethodHead, http.MethodPost}
	page := func(path string, p mailPage) {
		p.mailPages = shared
		m.route(route{path: path, methods: both, errorFormat: pageErrors, endpoint: p})
	}
	page(pathPasswordNew, mailPage{fields: []string{"token", "code", "new_password", "new_password_again"}, slow: true, show: mailPages.showSetPassword, submit: mailPages.setPassword})
	page(pathEmailVerify, mailPage{fields: []string{"token"}, show: mailPages.showConfirm, submit: mailPages.confirm})
	if s.Sends() {
		page(pathForgot, mailPage{fields: []string{"username"}, show: mailPages.showForgot, submit: mailPages.forgot})
		page(pathForgotCode, mailPage{fields: []string{"request", "code"}, show: mailPages.toForgot, submit: mailPages.tryCode})
	}
}
