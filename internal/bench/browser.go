package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// browser keeps cookies and sends the headers of a browser. It runs no script and is used by
// one worker.
type browser struct {
	*oauth
	cookies map[string]string
	codes   int // since the issuer last saw a click of the person
}

func (o *oauth) newBrowser() *browser { return &browser{oauth: o, cookies: map[string]string{}} }

// codesPerClick is how many codes in a row a browser gets before the worker clicks: the issuer
// answers the ninth within 20 seconds by a page that says that the client is in a loop, and goes on
// after a click there.
const codesPerClick = 7

// maxPages bounds the pages between an authorization request and its answer.
const maxPages = 8

// authRequest is one authorization request with PKCE.
type authRequest struct{ query, state, verifier string }

// newAuthRequest returns a request for the scope; "" asks for none.
func (o *oauth) newAuthRequest(scope string) authRequest {
	r := authRequest{state: rand.Text(), verifier: rand.Text() + rand.Text()}
	sum := sha256.Sum256([]byte(r.verifier))
	q := url.Values{
		"client_id": {o.account.ClientID}, "redirect_uri": {o.account.RedirectURI}, "response_type": {"code"}, "state": {r.state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if scope != "" {
		q.Set("scope", scope)
	}
	r.query = q.Encode()
	return r
}

// send sends one request of the browser.
func (b *browser) send(ctx context.Context, method, address, form, site string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", site)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.at.origin)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	a, err := do(b.client, r)
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return a, err
}

// authorize sends the authorization request of a browser that is signed in, and returns the
// code.
func (b *browser) authorize(ctx context.Context, r authRequest) (string, error) {
	address, site := b.at.Authorization, "cross-site"
	if b.codes++; b.codes > codesPerClick {
		address, site, b.codes = b.at.goOn, "same-origin", 0
	}
	a, err := b.send(ctx, http.MethodGet, address+"?"+r.query, "", site)
	if err != nil {
		return "", err
	}
	return b.code(a, r)
}

// code reads the code from the redirect to the client.
func (b *browser) code(a answer, r authRequest) (string, error) {
	if err := a.expect(http.StatusSeeOther); err != nil {
		return "", err
	}
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return "", errors.New("the redirect to the client cannot be read")
	}
	q := u.Query()
	switch {
	case q.Get("error") != "":
		return "", &StatusError{Status: a.status, Code: q.Get("error")}
	case q.Get("code") == "" || q.Get("state") != r.state:
		return "", errors.New("the answer to the authorization request has no code")
	}
	return q.Get("code"), nil
}

// signIn goes through the pages of the issuer until the client gets a code: it logs in as the
// user and allows what the client asks for.
func (b *browser) signIn(ctx context.Context, u User, r authRequest) (string, error) {
	a, err := b.send(ctx, http.MethodGet, b.at.Authorization+"?"+r.query, "", "cross-site")
	for range maxPages {
		if err != nil {
			return "", err
		}
		to := a.header.Get("Location")
		switch {
		case a.status == http.StatusSeeOther && strings.HasPrefix(to, "/"):
			a, err = b.send(ctx, http.MethodGet, b.at.origin+to, "", "same-origin")
		case a.status == http.StatusSeeOther:
			return b.code(a, r)
		case a.status == http.StatusOK:
			a, err = b.fillIn(ctx, a, u)
		default:
			return "", a.expect(http.StatusSeeOther)
		}
	}
	return "", errors.New("sign in: the pages do not come to an end")
}

var (
	formAction  = regexp.MustCompile(`<form[^>]*\saction="([^"]*)"`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// fillIn sends the form of a page. A page that shows a problem is an error: a second attempt
// would have the same answer.
func (b *browser) fillIn(ctx context.Context, page answer, u User) (answer, error) {
	form := url.Values{}
	text := string(page.body)
	for _, field := range hiddenField.FindAllStringSubmatch(text, -1) {
		form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	switch {
	case strings.Contains(text, `role="alert"`):
		return answer{}, errors.New("sign in: the login page refuses the name and the password")
	case strings.Contains(text, `name="new_password"`):
		return answer{}, errors.New("sign in: the user must set a new password first")
	case strings.Contains(text, `name="password"`):
		form.Set("username", u.Name)
		form.Set("password", u.Password.Reveal())
	case strings.Contains(text, `value="allow"`):
		form.Set("decision", "allow")
	default:
		return answer{}, errors.New("sign in: the issuer shows a page that is neither the login nor the consent")
	}
	return b.submit(ctx, text, form)
}

// submit sends the form of a page to where it goes, within the issuer only.
func (b *browser) submit(ctx context.Context, page string, form url.Values) (answer, error) {
	action := formAction.FindStringSubmatch(page)
	if action == nil {
		return answer{}, errors.New("the page has no form")
	}
	to := html.UnescapeString(action[1])
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		return answer{}, errors.New("the form of the page leads elsewhere")
	}
	return b.send(ctx, http.MethodPost, b.at.origin+to, form.Encode(), "same-origin")
}

// signOut ends the browser session, and with it the sessions that began in it, by the page that
// asks for confirmation.
func (b *browser) signOut(ctx context.Context) error {
	if len(b.cookies) == 0 || b.at.EndSession == "" {
		return nil
	}
	page, err := b.send(ctx, http.MethodGet, b.at.EndSession, "", "same-origin")
	if err != nil {
		return err
	}
	form, text := url.Values{"decision": {"sign-out"}}, string(page.body)
	for _, field := range hiddenField.FindAllStringSubmatch(text, -1) {
		form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	if a, err := b.submit(ctx, text, form); err != nil || a.status/100 > 3 {
		return fmt.Errorf("sign out: %w", errors.Join(err, a.expect(http.StatusOK)))
	}
	return nil
}
