package endpoints

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
)

// pageReply is the answer of a page endpoint: a page, or a redirect.
type pageReply struct {
	status     int // 0 means 200, or 303 with location
	view       pages.View
	location   string // an absolute path here, or a URL of a client
	refresh    string // beside a view: a URL of a client, to which the page goes by itself at once
	cookie     *issuer.BrowserCookie
	others     []*http.Cookie // beside it
	locales    string         // ui_locales of the request
	retryAfter time.Duration
}

// pageError is an error with what its page shows beside it. What it wraps decides about
// status, code and description.
type pageError struct {
	cause    error
	kind     pages.ErrorKind // "" for that of the status
	client   *pages.Client
	details  pages.Details // of the request; the rest is filled in
	backURL  string
	retryURL string // "" for the same URL, if it was asked for by GET
	locales  string
	cookie   *issuer.BrowserCookie
}

func (e *pageError) Error() string { return e.cause.Error() }

func (e *pageError) Unwrap() error { return e.cause }

// pageSite is what all pages of an issuer share.
type pageSite struct {
	pages    *pages.Pages
	base     string // the path of the issuer's URL
	issuer   string
	forgot   bool // who has forgotten their password gets a mail
	loopback bool // only people on this machine see the pages
	cookies  cookieRule
	csrf     *http.CrossOriginProtection
	now      func() time.Time
}

func newPageSite(cfg Config, u *url.URL) *pageSite {
	csrf := http.NewCrossOriginProtection()
	// A proxy may change the Host that Origin is compared with.
	if err := csrf.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		panic("the issuer's origin: " + err.Error()) // validated before
	}
	host := u.Hostname()
	return &pageSite{
		forgot: cfg.AccountMail != nil && cfg.AccountMail.Sends(),
		pages:  cfg.Pages, base: u.EscapedPath(), issuer: cfg.Issuer, csrf: csrf, now: cfg.Now, cookies: newCookieRule(u),
		loopback: slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host),
	}
}

// errCrossSite refuses a form that another site has sent: CSRF, also of the login form.
var errCrossSite = &pageError{
	cause: &httpError{status: http.StatusForbidden, code: string(issuer.AccessDenied), description: "this form was sent by another site"},
	kind:  pages.ErrorCrossSite,
}

// checkOrigin refuses a POST from another site.
func (s *pageSite) checkOrigin(r *http.Request) error {
	if s.csrf.Check(r) == nil {
		return nil
	}
	refusal := *errCrossSite
	refusal.retryURL = sameURL(r)
	return &refusal
}

// sameURL is the path and query that were asked for.
func sameURL(r *http.Request) string {
	u := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	return u.RequestURI()
}

// language returns the language for the request.
func (s *pageSite) language(r *http.Request, locales string) string {
	return s.pages.Language(locales, strings.Join(r.Header.Values("Accept-Language"), ","))
}

// pagePermissions lets a page do nothing that it does not need.
const pagePermissions = "camera=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(self)"

// setHeaders sets what every answer of a page endpoint has. There is no
// Cross-Origin-Opener-Policy: a client that opened a popup would lose it.
func (s *pageSite) setHeaders(h http.Header, view pages.View) {
	policy := "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
	if view != nil {
		policy = cmp.Or(s.pages.CSP(view), policy)
	}
	maps.Copy(h, pageHeader)
	h.Set("Content-Security-Policy", policy)
}

// pageHeader is what setHeaders sets whatever the page. Its values are shared by all answers
// and never changed.
var pageHeader = http.Header{
	"X-Frame-Options":        {"DENY"},
	"Referrer-Policy":        {"no-referrer"},
	"X-Content-Type-Options": {"nosniff"},
	"Cache-Control":          {"no-store"},
	"Permissions-Policy":     {pagePermissions},
}

// write sends the answer of a page endpoint and returns the length of its body.
func (s *pageSite) write(w http.ResponseWriter, r *http.Request, reply pageReply) (status, size int, err error) {
	var body []byte
	if reply.view != nil {
		if body, err = s.pages.Render(reply.view, s.language(r, reply.locales)); err != nil {
			return 0, 0, err
		}
	}
	h := w.Header()
	s.setHeaders(h, reply.view)
	s.cookies.set(w, reply.cookie)
	for _, c := range reply.others {
		http.SetCookie(w, c)
	}
	setRetryAfter(h, reply.retryAfter)
	if reply.refresh != "" {
		h.Set("Refresh", "0;url="+reply.refresh) // works without script
	}
	if status = cmp.Or(reply.status, http.StatusOK); reply.location != "" {
		// RFC 9700 §4.12: 303 makes every browser go on with GET.
		status = http.StatusSeeOther
		h.Set("Location", reply.location)
	}
	if reply.view != nil {
		h.Set("Content-Type", htmlType)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	size, _ = w.Write(body) // a client that is gone cannot be told so
	return status, size, nil
}

// renderPage writes the answer of a page endpoint: a pageReply, or an error as HTML or JSON.
func (h *routeHandler) renderPage(w http.ResponseWriter, r *http.Request, e *event, value any, err error) {
	if reply, ok := value.(pageReply); ok && err == nil {
		if e.status, e.bytes, err = h.site.write(w, r, reply); err == nil {
			return
		}
	}
	if err == nil {
		err = errInternal
	}
	f := newErrorResponse(err)
	e.setError(r.Context(), f)
	f.setHeaders(w.Header(), h.route.errorFormat)
	var detail *pageError
	if !errors.As(err, &detail) {
		detail = &pageError{}
	}
	if wantsJSON(r.Header) {
		h.site.setHeaders(w.Header(), nil)
		h.site.cookies.set(w, detail.cookie)
		body := f.oauthBody()
		body.RequestID = e.requestID
		e.bytes = writeJSON(w, f.status, body)
		return
	}
	view := h.site.errorView(r, e, f, detail)
	reply := pageReply{status: f.status, view: view, cookie: detail.cookie, locales: detail.locales}
	if _, e.bytes, err = h.site.write(w, r, reply); err != nil {
		e.bytes = writeJSON(w, f.status, f.oauthBody()) // a page that cannot be rendered
	}
}

// errorView returns the page of an error.
func (s *pageSite) errorView(r *http.Request, e *event, f errorResponse, detail *pageError) pages.View {
	if f.status == http.StatusNotFound || f.status == http.StatusMethodNotAllowed {
		return pages.StatusView{Status: f.status, RequestID: e.requestID}
	}
	view := pages.ErrorView{
		Kind: cmp.Or(detail.kind, errorKind(f.status)), Client: detail.client, BackURL: detail.backURL,
		RetryURL: detail.retryURL, RetryAfter: f.retryAfter, Details: detail.details,
	}
	retryable := f.status == http.StatusServiceUnavailable || f.status == http.StatusTooManyRequests
	if retryable && view.RetryURL == "" {
		view.RetryURL = sameURL(r) // by GET: a form is never sent again
	}
	view.Details.Code, view.Details.Description = f.code, f.description
	view.Details.RequestID, view.Details.Time = e.requestID, s.now()
	return view
}

// errorKind returns the kind of page for a status.
func errorKind(status int) pages.ErrorKind {
	switch status {
	case http.StatusForbidden:
		return pages.ErrorForbidden
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong:
		return pages.ErrorRequestTooLarge
	case http.StatusTooManyRequests:
		return pages.ErrorThrottled
	case http.StatusServiceUnavailable:
		return pages.ErrorUnavailable
	}
	if status >= http.StatusInternalServerError {
		return pages.ErrorInternal
	}
	return pages.ErrorInvalidRequest
}

// wantsJSON tells whether an error is to be JSON: the request accepts that, and no HTML.
func wantsJSON(h http.Header) bool {
	if acceptsHTML(h) {
		return false
	}
	for kind := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(kind), ";")
		if strings.EqualFold(name, jsonType) || strings.HasSuffix(strings.ToLower(name), "+json") {
			return true
		}
	}
	return false
}

// refusalError returns the error page of a refused authorization request.
func (s *pageSite) refusalError(refusal *authorization.Refusal, client *issuer.ClientView) *pageError {
	e := &pageError{
		cause:   &httpError{status: http.StatusBadRequest, code: refusal.Code, description: refusal.Description},
		kind:    pages.ErrorKind(refusal.Problem),
		client:  s.clientView(client),
		details: pages.Details{ClientID: refusal.Request.ClientID},
	}
	if refusal.Problem == authorization.ProblemTooLarge {
		e.cause = &httpError{status: http.StatusRequestURITooLong, code: refusal.Code, description: refusal.Description}
	}
	if client != nil {
		e.backURL = client.HomeURI
	}
	if refusal.URI != nil {
		e.details.RedirectURI = refusal.URI.Received
		if s.loopback { // elsewhere strangers would learn what is registered
			e.details.Nearest = refusal.URI.Nearest
		}
	}
	return e
}
