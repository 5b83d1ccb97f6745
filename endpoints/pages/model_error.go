package pages

import (
	"html/template"
	"time"
)

// wayOn is a link that leads on from a page.
type wayOn struct {
	ID   string
	URL  template.URL
	Text template.HTML
}

// back returns the way back to the application, none where there is no URL that may be linked.
func (f *frame) back(c *client, to string) ([]wayOn, error) {
	target := linkURL(to)
	if target == "" || c == nil {
		return nil, nil
	}
	text, err := f.T("action.back_to", "app", c.Name())
	return []wayOn{{"back", target, text}}, err
}

// retry returns the way to the same page again.
func (f *frame) retry(to string) ([]wayOn, error) {
	if !isLocalPath(to) {
		return nil, nil
	}
	text, err := f.T("action.retry")
	return []wayOn{{"retry", template.URL(to), text}}, err
}

func (f *frame) account() ([]wayOn, error) {
	text, err := f.T("action.account")
	return []wayOn{{"account", template.URL(f.Path("/account")), text}}, err
}

// detail is a line of the part for the developer.
type detail struct {
	Label, Value template.HTML
}

// details returns what there is to tell the developer.
func (f *frame) details(d Details) ([]detail, error) {
	var lines []detail
	var err error
	add := func(key string, value template.HTML) {
		if value == "" || err != nil {
			return
		}
		var text template.HTML
		text, err = f.T("details." + key)
		lines = append(lines, detail{text, value})
	}
	code := func(text string, limit int) template.HTML {
		if text == "" {
			return ""
		}
		return "<code>" + template.HTML(template.HTMLEscapeString(clean(text, limit))) + "</code>"
	}
	add("code", code(d.Code, maxText))
	if d.Description != "" {
		add("description", template.HTML(`<span lang="en">`+template.HTMLEscapeString(clean(d.Description, 2*maxText))+`</span>`))
	}
	add("request_id", code(d.RequestID, maxText))
	if !d.Time.IsZero() {
		add("time", template.HTML("<code>"+d.Time.UTC().Format(time.RFC3339)+"</code>"))
	}
	add("client_id", code(d.ClientID, maxText))
	received, nearest := redirectURIs(d)
	add("redirect_uri", received)
	add("nearest", nearest)
	return lines, err
}

// redirectURIs shows the received redirect URI and the nearest registered one; "" for none.
func redirectURIs(d Details) (received, nearest template.HTML) {
	if d.RedirectURI == "" {
		return "", ""
	}
	shown := shownURI(d.RedirectURI)
	if d.Nearest == "" {
		return "<code>" + template.HTML(template.HTMLEscapeString(shown)) + "</code>", ""
	}
	received, nearest = markDifference(shown, shownURI(d.Nearest))
	return "<code>" + received + "</code>", "<code>" + nearest + "</code>"
}

// errorPage is what the templates of error pages see.
type errorPage struct {
	*frame
	Kind    string
	Heading string // a key
	AppName string
	Explain template.HTML
	Advice  template.HTML
	WaysOn  []wayOn
	Details []detail
	// DetailsOpen unfolds the details: where the nearest redirect URI may be shown, it is the
	// developer who looks at the page.
	DetailsOpen bool
}

func (v ErrorView) template() string { return "error.html" }

func (v ErrorView) model(f *frame) (any, error) {
	f.failed = true
	key := "error." + string(v.Kind)
	if _, ok := f.text.texts[key+".title"]; !ok {
		key, v.Kind = "error."+string(ErrorInternal), ErrorInternal
	}
	c := f.optionalClient(v.Client)
	app, err := f.Plain("error.an_application")
	if c != nil {
		app = c.Name()
	}
	p := errorPage{frame: f, Kind: string(v.Kind), Heading: key + ".title", AppName: app, DetailsOpen: v.Details.Nearest != ""}
	if err == nil {
		p.Explain, err = f.T(key+".text", "app", app)
	}
	if err == nil {
		p.Advice, err = f.withRetry(key+".do", v.RetryAfter)
	}
	if err == nil {
		p.Details, err = f.details(v.Details)
	}
	if err == nil {
		p.WaysOn, err = f.waysOn(c, v.BackURL, v.RetryURL)
	}
	return p, err
}

// waysOn returns the ways on from an error: back to the application, the same again, or the
// account where there is neither.
func (f *frame) waysOn(c *client, back, again string) ([]wayOn, error) {
	ways, err := f.back(c, back)
	if err != nil {
		return nil, err
	}
	more, err := f.retry(again)
	if ways = append(ways, more...); len(ways) > 0 || err != nil {
		return ways, err
	}
	return f.account()
}

func (v StatusView) template() string { return "error.html" }

func (v StatusView) model(f *frame) (any, error) {
	f.failed = true
	kind, key := "other", "status.other"
	switch v.Status {
	case 404:
		kind, key = "not_found", "status.404"
	case 405:
		kind, key = "method_not_allowed", "status.405"
	}
	p := errorPage{frame: f, Kind: kind, Heading: key + ".title"}
	var err error
	if p.Explain, err = f.T(key + ".text"); err != nil {
		return nil, err
	}
	if p.Details, err = f.details(Details{RequestID: v.RequestID}); err != nil {
		return nil, err
	}
	p.WaysOn, err = f.account()
	return p, err
}
