package pages

import (
	"errors"
	"html/template"
	"slices"
)

// loginPage, and the types below, are what the templates see.
type loginPage struct {
	*frame
	form
	V         LoginView
	Client    *client
	OtherUser string
}

func (v LoginView) template() string { return "login.html" }

func (v LoginView) model(f *frame) (any, error) {
	first := "username"
	if v.Username != "" {
		first = "password"
	}
	v.Action, v.StateURL = local(v.Action), local(v.StateURL)
	s, err := f.form(v.Problem, v.RetryAfter, first)
	p := loginPage{frame: f, form: s, V: v, Client: f.optionalClient(v.Client)}
	if v.OtherUser != nil {
		p.OtherUser = label(*v.OtherUser)
	}
	if v.Problem == ProblemUnavailable && isLocalPath(v.RetryURL) {
		p.Retry = v.RetryURL
	}
	return p, err
}

type changePasswordPage struct {
	*frame
	form
	V      ChangePasswordView
	Client *client
}

func (v ChangePasswordView) template() string { return "change_password.html" }

func (v ChangePasswordView) model(f *frame) (any, error) {
	first := "new-password"
	if v.AskCurrent {
		first = "current-password"
	}
	v.Action = local(v.Action)
	s, err := f.passwordForm(v.Problem, v.RetryAfter, first, v.PasswordMin)
	return changePasswordPage{frame: f, form: s, V: v, Client: f.optionalClient(v.Client)}, err
}

type consentPage struct {
	*frame
	form
	V       ConsentView
	Client  *client
	User    string
	Scopes  []template.HTML
	Offline bool
	Account template.HTML // a link
}

func (v ConsentView) template() string { return "consent.html" }

func (v ConsentView) model(f *frame) (any, error) {
	s, err := f.form(v.Problem, 0, "")
	if err != nil {
		return nil, err
	}
	v.Action, v.SwitchURL = local(v.Action), local(v.SwitchURL)
	p := consentPage{frame: f, form: s, V: v, Client: f.client(v.Client), User: label(v.User)}
	p.Offline = slices.ContainsFunc(v.Scopes, func(s Scope) bool { return s.Name == "offline_access" })
	if p.Scopes, err = f.scopes(v.Scopes); err != nil {
		return nil, err
	}
	text, err := f.T("consent.account")
	if err != nil {
		return nil, err
	}
	hint, err := f.T("consent.new_tab")
	p.Account = template.HTML(`<a href="`+template.HTMLEscapeString(f.Path("/account"))+`" target="_blank" rel="noopener">`) + text +
		`<span class="unseen"> ` + hint + `</span></a>`
	return p, err
}

// clientPage is a page about one client.
type clientPage struct {
	*frame
	V       View
	Client  *client
	Details []detail
	// DetailsOpen unfolds the details.
	DetailsOpen bool
}

func (v FormPostView) template() string { return "form_post.html" }

func (v FormPostView) model(f *frame) (any, error) {
	if !isWebURL(v.Action) {
		return nil, errors.New("the form can be posted to http and https only")
	}
	return clientPage{frame: f, V: v, Client: f.client(v.Client)}, nil
}

func (v ContinueView) template() string { return "continue.html" }

func (v ContinueView) model(f *frame) (any, error) {
	return clientPage{frame: f, V: v, Client: f.client(v.Client)}, nil
}

func (v BrakeView) template() string { return "brake.html" }

func (v BrakeView) model(f *frame) (any, error) {
	f.failed = true
	d, err := f.details(v.Details)
	return clientPage{frame: f, V: v, Client: f.client(v.Client), Details: d}, err
}

type logoutPage struct {
	*frame
	V      LogoutView
	Client *client
	User   string
	Cancel string
}

func (v LogoutView) template() string { return "logout.html" }

func (v LogoutView) model(f *frame) (any, error) {
	v.Action = local(v.Action)
	p := logoutPage{frame: f, V: v, Client: f.optionalClient(v.Client), Cancel: f.Path("/account")}
	if v.User != nil {
		p.User = label(*v.User)
	}
	if isLocalPath(v.CancelURL) {
		p.Cancel = v.CancelURL
	}
	return p, nil
}

type signedOutPage struct {
	*frame
	V      SignedOutView
	Client *client
	WaysOn []wayOn
}

func (v SignedOutView) template() string { return "signed_out.html" }

func (v SignedOutView) model(f *frame) (any, error) {
	p := signedOutPage{frame: f, V: v, Client: f.optionalClient(v.Client)}
	if err := p.add(f, p.Client, v.BackURL); err != nil {
		return nil, err
	}
	to := f.Path("/account")
	if isLocalPath(v.SignInURL) {
		to = v.SignInURL
	}
	text, err := f.T("action.sign_in_again")
	p.WaysOn = append(p.WaysOn, wayOn{"sign-in-again", template.URL(to), text})
	return p, err
}

func (p *signedOutPage) add(f *frame, c *client, back string) error {
	w, err := f.back(c, back)
	p.WaysOn = append(p.WaysOn, w...)
	return err
}
