package endpoints

import (
	"strings"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
)

// clientView returns a client as pages show it; nil for none. An administrator has made every
// client, so none is shown with the hosts that it comes from.
func (s *pageSite) clientView(c *issuer.ClientView) *pages.Client {
	if c == nil {
		return nil
	}
	v := &pages.Client{
		ID: c.ID, Name: c.Name, HomeURL: c.HomeURI, PolicyURL: c.PolicyURI, TermsURL: c.TermsURI,
	}
	if c.LogoURI != "" {
		v.LogoURL = s.base + pathClientLogo + c.ID
	}
	return v
}

// userView returns a user as pages show them; nil for nobody.
func userView(u *issuer.UserView) *pages.User {
	if u == nil {
		return nil
	}
	return &pages.User{Username: u.Username, Name: u.Name, Email: u.Email}
}

func (f signInFlow) loginView(out issuer.Outcome, problem pages.Problem, typed formState) pages.LoginView {
	v := pages.LoginView{
		Action: f.url(pathLogin, out.Query), Client: f.site.clientView(out.Client), Username: typed.username,
		Problem: problem, RetryAfter: out.RetryAfter, Passkey: passkeyRequest(out), PasskeyAction: f.url(pathLoginPasskey, out.Query),
		Connectors: connectorViews(out.Connectors, func(id string) string { return f.url(upstreamPath(id), out.Query) }),
	}
	if c := out.Claimed; c != nil {
		v.Claimed = &pages.ClaimedAccount{Sealed: c.Sealed, As: c.As, At: c.At}
	}
	if f.site.forgot {
		v.ForgotURL = f.url(pathForgot, out.Query)
	}
	if v.Username == "" {
		v.Username = out.Request.LoginHint
	}
	if out.Remember == issuer.RememberOptional {
		v.Remember = pages.RememberOffered
		if typed.remember {
			v.Remember = pages.RememberSelected
		}
	}
	prompt, maxAge := out.Request.Prompt, out.Request.MaxAge
	if out.User == nil {
		if !prompt.Login && !prompt.SelectAccount && (maxAge == nil || *maxAge > 0) {
			v.StateURL = f.url(pathLoginState, "")
		}
		return v
	}
	if prompt.SelectAccount || out.Request.IDTokenHint != "" {
		v.OtherUser = userView(out.User)
		return v
	}
	if v.Problem == pages.ProblemNone {
		v.Problem = pages.ProblemSignInAgain
	}
	if v.Username == "" {
		v.Username = out.User.Username
	}
	return v
}

// connectorViews returns the providers as pages offer them.
func connectorViews(offered []issuer.ConnectorView, action func(id string) string) (views []pages.Connector) {
	for _, c := range offered {
		views = append(views, pages.Connector{ID: c.ID, Name: c.Name, Action: action(c.ID)})
	}
	return views
}

// upstreamPath is where the button of a connector goes.
func upstreamPath(connectorID string) string {
	return strings.Replace(pathLoginUpstream, "{connector}", connectorID, 1)
}

// passkeyRequest returns what the browser is asked for; nil for nothing.
func passkeyRequest(out issuer.Outcome) *pages.PasskeyRequest {
	if out.Passkey == nil {
		return nil
	}
	return &pages.PasskeyRequest{Options: out.Passkey.Options, Challenge: out.Passkey.Sealed}
}

func (f signInFlow) secondFactorView(out issuer.Outcome, problem pages.Problem) pages.SecondFactorView {
	v := pages.SecondFactorView{
		Action: f.url(pathLoginFactor, out.Query), Client: f.site.clientView(out.Client), Pending: out.Pending, Problem: problem, RetryAfter: out.RetryAfter,
		App: out.HasApp, Passkey: passkeyRequest(out),
	}
	if u := userView(out.User); u != nil {
		v.User = *u
	}
	other := out.Request
	other.Prompt.SelectAccount = true
	if v.RestartURL = f.url(pathLogin, ""); out.Client != nil {
		v.RestartURL = f.url(pathLogin, other.Canonical())
	}
	return v
}

func (f signInFlow) enrolView(out issuer.Outcome, problem pages.Problem) pages.View {
	if out.RecoveryCodes != nil {
		return pages.RecoveryCodesView{Codes: out.RecoveryCodes, ContinueURL: f.url(pathLoginContinue, out.Query)}
	}
	v := pages.EnrolView{Action: f.url(pathLoginEnrol, out.Query), Client: f.site.clientView(out.Client), Until: out.EnrolBy, Problem: problem}
	if e := out.Enrolment; e != nil {
		v.Enrolment, v.Secret, v.URI, v.QRSize, v.QRPath = e.Sealed, e.Secret, e.URI, e.QR.Size, e.QR.Path
	}
	if c := out.NewPasskey; c != nil {
		v.Passkey = &pages.PasskeyRequest{Options: string(c.Options), Challenge: c.Sealed}
	}
	return v
}

func (f signInFlow) changePasswordView(out issuer.Outcome, problem pages.Problem) pages.ChangePasswordView {
	v := pages.ChangePasswordView{
		Action: f.url(pathLoginPassword, out.Query), Client: f.site.clientView(out.Client), Problem: problem, RetryAfter: out.RetryAfter,
	}
	if u := userView(out.User); u != nil {
		v.User = *u
	}
	return v
}

func (f signInFlow) consentView(out issuer.Outcome, problem pages.Problem, lang string) pages.ConsentView {
	v := pages.ConsentView{Action: f.url(pathConsent, out.Query), Problem: problem, Device: deviceView(out.Device)}
	if c := f.site.clientView(out.Client); c != nil {
		v.Client, v.Localhost = *c, out.Client.Native && out.Device == nil
	}
	if u := userView(out.User); u != nil {
		v.User = *u
	}
	other := out.Request
	other.Prompt.SelectAccount = true
	v.SwitchURL = f.url(pathLogin, other.Canonical())
	if out.Consent == nil {
		return v
	}
	v.Audiences, v.Remembered = apiAudiences(out.Consent.Audiences, f.site.issuer), out.Consent.Remembered
	for _, s := range out.Consent.Scopes {
		v.Scopes = append(v.Scopes, pages.Scope{Name: s.Name, Text: s.Texts[lang]})
	}
	return v
}

// loopView leads on by a link: a client cannot follow it by itself.
func (f signInFlow) loopView(out issuer.Outcome) pages.LoopView {
	v := pages.LoopView{ContinueURL: f.url(pathLoginContinue, out.Query)}
	if c := f.site.clientView(out.Client); c != nil {
		v.Client = *c
	}
	v.Details = pages.Details{
		Code: out.Step.Code, Description: "more codes than a person can ask for", ClientID: out.Request.ClientID, Time: f.site.now(),
	}
	return v
}
