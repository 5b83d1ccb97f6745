package pages

import (
	"html/template"
	"time"
)

// tab leads to one page of the account.
type tab struct {
	URL     string
	Text    template.HTML
	Current bool
}

// accountPage is what the templates of all pages of the account see.
type accountPage struct {
	*frame
	form
	Heading  string // a key
	Tabs     []tab
	Notice   template.HTML
	Username string
}

// accountTabs are the pages of the account: the path, the key of the heading, and the key of
// the tab's text.
var accountTabs = []struct{ path, key, text string }{
	{"/account", "account.profile", "account.profile"}, {"/account/password", "account.password", "account.password"},
	{"/account/sessions", "account.sessions", "account.sessions_tab"}, {"/account/apps", "account.apps", "account.apps"},
}

// account returns what the pages of the account have in common.
func (f *frame) accountPage(a Account, key string, s form) (accountPage, error) {
	f.css = "account"
	f.logout = f.Path("/oauth2/logout")
	if isLocalPath(a.LogoutURL) {
		f.logout = a.LogoutURL
	}
	p := accountPage{frame: f, form: s, Heading: key, Username: a.User.Username}
	for _, t := range accountTabs {
		text, err := f.T(t.text)
		if err != nil {
			return p, err
		}
		p.Tabs = append(p.Tabs, tab{f.Path(t.path), text, t.key == key})
	}
	if _, ok := f.text.texts["notice."+string(a.Notice)]; !ok {
		return p, nil
	}
	var err error
	p.Notice, err = f.T("notice." + string(a.Notice))
	return p, err
}

// passwordForm is a form with a new password.
func (f *frame) passwordForm(problem Problem, retry time.Duration, first string, minimum int) (form, error) {
	s, err := f.form(problem, retry, first)
	if err == nil && minimum > 0 {
		s.Hint, err = f.Plain("password.hint", "n", minimum)
	}
	return s, err
}

type profilePage struct {
	accountPage
	V AccountView
}

func (v AccountView) template() string { return "account.html" }

func (v AccountView) model(f *frame) (any, error) {
	s, err := f.form(v.Problem, 0, "")
	if err != nil {
		return nil, err
	}
	p, err := f.accountPage(v.Account, "account.profile", s)
	return profilePage{p, v}, err
}

func (v AccountPasswordView) template() string { return "account_password.html" }

func (v AccountPasswordView) model(f *frame) (any, error) {
	s, err := f.passwordForm(v.Problem, v.RetryAfter, "", v.PasswordMin)
	if err != nil {
		return nil, err
	}
	return f.accountPage(v.Account, "account.password", s)
}

type sessionsPage struct {
	accountPage
	Sessions []sessionItem
	Others   []appRow
	More     bool
}

// sessionItem is one browser session.
type sessionItem struct {
	BrowserSession
	Name string
	Rows []appRow
}

// appRow is the session of one application.
type appRow struct {
	Client *client
	ID     string
	Action string
	Facts  []template.HTML
	Label  string
}

func (v AccountSessionsView) template() string { return "account_sessions.html" }

func (v AccountSessionsView) model(f *frame) (any, error) {
	s, err := f.form(v.Problem, 0, "")
	if err != nil {
		return nil, err
	}
	page, err := f.accountPage(v.Account, "account.sessions", s)
	if err != nil {
		return nil, err
	}
	p := sessionsPage{accountPage: page, More: v.More}
	for _, b := range v.Sessions {
		item, err := f.sessionItem(b)
		if err != nil {
			return nil, err
		}
		p.Sessions = append(p.Sessions, item)
	}
	p.Others, err = f.appRows(v.Others)
	return p, err
}

func (f *frame) sessionItem(b BrowserSession) (sessionItem, error) {
	item := sessionItem{BrowserSession: b, Name: clean(b.Device, maxText)}
	var err error
	if item.Name == "" {
		if item.Name, err = f.Plain("account.unknown_device"); err != nil {
			return item, err
		}
	}
	item.Rows, err = f.appRows(b.Apps)
	return item, err
}

func (f *frame) appRows(apps []AppSession) ([]appRow, error) {
	var rows []appRow
	for _, a := range apps {
		row := appRow{Client: f.client(a.Client), ID: a.ID, Action: f.Path("/account/apps/sign-out")}
		var err error
		if row.Label, err = f.Plain("account.app_sign_out_of", "app", row.Client.Name()); err != nil {
			return nil, err
		}
		if row.Facts, err = f.appFacts(a); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// appFacts says since when an application has its session, when it used it, and how long it
// stays.
func (f *frame) appFacts(a AppSession) ([]template.HTML, error) {
	since, err := f.T("account.app_since", "time", f.Time(a.Since))
	facts := []template.HTML{since}
	if err == nil && !a.LastUsed.IsZero() {
		var used template.HTML
		used, err = f.T("account.last_seen", "time", f.Time(a.LastUsed))
		facts = append(facts, used)
	}
	if err == nil && a.Offline {
		var offline template.HTML
		offline, err = f.T("account.app_offline")
		facts = append(facts, offline)
	}
	return facts, err
}

type appsPage struct {
	accountPage
	Consents []consentItem
	More     bool
}

// consentItem is what one application may do.
type consentItem struct {
	Client    *client
	Scopes    []template.HTML
	Audiences []string
	Since     time.Time
}

func (v AccountAppsView) template() string { return "account_apps.html" }

func (v AccountAppsView) model(f *frame) (any, error) {
	s, err := f.form(v.Problem, 0, "")
	if err != nil {
		return nil, err
	}
	page, err := f.accountPage(v.Account, "account.apps", s)
	if err != nil {
		return nil, err
	}
	p := appsPage{accountPage: page, More: v.More}
	for _, c := range v.Consents {
		item := consentItem{Client: f.client(c.Client), Audiences: c.Audiences, Since: c.Since}
		if item.Scopes, err = f.scopes(c.Scopes); err != nil {
			return nil, err
		}
		p.Consents = append(p.Consents, item)
	}
	return p, nil
}
