package endpoints

import (
	"net/http"
	"net/url"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
)

// maxCookie is the longest value of the session cookie that is read, in bytes.
const maxCookie = 128

// cookieRule says what the cookie of a browser session is called and where it goes.
type cookieRule struct {
	name   string
	path   string
	secure bool
}

// newCookieRule chooses the name by the issuer's URL. With the prefix __Host- no other host,
// and no page over http, can set the cookie; an issuer with a path keeps its own below that.
func newCookieRule(issuer *url.URL) cookieRule {
	switch path := issuer.EscapedPath(); {
	case issuer.Scheme != "https" && path == "":
		return cookieRule{name: "signet", path: "/"}
	case issuer.Scheme != "https":
		return cookieRule{name: "signet", path: path}
	case path != "":
		return cookieRule{name: "__Secure-signet", path: path, secure: true}
	}
	return cookieRule{name: "__Host-signet", path: "/", secure: true}
}

// read returns the value of the cookie; "" for none. One that is too long is none of ours,
// and is returned cut, so that it is cleared.
func (c cookieRule) read(r *http.Request) issuer.Secret {
	cookie, err := r.Cookie(c.name)
	if err != nil {
		return ""
	}
	return issuer.Secret(cookie.Value[:min(len(cookie.Value), maxCookie)])
}

// set sends the change of the cookie; nil changes nothing. SameSite=Lax lets links and
// redirects from clients carry it, and forms of other sites not.
func (c cookieRule) set(w http.ResponseWriter, change *issuer.BrowserCookie) {
	if change == nil {
		return
	}
	cookie := &http.Cookie{
		Name: c.name, Value: string(change.Value), Path: c.path, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(change.MaxAge.Seconds()),
	}
	if change.Clear {
		cookie.Value, cookie.MaxAge = "", -1
	}
	http.SetCookie(w, cookie)
}

// maxMailMarks bounds how many requests for mails a browser keeps the marks of.
const maxMailMarks = 5

// mailCookie is the cookie of a browser that has asked for mails.
func (c cookieRule) mailCookie() string { return c.name + "-mail" }

// mailMarks returns the marks of the requests for mails that the browser has made, the newest first.
func (c cookieRule) mailMarks(r *http.Request) (marks []string) {
	cookie, err := r.Cookie(c.mailCookie())
	if err != nil || len(cookie.Value) > maxCookie {
		return nil
	}
	for mark := range strings.SplitSeq(cookie.Value, ".") {
		if len(mark) == mailtoken.MarkLength && len(marks) < maxMailMarks {
			marks = append(marks, mark)
		}
	}
	return marks
}

// withMailMark returns the cookie with one more mark, in the place of the oldest where there are many.
func (c cookieRule) withMailMark(marks []string, mark string) *http.Cookie {
	marks = append([]string{mark}, marks[:min(len(marks), maxMailMarks-1)]...)
	return &http.Cookie{
		Name: c.mailCookie(), Value: strings.Join(marks, "."), Path: c.path, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(mail.ResetTTL.Seconds()),
	}
}
