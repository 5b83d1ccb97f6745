package endpoints

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// pathConsole is the first page of the console. All others are below it.
const pathConsole = "/console"

// consoleFresh is how old a sign-in may be for a dangerous change.
const consoleFresh = 5 * time.Minute

// consoleAccess finds out who uses the console.
type consoleAccess interface {
	// visitor returns who asks, and the cookie that the answer sets; no principal for nobody.
	visitor(ctx context.Context, r *http.Request, e *event) (*issuer.Principal, *http.Cookie, error)

	// signIn returns the URL that leads to the sign-in and back to a page of this server. fresh asks
	// for a new one, whoever is signed in.
	signIn(page string, fresh bool) string

	// signOut is the path that the button "Sign out" posts to.
	signOut() string
}

// consolePages is what the endpoints of the console share.
type consolePages struct {
	access   consoleAccess
	admins   adminAuthorizer
	limiter  *limiter
	site     *pageSite
	csrf     *http.CrossOriginProtection
	console  *console.Console
	instance instanceEndpoints
	first    bootstrapper
	links    linkMaker // nil where nobody makes links by which users choose a password
	sends    bool      // mails are sent
}

// consoleVisit is one request of an administrator.
type consoleVisit struct {
	admin     *admin.Admin
	principal *issuer.Principal
	info      issuer.RequestInfo
	now       time.Time
	base      string              // the path of the issuer's URL
	lang      string              // of the page
	path      map[string]string   // the parts of the path that stand for names
	query     url.Values          // of the URL
	sent      map[string][]string // the fields of the form; nil where the page is asked for
	notice    console.Text
	problem   console.Text
	status    int                     // with a problem; 0 is 400
	wrong     map[string]console.Text // what is wrong with which field
	cookie    *http.Cookie
}

// consoleShow makes a page.
type consoleShow = func(ctx context.Context, v *consoleVisit) (console.Page, error)

// consolePage is one page.
type consolePage struct {
	path string // below /console; parts in braces stand for names
	show consoleShow
}

// consoleForm takes one form. A GET of its path leads to the page that it is on.
type consoleForm struct {
	path      string   // below /console
	fields    []string // that it sends, revision and confirm aside
	many      []string // those of them that may come several times
	on        string   // the path of the page that it is on, with the same parts in braces
	show      consoleShow
	dangerous bool // needs a sign-in of the last five minutes
	slow      bool // hashes passwords
	perform   consolePerform
}

// consolePerform does what a form asks for. With v.problem set, by explain for one, the page is
// shown again.
type consolePerform = func(ctx context.Context, v *consoleVisit) (consoleDone, error)

// consoleDone is what a form has led to: a redirect to a page, or a page that is the answer
// itself, for what is shown once.
type consoleDone struct {
	to     string // a path below /console; "" for the page of the form
	notice string // the key of what that page says
	page   *console.Page

	askFresh bool // nothing was done: what was asked for needs a fresh sign-in
}

// consolePart is what one part of the console adds.
type consolePart struct {
	pages []consolePage
	forms []consoleForm
}

// newConsolePages builds the console over the parts of an issuer.
func newConsolePages(cfg Config, lim *limiter, site *pageSite, instance instanceEndpoints) *consolePages {
	built, err := console.New(site.base)
	if err != nil {
		panic("the console's texts: " + err.Error()) // they are part of the program
	}
	csrf := http.NewCrossOriginProtection()
	if u, err := url.Parse(cfg.ConsoleURL); err != nil || csrf.AddTrustedOrigin(u.Scheme+"://"+u.Host) != nil {
		panic("the console's URL is none: " + cfg.ConsoleURL) // validated before
	}
	c := &consolePages{csrf: csrf, instance: instance, first: cfg.Admin, access: newConsoleSignIn(cfg, site), admins: cfg.Admin, limiter: lim, site: site, console: built}
	if cfg.AccountMail != nil {
		c.links, c.sends = cfg.AccountMail, cfg.AccountMail.Sends()
	}
	return c
}

// parts returns all parts of the console.
func (c *consolePages) parts() []consolePart {
	return []consolePart{
		overviewPages{c}.part(), peoplePages{c}.part(), applicationPages{c}.part(), connectorPages{c}.part(), definitionPages{c}.part(), rolePages{c}.part(), keyPages{c}.part(), sessionPages{c}.part(),
		auditPages{c}.part(),
	}
}

// mountConsole mounts the pages and forms of the console.
func (m *routeBuilder) mountConsole(c *consolePages) {
	both := append(slices.Clone(readMethods), http.MethodPost)
	m.mountConsoleSignIn(c)
	for _, part := range c.parts() {
		forms := map[string]consoleForm{}
		for _, f := range part.forms {
			forms[f.path] = f
		}
		for _, p := range part.pages {
			e := consoleEndpoint{c, p, nil}
			methods := readMethods
			if f, ok := forms[p.path]; ok {
				e.form, methods = &f, both
				delete(forms, p.path)
			}
			m.route(route{path: pathConsole + p.path, methods: methods, errorFormat: pageErrors, endpoint: e})
		}
		for _, path := range slices.Sorted(maps.Keys(forms)) {
			f := forms[path]
			m.route(route{path: pathConsole + path, methods: both, errorFormat: pageErrors, endpoint: consoleEndpoint{c, consolePage{}, &f}})
		}
	}
}

// consoleEndpoint is a page, a form, or both at one path.
type consoleEndpoint struct {
	*consolePages
	page consolePage
	form *consoleForm
}

var _ endpoint = consoleEndpoint{}

func (c consoleEndpoint) handle(r *http.Request, e *event) (any, error) {
	if r.Method == http.MethodPost {
		return c.take(r, e)
	}
	if c.page.show == nil {
		return pageReply{location: c.site.base + pathConsole + fillPath(c.form.on, mux.Vars(r))}, nil
	}
	ctx, release, err := c.limiter.acquire(r.Context(), c.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := c.visit(ctx, r, e, nil)
	if err != nil || v.admin == nil {
		return c.refuse(r, v, err)
	}
	if key := v.query.Get("done"); key != "" && c.console.Has(key) && isOwnSite(r) {
		v.notice = console.T(key)
	}
	return c.reply(ctx, v, c.page.show)
}

// isOwnSite tells whether no other site has led here: none tells people what they have done.
func isOwnSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin"
}

// take performs a form.
func (c consoleEndpoint) take(r *http.Request, e *event) (any, error) {
	if err := c.checkOrigin(r); err != nil {
		return nil, err
	}
	sent, err := readConsoleForm(r, append(slices.Clone(c.form.fields), "revision", "confirm"), c.form.many)
	if err != nil {
		return nil, err
	}
	timeout := c.limiter.storeTimeout
	if c.form.slow {
		timeout = c.limiter.loginTimeout
	}
	ctx, release, err := c.limiter.acquire(r.Context(), timeout)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := c.visit(ctx, r, e, sent)
	if err != nil || v.admin == nil {
		return c.refuse(r, v, err)
	}
	if c.form.dangerous && !v.isFresh() {
		return c.askFresh(v, c.form.on)
	}
	d, err := c.form.perform(ctx, v)
	switch {
	case err == nil && d.askFresh:
		return c.askFresh(v, c.form.on)
	case err != nil:
		return nil, err
	case d.page != nil:
		return c.render(v, *d.page)
	case !v.problem.IsZero():
		return c.reply(ctx, v, c.form.show)
	}
	to := d.to
	if to == "" {
		to = fillPath(c.form.on, v.path)
	}
	if d.notice != "" {
		to += "?" + url.Values{"done": {d.notice}}.Encode()
	}
	return pageReply{location: c.site.base + pathConsole + to, others: v.cookies()}, nil
}

// checkOrigin refuses a form of another site. On a listener of its own the console has an origin of
// its own.
func (c *consolePages) checkOrigin(r *http.Request) error {
	if c.csrf.Check(r) == nil {
		return nil
	}
	refusal := *errCrossSite
	refusal.retryURL = c.site.base + pathConsole
	return &refusal
}

// visit finds out who asks. The visit has no admin where nobody is signed in, or somebody who is
// no administrator.
func (c *consolePages) visit(ctx context.Context, r *http.Request, e *event, sent map[string][]string) (*consoleVisit, error) {
	v := &consoleVisit{
		info: e.source(), now: c.site.now(), base: c.site.base, lang: c.site.language(r, ""), query: r.URL.Query(), sent: sent, path: map[string]string{},
		wrong: map[string]console.Text{},
	}
	for name, value := range mux.Vars(r) {
		text, err := url.PathUnescape(value)
		if err != nil || !validText(text, false) {
			return nil, errNoSuchPage
		}
		v.path[name] = text
	}
	var err error
	if v.principal, v.cookie, err = c.access.visitor(ctx, r, e); err != nil || v.principal == nil {
		return v, err
	}
	e.actor = v.principal.UserID()
	v.info.Language = v.lang
	if revision := v.field("revision"); revision != "" {
		v.info.IfMatch = []string{revision}
	}
	v.admin, err = c.admins.As(ctx, v.principal, v.info)
	if code := new(issuer.Error); errors.As(err, &code) && code.Code == issuer.InsufficientScope {
		return v, nil
	}
	return v, err
}

var errNoSuchPage = &httpError{status: http.StatusNotFound, code: codeNotFound, description: "no endpoint has this path"}

// refuse answers who is not let in.
func (c *consolePages) refuse(r *http.Request, v *consoleVisit, err error) (any, error) {
	switch {
	case isEnded(err), err == nil && v.principal == nil:
		page := sameURL(r)
		if r.Method == http.MethodPost {
			page = c.site.base + pathConsole
		}
		return pageReply{location: c.access.signIn(page, false)}, nil
	case err != nil:
		return nil, err
	}
	return c.render(v, console.Page{
		Name: "no_access", Title: console.T("shell.no_access_title"), Bare: true, Status: http.StatusForbidden,
		Blocks: []console.Block{console.Paragraph{Text: console.T("shell.no_access", "user", v.principal.User().Username)}},
	})
}

// isFresh tells whether the sign-in is recent enough for a dangerous change.
func (v *consoleVisit) isFresh() bool {
	age := v.now.Sub(v.principal.AuthTime())
	return age >= 0 && age <= consoleFresh
}

// askFresh asks for a fresh sign-in, which leads back to a page.
func (c *consolePages) askFresh(v *consoleVisit, path string) (any, error) {
	page := c.site.base + pathConsole + fillPath(path, v.path)
	v.status, v.problem = http.StatusForbidden, console.T("shell.problem_fresh")
	return c.render(v, console.Page{
		Name: "sign_in_again", Title: console.T("shell.sign_in_again"), Problem: v.problem, Status: v.status,
		Blocks: []console.Block{console.Actions{{Text: console.T("shell.sign_in_again"), URL: c.access.signIn(page, true)}}},
	})
}

// reply shows a page with what the visit has to say.
func (c *consolePages) reply(ctx context.Context, v *consoleVisit, show consoleShow) (any, error) {
	page, err := show(ctx, v)
	if err != nil {
		return nil, err
	}
	if page.Notice.IsZero() {
		page.Notice = v.notice
	}
	if page.Problem.IsZero() {
		page.Problem = v.problem
	}
	if page.Status == 0 {
		page.Status = v.status
	}
	return c.render(v, page)
}

func (c *consolePages) render(v *consoleVisit, page console.Page) (any, error) {
	view, err := c.console.View(page, v.lang, c.access.signOut())
	if err != nil {
		return nil, err
	}
	return pageReply{status: page.HTTPStatus(), view: view, others: v.cookies()}, nil
}

func (v *consoleVisit) cookies() []*http.Cookie {
	if v.cookie == nil {
		return nil
	}
	return []*http.Cookie{v.cookie}
}
