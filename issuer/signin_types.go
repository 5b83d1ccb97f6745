package issuer

import (
	"context"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// Interaction is one request of a browser to the authorization endpoint or to one of the
// pages that lead on from it. Its URL is the whole state: every step validates it anew.
type Interaction struct {
	Query   string // as sent: the authorization request and, on a page, the stamp
	Account bool   // there is no authorization request: the person wants to sign in to the account page
	Cookie  Secret // of the browser session; "" for none
	Info    RequestInfo

	// Clicked: the person has just clicked, such as to send a form. LogIn, ChangePassword
	// and Consent imply it. Authorize with it issues a code past the page of a redirect loop, and answers an
	// application of a private-use scheme without the page in between.
	Clicked bool
}

// Outcome is what is due after one step. It is for the pages: no part of it but Response and
// Cookie leaves the server as it is.
//
//	Refusal set            an error page, or Response if it has Redirect
//	StepLogin              the login page; Problem says what was wrong before
//	StepUpstream           redirect to Upstream.URL, with a cookie that keeps its Secret
//	StepSecondFactor       the page for a code; Pending goes with its form
//	StepChangePassword     the page for a new password
//	StepEnrol              the page that sets up a second factor; with RecoveryCodes the page that
//	                       shows them, this once, and leads on
//	StepConsent            the consent page
//	StepLoop               a page that says that the client keeps sending the browser here
//	StepRestart            redirect to RestartURL
//	StepRespond[Error]     Response; on a page with a link if Step.Continue
//	StepUserCode           the page for the code that a device shows
//	StepDeviceDone         the page that says what became of the request of a device
//	StepAccount            Interaction.Account, and the person is signed in
type Outcome struct {
	Step    authorization.Step
	Refusal *authorization.Refusal
	Request authorization.Request // zero where it is not valid, and with Interaction.Account

	Query      string // of the page that is due: the canonical request and the stamp
	Response   *authorization.Response
	ViaPage    bool // Response by a page that goes on by itself, so that browsers count redirects anew
	RestartURL string
	Cookie     *BrowserCookie // nil leaves the browser's as it is

	Client  *ClientView  // nil where it is not known
	User    *UserView    // who is signed in; nil for nobody
	Consent *ConsentView // of StepConsent

	Device       *DeviceView  // that asks, of StepConsent and StepDeviceDone; nil for an application in this browser
	DeviceResult DeviceResult // of StepDeviceDone

	// Pending is the login that a second factor is missing from, for a field of the form: never
	// for a URL. AfterPassword says that there is no session which it is for, so that its page
	// must be the answer itself.
	Pending       string
	AfterPassword bool

	// Passkey is what the browser is asked for, of StepLogin and StepSecondFactor; nil for none.
	// HasApp says that StepSecondFactor can take the code of an app.
	Passkey *factor.Ceremony
	HasApp  bool

	// Connectors are offered beside the password, of StepLogin. Claimed is the account at one of
	// them that the login links; nil for none. Upstream is where the
	// browser goes, of StepUpstream.
	Connectors []ConnectorView
	Claimed    *ClaimedView
	Upstream   *UpstreamRedirect
	Linked     bool // an account at another provider was added, with StepAccount

	Enrolment     *factor.Enrolment // of StepEnrol; nil where an app is not enough
	NewPasskey    *factor.Ceremony  // of StepEnrol; nil where the issuer can have none
	EnrolBy       time.Time         // until when that can be put off; zero where it cannot
	RecoveryCodes []string

	Problem    Problem       // why the page is shown again
	RetryAfter time.Duration // with ProblemThrottled
	Remember   RememberPolicy
}

// StepAccount is due where somebody without an authorization request has signed in.
const StepAccount authorization.StepKind = "account"

// Problem is why a form is shown again. The pages have a text for each.
type Problem string

// The problems. None of them tells whether an account exists.
const (
	ProblemNone             Problem = ""
	ProblemWrongCredentials Problem = "wrong_credentials"
	ProblemThrottled        Problem = "throttled"
	ProblemSessionEnded     Problem = "session_ended"
	ProblemMissing          Problem = "missing"
	ProblemLoginExpired     Problem = "login_expired"
	ProblemCodeWrong        Problem = "code_wrong"
	ProblemCodeUsed         Problem = "code_used"
	ProblemEnrolExpired     Problem = "enrol_expired"
	ProblemPasskeyExpired   Problem = "passkey_expired"
	ProblemPasskeyName      Problem = "passkey_name"
	ProblemPasskeyRefused   Problem = "passkey_refused"
	ProblemUserCode         Problem = "user_code_wrong" // or not pending any more
	ProblemPasswordSame     Problem = "password_same"
	ProblemPasswordShort    Problem = "password_too_short"
	ProblemPasswordLong     Problem = "password_too_long"
	ProblemPasswordCommon   Problem = "password_common"
	ProblemPasswordRefused  Problem = "password_refused"
)

// BrowserCookie is what the cookie of the browser session is to become.
type BrowserCookie struct {
	Value  Secret        // "" with Clear
	MaxAge time.Duration // 0 for a cookie that goes when the browser is closed
	Clear  bool
}

// ClientView is a client as people are shown it. Its texts come from whoever registered it.
type ClientView struct {
	ID           string
	Name         string
	LogoURI      string // where the logo was fetched from; "" for none
	HomeURI      string
	PolicyURI    string
	TermsURI     string
	RedirectHost string // the host of the redirect URI of this request; "" for a private-use scheme
	Native       bool   // the response goes to a program on this computer, which any other can pretend to be
}

// UserView is a user as they are shown themselves.
type UserView struct{ Username, Name, Email string }

// ConsentView is what a person is asked to allow.
type ConsentView struct {
	Scopes     []ScopeView
	Audiences  []string // the APIs that it is for
	Remembered bool     // the answer is kept until it is taken back
}

// ScopeView is one scope with its texts by language; nil for none.
type ScopeView struct {
	Name  string
	Texts map[string]string
}

// Login is what a person has typed into the login page.
type Login struct {
	Username string
	Password Secret
	Remember bool   // stay signed in when the browser is closed; only where RememberPolicy allows
	Claimed  string // of the form
}

// SecondFactor is what a person has sent from the page that asks for a code.
type SecondFactor struct {
	Pending string // of the form
	Typed   Secret // the code of the authenticator app, or a recovery code
	Passkey PasskeyResponse
}

// PasskeyResponse is what the browser returned for the challenge of a page.
type PasskeyResponse struct {
	Challenge string // of the form
	Text      string // JSON; "" for none
}

func (r PasskeyResponse) response() factor.Response {
	return factor.Response{Sealed: r.Challenge, Text: r.Text}
}

// PasskeyLogin is a sign-in by a passkey alone.
type PasskeyLogin struct {
	PasskeyResponse
	Remember bool   // as of Login
	Claimed  string // of the form
}

// EnrolForm is what a person has sent from the page that sets up a second factor.
type EnrolForm struct {
	Enrolment string
	Typed     Secret // the first code of the app
	Later     bool   // not now

	// Passkey is one that was made in place of an app, under a name.
	Passkey     PasskeyResponse
	PasskeyName string
}

// BrowserUser is a user who is signed in in a browser.
type BrowserUser struct {
	User    storage.User
	Session storage.BrowserSession
}

// PasswordReplacer sets the passwords of users who must change theirs.
type PasswordReplacer interface {
	// ReplacePassword sets a new password for u, who has just logged in with the old one,
	// and by the same step ends all sessions of the user. It returns the user afterwards.
	// storage.ErrConflict where the record has other sessions or another password than u
	// says; a *FieldError for a password that must not be.
	ReplacePassword(ctx context.Context, u storage.User, pw Secret, info RequestInfo) (storage.User, error)
}
