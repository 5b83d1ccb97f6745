package pages

import (
	"html/template"
	"strings"
	"time"
)

// client is an application as the templates use it.
type client struct {
	Client
	f *frame
}

func (f *frame) client(c Client) *client { return &client{c, f} }

// optionalClient returns nil for nil.
func (f *frame) optionalClient(c *Client) *client {
	if c == nil {
		return nil
	}
	return f.client(*c)
}

// T is [frame.T], for templates that have the client alone.
func (c *client) T(key string, args ...any) (template.HTML, error) { return c.f.T(key, args...) }

// Name returns what the client is called.
func (c *client) Name() string {
	if name := clean(c.Client.Name, maxText); name != "" {
		return name
	}
	return clean(c.Client.ID, maxText)
}

// Logo returns the path of the picture; one of another server is not shown.
func (c *client) Logo() string {
	if isLocalPath(c.LogoURL) {
		return c.LogoURL
	}
	return ""
}

// Initial stands for the picture where there is none.
func (c *client) Initial() string {
	for _, r := range c.Name() {
		return strings.ToUpper(string(r))
	}
	return ""
}

// Linked returns the name, as a link where there is a home page.
func (c *client) Linked() template.HTML { return link(c.HomeURL, isolate(c.Name())) }

// link returns the text, as a link where the URL may be one.
func link(to string, text template.HTML) template.HTML {
	if !isWebURL(to) {
		return text
	}
	return template.HTML(`<a href="` + template.HTMLEscapeString(to) + `" rel="noopener">` + string(text) + `</a>`)
}

// Unvetted tells whether the page must say where the client really is.
func (c *client) Unvetted() bool { return c.Client.IDHost != "" || c.Client.RedirectHost != "" }

// IDHost and RedirectHost are shown to a person who has to judge by them: nothing but
// printable ASCII, so that no letter looks like another one.
func (c *client) IDHost() string { return cut(printable(c.Client.IDHost), maxText) }

func (c *client) RedirectHost() string { return cut(printable(c.Client.RedirectHost), maxText) }

// Terms returns links to what the client says about data, "" where there are none.
func (c *client) Terms() (template.HTML, error) {
	var links template.HTML
	for _, l := range []struct{ url, key string }{{c.PolicyURL, "consent.policy"}, {c.TermsURL, "consent.terms"}} {
		if !isWebURL(l.url) {
			continue
		}
		text, err := c.f.T(l.key)
		if err != nil {
			return "", err
		}
		if links != "" {
			links += " · "
		}
		links += link(l.url, text)
	}
	return links, nil
}

// label shows a user: the name that they sign in with, and beside it the one they have.
func label(u User) string {
	name := clean(u.Username, maxText)
	if full := clean(u.Name, maxText); full != "" && full != name {
		return full + " (" + name + ")"
	}
	return name
}

// form is what the templates of forms have in common.
type form struct {
	Problem template.HTML // what is wrong; "" for nothing
	Retry   string        // asks for the page again by GET; "" for no link
	Hint    string        // on the new password; "" for none
	invalid string        // the id of the field that is wrong; "" for none
	focus   string        // the id of the field that typing begins in; "" for none
}

// form returns the state of a form: its problem in words, the field that it is about, and the
// focus, which is on first where there is no problem.
func (f *frame) form(problem Problem, retry time.Duration, first string) (form, error) {
	if problem == ProblemNone {
		return form{focus: first}, nil
	}
	f.failed = true
	text, err := f.problem(problem, retry)
	if err != nil {
		return form{}, err
	}
	field := invalidFields[problem]
	s := form{Problem: text, invalid: field, focus: field}
	if field == "" {
		s.focus = first
	}
	return s, nil
}

// invalidFields says which field a problem is about.
var invalidFields = map[Problem]string{
	ProblemWrongCredentials: "password",
	ProblemPasswordMismatch: "new-password-again",
	ProblemPasswordSame:     "new-password",
	ProblemPasswordShort:    "new-password",
	ProblemPasswordLong:     "new-password",
	ProblemPasswordCommon:   "new-password",
	ProblemPasswordRefused:  "new-password",
	ProblemPasswordWrong:    "current-password",
	ProblemEmailInvalid:     "email",
	ProblemPhoneInvalid:     "phone",
	ProblemNameInvalid:      "full-name",
	ProblemInUse:            "email",
}

// problem says in words what is wrong.
func (f *frame) problem(problem Problem, retry time.Duration) (template.HTML, error) {
	key := "problem." + string(problem)
	if _, ok := f.text.texts[key]; !ok {
		key = "problem." + string(ProblemFailed)
	}
	return f.withRetry(key, retry)
}

// withRetry returns a text; where a time is known, and the catalog has such a text, the one
// that says when to try again.
func (f *frame) withRetry(key string, retry time.Duration) (template.HTML, error) {
	if _, ok := f.text.texts[key+"_for"]; !ok || retry <= 0 {
		return f.T(key)
	}
	in, err := f.duration(retry)
	if err != nil {
		return "", err
	}
	return f.T(key+"_for", "time", raw(in))
}

// Describe returns the attributes of a field that say what is wrong with it, what to mind, and
// whether typing begins there.
func (s form) Describe(field string) template.HTMLAttr {
	var attrs, by string
	if field == "new-password" && s.Hint != "" {
		by = "password-hint"
	}
	if s.Problem != "" && (field == s.invalid || s.invalid == "" && field == s.focus) {
		by = join(by, "problem")
	}
	if s.invalid == field {
		attrs = ` aria-invalid="true"`
	}
	if by != "" {
		attrs += ` aria-describedby="` + by + `"`
	}
	if s.focus == field {
		attrs += ` autofocus`
	}
	return template.HTMLAttr(attrs)
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}
