package endpoints

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
)

// SignIn is the part of [issuer.SignIn] that the pages use.
type SignIn interface {
	signInSteps
	upstreamSteps
	Session(ctx context.Context, cookie issuer.Secret) (*issuer.BrowserUser, error)
	Connectors(ctx context.Context) ([]issuer.ConnectorView, error)
}

// signInSteps are the steps of a sign-in, one a page.
type signInSteps interface {
	factorSteps
	deviceSteps
	Authorize(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error)
	LogIn(ctx context.Context, in issuer.Interaction, l issuer.Login) (issuer.Outcome, error)
	ChangePassword(ctx context.Context, in issuer.Interaction, pw issuer.Secret) (issuer.Outcome, error)
	Consent(ctx context.Context, in issuer.Interaction, allow bool) (issuer.Outcome, error)
}

// deviceSteps are those of other devices.
type deviceSteps interface {
	Device(ctx context.Context, in issuer.Interaction, typed string) (issuer.Outcome, error)
}

// factorSteps are those of second factors.
type factorSteps interface {
	SecondFactor(ctx context.Context, in issuer.Interaction, f issuer.SecondFactor) (issuer.Outcome, error)
	LogInWithPasskey(ctx context.Context, in issuer.Interaction, l issuer.PasskeyLogin) (issuer.Outcome, error)
	Enrol(ctx context.Context, in issuer.Interaction, f issuer.EnrolForm) (issuer.Outcome, error)
}

var _ SignIn = (*issuer.SignIn)(nil)

// signInFlow is what the endpoints of one sign-in share: each runs one step and answers
// with what is due then.
type signInFlow struct {
	signIn  SignIn
	limiter *limiter
	site    *pageSite
}

// interaction returns what the step is told of the request.
func (f signInFlow) interaction(r *http.Request, e *event) issuer.Interaction {
	in := issuer.Interaction{Query: r.URL.RawQuery, Cookie: f.site.cookies.read(r), Info: e.source()}
	if r.Method == http.MethodPost {
		in.Info.Language = f.site.language(r, "")
	}
	return in
}

// step is a method of SignIn with its arguments.
type step func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error)

// run takes one step. The log event names the client, which exists, and an error that the
// client is answered.
func (f signInFlow) run(r *http.Request, e *event, in issuer.Interaction, timeout time.Duration, do step) (issuer.Outcome, error) {
	ctx, release, err := f.limiter.acquire(r.Context(), timeout)
	if err != nil {
		return issuer.Outcome{}, err
	}
	defer release()
	out, err := do(ctx, in)
	if err != nil {
		e.outcome = "unavailable"
		return out, err
	}
	e.outcome = outcomeName(out)
	e.clientID, e.code, e.refusal = out.Request.ClientID, out.Step.Code, out.Step.Description
	if refusal := out.Refusal; refusal != nil {
		e.clientID, e.code, e.refusal = refusal.Request.ClientID, refusal.Code, refusal.Description
	}
	return out, nil
}

// outcomeName returns what metrics call the outcome of a step.
func outcomeName(out issuer.Outcome) string {
	switch {
	case out.Refusal != nil:
		return out.Refusal.Code
	case out.Problem != "":
		return string(out.Problem)
	case out.Step.Kind == authorization.StepRespond:
		return "code"
	case out.DeviceResult != "":
		return "device_" + string(out.DeviceResult)
	case out.Step.Kind == authorization.StepRespondError:
		return out.Step.Code
	}
	return string(out.Step.Kind)
}

// Pages of the flow, below the issuer's path.
const (
	pathLogin         = "/login"
	pathLoginFactor   = "/login/second-factor"
	pathLoginPasskey  = "/login/passkey"
	pathLoginEnrol    = "/login/enrol"
	pathLoginPassword = "/login/password"
	pathLoginContinue = "/login/continue"
	pathLoginState    = "/login/state"
	pathConsent       = "/consent"
	pathDevice        = issuer.PathDevice
	pathAccount       = "/account"
)

// pageOfStep is where the page of a step is.
var pageOfStep = map[authorization.StepKind]string{
	authorization.StepLogin:          pathLogin,
	authorization.StepSecondFactor:   pathLoginFactor,
	authorization.StepEnrol:          pathLoginEnrol,
	authorization.StepChangePassword: pathLoginPassword,
	authorization.StepConsent:        pathConsent,
}

// formState is what a page's form held when it was sent.
type formState struct {
	username     string
	remember     bool
	userCode     string
	recoveryCode bool          // a recovery code stood in for the code of the app
	problem      pages.Problem // found before the step was taken; "" for none
}

// answer returns what is due after a step. own is the path that was asked for: its page is
// shown there, and every other one is redirected to.
func (f signInFlow) answer(r *http.Request, in issuer.Interaction, out issuer.Outcome, own string, typed formState) (any, error) {
	reply := pageReply{cookie: out.Cookie, locales: out.Request.UILocales}
	if out.Refusal != nil {
		return f.refuse(r, in, out)
	}
	switch out.Step.Kind {
	case authorization.StepLogin, authorization.StepSecondFactor, authorization.StepEnrol, authorization.StepChangePassword, authorization.StepConsent:
		page := pageOfStep[out.Step.Kind]
		if page != own && !out.AfterPassword && out.Problem != issuer.ProblemLoginExpired {
			reply.location = f.url(page, out.Query)
			return reply, nil
		}
		return f.page(reply, out, f.site.language(r, reply.locales), typed), nil
	case authorization.StepLoop:
		reply.status = http.StatusTooManyRequests
		reply.view = f.loopView(out)
		return reply, nil
	case authorization.StepRestart:
		reply.location = out.RestartURL
		return reply, nil
	case authorization.StepUserCode, authorization.StepDeviceDone:
		return f.devicePage(reply, out, typed), nil
	case issuer.StepAccount:
		reply.location = f.site.base + pathAccount
		return reply, nil
	}
	if out.Response == nil {
		return nil, errInternal
	}
	reply = f.respond(reply, *out.Response, out.Client, out.Step.Continue)
	if out.ViaPage && reply.location != "" && r.Header.Get("Sec-Fetch-Mode") == "navigate" { // only browsers count redirects
		reply.refresh, reply.location = reply.location, ""
		reply.view = pages.ContinueView{URL: reply.refresh, Client: *cmp.Or(f.site.clientView(out.Client), &pages.Client{}), Auto: true}
	}
	return reply, nil
}

// refuse tells the client of a refusal, or else the person, on an error page.
func (f signInFlow) refuse(r *http.Request, in issuer.Interaction, out issuer.Outcome) (any, error) {
	p, _ := authorization.ParseQuery(in.Query)
	if out.Refusal.Redirect {
		reply := pageReply{cookie: out.Cookie, locales: p.UILocales()}
		response := out.Refusal.Response(f.site.issuer)
		return f.respond(reply, response, out.Client, response.ToApp() && !in.Clicked), nil
	}
	refused := f.site.refusalError(out.Refusal, out.Client)
	if in.Query != r.URL.RawQuery && refused.kind == pages.ErrorRequestTooLarge {
		refused.cause = &httpError{status: http.StatusRequestEntityTooLarge, code: out.Refusal.Code, description: out.Refusal.Description}
	}
	refused.cookie, refused.locales = out.Cookie, p.UILocales()
	return nil, refused
}

// url returns the path of a page with its query.
func (f signInFlow) url(path, query string) string {
	if query == "" {
		return f.site.base + path
	}
	return f.site.base + path + "?" + query
}

// respond sends an authorization response to the client: by redirect, by a form that posts
// itself, or as a link that a person has to follow (RFC 8252 §7.1).
func (f signInFlow) respond(reply pageReply, response authorization.Response, client *issuer.ClientView, onPage bool) pageReply {
	asked := pages.Client{}
	if view := f.site.clientView(client); view != nil {
		asked = *view
	}
	switch {
	case response.Mode == authorization.ModeFormPost:
		view := pages.FormPostView{Action: response.RedirectURI, Client: asked}
		for _, p := range response.Params {
			view.Fields = append(view.Fields, pages.Field{Name: p.Name, Value: p.Value})
		}
		reply.view = view
	case onPage:
		reply.view = pages.ContinueView{URL: response.URL(), Client: asked}
	default:
		reply.location = response.URL()
	}
	return reply
}

// page shows the page of a step.
func (f signInFlow) page(reply pageReply, out issuer.Outcome, lang string, typed formState) pageReply {
	problem := pages.Problem(out.Problem)
	if typed.problem != "" {
		problem = typed.problem
	}
	if typed.recoveryCode && (problem == pages.ProblemCodeWrong || problem == pages.ProblemCodeUsed) {
		problem = pages.ProblemRecoveryCode
	}
	reply.retryAfter = out.RetryAfter
	reply.status = statusOfProblem(problem)
	switch out.Step.Kind {
	case authorization.StepLogin:
		reply.view = f.loginView(out, problem, typed)
	case authorization.StepSecondFactor:
		reply.view = f.secondFactorView(out, problem)
	case authorization.StepEnrol:
		reply.view = f.enrolView(out, problem)
	case authorization.StepChangePassword:
		reply.view = f.changePasswordView(out, problem)
	default:
		reply.view = f.consentView(out, problem, lang)
	}
	return reply
}

// statusOfProblem returns the status of a page that says what was wrong with its form.
func statusOfProblem(p pages.Problem) int {
	switch p {
	case pages.ProblemUpstreamExpired, pages.ProblemUpstreamDenied, pages.ProblemUpstreamLinkHere, pages.ProblemUpstreamNotFresh, pages.ProblemNone, pages.ProblemSessionEnded, pages.ProblemSignInAgain, pages.ProblemLoginExpired, pages.ProblemEnrolExpired, pages.ProblemPasskeyExpired:
		return http.StatusOK
	case pages.ProblemWrongCredentials, pages.ProblemCodeWrong, pages.ProblemUserCode, pages.ProblemMailCodeWrong, pages.ProblemMailLinkCode, pages.ProblemCodeUsed, pages.ProblemRecoveryCode, pages.ProblemPasskeyRefused:
		return http.StatusUnauthorized
	case pages.ProblemUpstreamRefused, pages.ProblemUpstreamRejected:
		return http.StatusForbidden
	case pages.ProblemUpstreamUnavailable, pages.ProblemUpstreamMisconfigured:
		return http.StatusBadGateway
	case pages.ProblemThrottled:
		return http.StatusTooManyRequests
	case pages.ProblemFactorFirst, pages.ProblemLinkFresh, pages.ProblemMailBrowser:
		return http.StatusForbidden
	case pages.ProblemConflict, pages.ProblemInUse, pages.ProblemLastWayIn, pages.ProblemLinkGone, pages.ProblemFactorExists, pages.ProblemFactorGone, pages.ProblemPasskeyExists, pages.ProblemPasskeyGone, pages.ProblemPasskeyLimit:
		return http.StatusConflict
	}
	return http.StatusBadRequest
}
