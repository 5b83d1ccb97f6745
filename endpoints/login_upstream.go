package endpoints

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
)

// Pages of a sign-in at another provider. The second is what is registered there as redirect URI.
const (
	pathLoginUpstream         = "/login/upstream/{connector}"
	pathLoginUpstreamCallback = "/login/upstream/{connector}/callback"
)

// UpstreamRedirectPath returns the path of a connector's redirect URI, below the issuer's URL.
func UpstreamRedirectPath(connectorID string) string {
	return strings.Replace(pathLoginUpstreamCallback, "{connector}", connectorID, 1)
}

// upstreamSteps are those of a sign-in at another provider.
type upstreamSteps interface {
	BeginUpstream(ctx context.Context, in issuer.Interaction, start issuer.UpstreamStart) (issuer.Outcome, error)
	FinishUpstream(ctx context.Context, r issuer.UpstreamReturn) (issuer.Interaction, issuer.Outcome, error)
}

// upstreamEndpoint takes the buttons "Continue with …". It has no page of its own.
type upstreamEndpoint struct{ signInFlow }

var _ endpoint = upstreamEndpoint{}

func (u upstreamEndpoint) handle(r *http.Request, e *event) (any, error) {
	in := u.interaction(r, e)
	in.Account = isBare(in.Query)
	if r.Method != http.MethodPost {
		return u.show(r, e, in, mux.Vars(r)["connector"], formState{}) // leads to the page that is due
	}
	if err := u.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "remember", "link")
	if err != nil {
		return nil, err
	}
	typed := formState{remember: fields["remember"] != ""}
	start := issuer.UpstreamStart{Connector: mux.Vars(r)["connector"], Remember: typed.remember, Link: fields["link"] != "" && in.Account}
	out, err := u.run(r, e, in, u.limiter.loginTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return u.signIn.BeginUpstream(ctx, in, start)
	})
	if err != nil {
		return nil, err
	}
	if out.Upstream == nil {
		return u.answer(r, in, out, pathLogin, typed) // a problem is the login page with what was wrong
	}
	return pageReply{
		location: out.Upstream.URL, cookie: out.Cookie, locales: out.Request.UILocales,
		others: u.site.cookies.beginAttempt(r, out.Upstream.Mark, out.Upstream.Secret, u.site.now()),
	}, nil
}

// upstreamCallback is the redirect URI of a connector. Whatever comes of it, the attempt is over:
// its cookie goes, so that nothing is tried again when the page is loaded anew.
type upstreamCallback struct{ signInFlow }

var _ endpoint = upstreamCallback{}

func (u upstreamCallback) handle(r *http.Request, e *event) (any, error) {
	if r.Method != http.MethodGet { // HEAD uses nothing up
		return pageReply{status: http.StatusNoContent}, nil
	}
	q := r.URL.Query()
	var used []*http.Cookie
	back := issuer.UpstreamReturn{
		Connector: mux.Vars(r)["connector"], State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error"), Issuer: q.Get("iss"),
		Cookie: u.site.cookies.read(r), Info: e.source(),
		Secret: func(mark [16]byte) issuer.Secret {
			secret, clear := u.site.cookies.attempt(r, mark)
			used = clear
			return secret
		},
	}
	back.Info.Language = u.site.language(r, "")
	var in issuer.Interaction
	out, err := u.run(r, e, in, u.limiter.loginTimeout, func(ctx context.Context, _ issuer.Interaction) (out issuer.Outcome, err error) {
		in, out, err = u.signIn.FinishUpstream(ctx, back)
		return out, err
	})
	if err != nil {
		return nil, &pageError{cause: err, retryURL: u.loginURL(in)} // the code is used up: nothing is sent again
	}
	value, err := u.reply(r, in, out)
	reply, ok := value.(pageReply)
	if err != nil || !ok {
		return value, err
	}
	reply.others = used
	return reply, nil
}

// loginURL is the login page that an attempt began on.
func (u upstreamCallback) loginURL(in issuer.Interaction) string {
	if in.Account {
		return u.url(pathLogin, "")
	}
	return u.url(pathLogin, in.Query)
}

// reply answers with what is due. Who has added an account is led to the page of those.
func (u upstreamCallback) reply(r *http.Request, in issuer.Interaction, out issuer.Outcome) (any, error) {
	if out.Step.Kind == issuer.StepAccount && (out.Linked || out.Problem == issuer.ProblemUpstreamTaken) {
		done := pages.NoticeAccountLinked
		if !out.Linked {
			done = pages.NoticeAccountTaken
		}
		return pageReply{location: u.site.base + pathAccountLinked + "?done=" + string(done), cookie: out.Cookie}, nil
	}
	return u.answer(r, in, out, pathLogin, formState{})
}

// Cookies of attempts. Each has a name of its own, so that two tabs do not get in each other's way.
const (
	maxAttempts    = 5
	attemptInfix   = "-up-"
	attemptMarkLen = 4 // bytes of the mark in the name
)

func (c cookieRule) attemptName(mark [16]byte) string {
	return c.name + attemptInfix + hex.EncodeToString(mark[:attemptMarkLen])
}

// attemptCookie is the cookie of an attempt; without a value one that clears it.
func (c cookieRule) attemptCookie(name, value string) *http.Cookie {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: c.path, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(authorization.AttemptTTL.Seconds()),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

// beginAttempt returns the cookie of a new attempt, and those that clear the oldest ones where
// there are too many. The value begins with the time, which tells the oldest.
func (c cookieRule) beginAttempt(r *http.Request, mark [16]byte, secret issuer.Secret, now time.Time) []*http.Cookie {
	var open []*http.Cookie
	for _, k := range r.Cookies() {
		if strings.HasPrefix(k.Name, c.name+attemptInfix) {
			open = append(open, k)
		}
	}
	slices.SortStableFunc(open, func(a, b *http.Cookie) int { return cmp.Compare(begunAt(a), begunAt(b)) })
	var cookies []*http.Cookie
	for len(open) >= maxAttempts {
		cookies, open = append(cookies, c.attemptCookie(open[0].Name, "")), open[1:]
	}
	value := strconv.FormatInt(now.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(secret))
	return append(cookies, c.attemptCookie(c.attemptName(mark), value))
}

// begunAt is the time in the value of an attempt's cookie; 0 for none.
func begunAt(k *http.Cookie) int64 {
	text, _, _ := strings.Cut(k.Value, ".")
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return at
}

// attempt returns the secret of an attempt, "" for none, and what clears its cookie.
func (c cookieRule) attempt(r *http.Request, mark [16]byte) (issuer.Secret, []*http.Cookie) {
	name := c.attemptName(mark)
	k, err := r.Cookie(name)
	if err != nil || len(k.Value) > maxCookie {
		return "", nil
	}
	clear := []*http.Cookie{c.attemptCookie(name, "")}
	_, text, _ := strings.Cut(k.Value, ".")
	secret, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", clear
	}
	return issuer.Secret(secret), clear
}
