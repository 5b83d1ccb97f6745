package pages

import "time"

// View is what one page shows. Each page has a struct of its own.
type View interface {
	name() string                 // of the page, which the operator's fragment for it has too
	build(f *frame) (page, error) // its parts
}

var (
	_ View = LoginView{}
	_ View = ChangePasswordView{}
	_ View = SecondFactorView{}
	_ View = EnrolView{}
	_ View = RecoveryCodesView{}
	_ View = ConsentView{}
	_ View = DeviceView{}
	_ View = DeviceDoneView{}
	_ View = FormPostView{}
	_ View = ContinueView{}
	_ View = LoopView{}
	_ View = ErrorView{}
	_ View = LogoutView{}
	_ View = SignedOutView{}
	_ View = StatusView{}
	_ View = HomeView{}
	_ View = ForgotView{}
	_ View = ForgotCodeView{}
	_ View = SetPasswordView{}
	_ View = ConfirmAddressView{}
	_ View = MailDoneView{}
	_ View = AccountView{}
	_ View = AccountPasswordView{}
	_ View = AccountFactorsView{}
	_ View = AccountEnrolView{}
	_ View = AccountPasskeyView{}
	_ View = AccountCodesView{}
	_ View = AccountSessionsView{}
	_ View = AccountAppsView{}
	_ View = AccountLinkedView{}
)

// Client is an application as a page shows it. All texts may come from strangers: they are
// escaped, cut and kept apart from the text around them.
type Client struct {
	ID   string
	Name string // "" shows the ID
	// LogoURL is a path on this server, "" for none. A logo of another origin is not loaded.
	LogoURL   string
	HomeURL   string // https, or http on loopback; another is not linked
	PolicyURL string
	TermsURL  string
	// IDHost and RedirectHost are shown for a client that no administrator has vetted.
	IDHost, RedirectHost string
}

// User is a person as a page shows them.
type User struct {
	Username string
	Name     string // "" for none
	Email    string // "" for none
	Phone    string // "" for none
}

// Problem is why a form is shown again, or what a page has to say before anything else: a
// key of the catalogs under "problem.". Another one is shown as ProblemFailed.
type Problem string

// The problems of the forms. None of them tells whether an account exists.
const (
	ProblemNone             Problem = ""
	ProblemWrongCredentials Problem = "wrong_credentials" // unknown, disabled, locked or wrong: all the same
	ProblemThrottled        Problem = "throttled"         // with RetryAfter
	ProblemUnavailable      Problem = "unavailable"       // outcome unknown; with RetryAfter
	ProblemSessionEnded     Problem = "session_ended"     // the browser session has ended: sign in again
	ProblemSignInAgain      Problem = "sign_in_again"     // the application asked for a fresh sign-in
	ProblemMissing          Problem = "missing"           // a field is empty
	ProblemFailed           Problem = "failed"            // something else; try again

	ProblemLoginExpired  Problem = "login_expired" // the sign-in took too long, or was of another request
	ProblemCodeWrong     Problem = "code_wrong"
	ProblemCodeUsed      Problem = "code_used"       // it was right, and has been used
	ProblemRecoveryCode  Problem = "recovery_code"   // no recovery code of the user, or one that has been used
	ProblemMailCodeWrong Problem = "mail_code_wrong" // the code of a mail
	ProblemUserCode      Problem = "user_code_wrong" // the code of a device, or not pending any more
	ProblemMailLinkCode  Problem = "mail_link_code"  // the code of the mail with the link
	ProblemMailBrowser   Problem = "mail_browser"    // another browser has asked for the code
	ProblemEnrolExpired  Problem = "enrol_expired"   // the set-up of an authenticator app took too long
	ProblemFactorExists  Problem = "factor_exists"   // there is an authenticator app already
	ProblemFactorGone    Problem = "factor_gone"     // there is none any more
	ProblemFactorFirst   Problem = "factor_first"    // the sign-in is from before the second factor

	ProblemPasskeyExpired Problem = "passkey_expired" // the challenge is too old, or was used
	ProblemPasskeyRefused Problem = "passkey_refused" // unknown, disabled or not proven: all the same
	ProblemPasskeyExists  Problem = "passkey_exists"
	ProblemPasskeyName    Problem = "passkey_name"
	ProblemPasskeyLimit   Problem = "passkey_limit"
	ProblemPasskeyGone    Problem = "passkey_gone" // or this issuer can have none

	ProblemUpstreamUnavailable   Problem = "upstream_unavailable"   // the other provider cannot be reached
	ProblemUpstreamDenied        Problem = "upstream_denied"        // it, or the person there, has refused
	ProblemUpstreamRejected      Problem = "upstream_rejected"      // what it sent proves nothing
	ProblemUpstreamMisconfigured Problem = "upstream_misconfigured" // it refuses this service
	ProblemUpstreamNotFresh      Problem = "upstream_not_fresh"     // the sign-in there is too old
	ProblemUpstreamExpired       Problem = "upstream_expired"       // it took too long, or began elsewhere
	ProblemUpstreamGone          Problem = "upstream_gone"          // it is no longer offered
	ProblemUpstreamRefused       Problem = "upstream_refused"       // that account may not sign in here
	ProblemUpstreamTooLong       Problem = "upstream_too_long"      // the request is too long for it
	ProblemUpstreamLinkHere      Problem = "upstream_link_here"     // sign in here once to link the account
	ProblemLastWayIn             Problem = "last_way_in"            // without the account nobody gets in
	ProblemLinkGone              Problem = "link_gone"
	ProblemLinkFresh             Problem = "link_fresh" // sign in again first

	ProblemPasswordMismatch Problem = "password_mismatch"  // the two new passwords differ
	ProblemPasswordSame     Problem = "password_same"      // the new one is the old one
	ProblemPasswordShort    Problem = "password_too_short" // with PasswordMin of the view
	ProblemPasswordLong     Problem = "password_too_long"
	ProblemPasswordCommon   Problem = "password_common" // too easy to guess
	ProblemPasswordRefused  Problem = "password_refused"
	ProblemPasswordWrong    Problem = "password_wrong" // the current one

	ProblemEmailInvalid Problem = "email_invalid"
	ProblemPhoneInvalid Problem = "phone_invalid"
	ProblemNameInvalid  Problem = "name_invalid"
	// ProblemAttributeInvalid is about the field that says so.
	ProblemAttributeInvalid Problem = "attribute_invalid"

	ProblemInUse    Problem = "in_use"   // the address belongs to another account
	ProblemConflict Problem = "conflict" // changed elsewhere meanwhile
)

// Remember says whether the login page offers to stay signed in.
type Remember int

const (
	RememberNever    Remember = iota // no box
	RememberOffered                  // a box, empty
	RememberSelected                 // a box, ticked
)

// LoginView is the page that asks for a name and a password.
type LoginView struct {
	Action     string  // where the form goes: a path and query of this server
	Client     *Client // who asks; nil for nobody
	Username   string  // fills the field: of login_hint, or as typed before
	Remember   Remember
	Problem    Problem
	RetryAfter time.Duration // with ProblemThrottled and ProblemUnavailable; 0 for unknown
	// RetryURL is linked with ProblemUnavailable: it asks for the same page again by GET.
	RetryURL string
	// OtherUser is signed in now and will be signed out; nil for nobody.
	OtherUser *User
	ForgotURL string // leads to who has forgotten their password; "" for no link
	// StateURL is asked by the script when the tab is looked at again: 200 means that somebody
	// is signed in by now, and the page is loaded again; 204 means nobody. "" asks nothing: set
	// it only where a session would go on without the form.
	StateURL string
	// Passkey offers to sign in by a passkey instead, at PasskeyAction; nil for no button.
	Passkey       *PasskeyRequest
	PasskeyAction string
	// Connectors are other providers to sign in at. Claimed is an account there that the login
	// links; nil for none.
	Connectors []Connector
	Claimed    *ClaimedAccount
}

// ClaimedAccount is an account at another provider that a login links. The forms send Sealed as
// claimed.
type ClaimedAccount struct {
	Sealed string
	As     string // the address or name there
	At     string // the name of the provider
}

// Connector is another provider to sign in at. Its form posts to Action.
type Connector struct {
	ID     string
	Name   string
	Action string
}

// PasskeyRequest is what the script asks the browser for. Its form sends challenge and response,
// and is hidden where there is no script or no passkey in the browser.
type PasskeyRequest struct {
	Options   string // JSON
	Challenge string // sealed, for the form
}

// ChangePasswordView is the page that demands a new password before the flow goes on.
type ChangePasswordView struct {
	Action      string
	Client      *Client
	User        User
	AskCurrent  bool // asks for the current password too
	PasswordMin int  // fewest characters; 0 says nothing
	Problem     Problem
	RetryAfter  time.Duration
}

// SecondFactorView is the page that asks for a code after the password. Its forms send pending and
// one of code, recovery_code, and challenge with response.
type SecondFactorView struct {
	Action     string
	Client     *Client
	User       User
	Pending    string // the login that the code completes, sealed
	App        bool   // the user has an authenticator app
	Passkey    *PasskeyRequest
	RestartURL string // signs in anew; "" for no link
	Problem    Problem
	RetryAfter time.Duration
}

// EnrolView is the page that sets up a second factor before the flow goes on. It sends enrolment and
// code, or challenge, response and name, or decision=later.
type EnrolView struct {
	Action    string
	Client    *Client
	Until     time.Time // it can be put off until then; zero where it cannot
	Enrolment string    // of an app; "" where an app is not enough
	Secret    string
	URI       string // otpauth: the same for an app on this device
	QRSize    int
	QRPath    string
	Passkey   *PasskeyRequest // makes a passkey; nil where there can be none
	Problem   Problem
}

// RecoveryCodesView shows new recovery codes, this once, and leads on.
type RecoveryCodesView struct {
	Codes       []string
	ContinueURL string
}

// ConsentView is the page that asks whether an application may have what it wants.
type ConsentView struct {
	Action     string
	Client     Client
	User       User
	Scopes     []Scope
	Audiences  []string // the APIs that it is for; may be empty
	Remembered bool     // the answer is kept until it is taken back; else it is asked each time
	SwitchURL  string   // leads to signing in as somebody else; "" for no link
	Device     *Device  // that asks; nil for an application in this browser
	Localhost  bool     // the answer goes to a program on this computer, which says of itself who it is
	Problem    Problem
}

// Scope is one thing that an application may do.
type Scope struct {
	Name string
	Text string // in the language of the page; "" takes the catalog's, or else shows the name
}

// Field is a hidden field of a form.
type Field struct{ Name, Value string }

// FormPostView posts the authorization response (OAuth 2.0 Form Post Response Mode).
type FormPostView struct {
	Action string // a registered redirect URI
	Fields []Field
	Client Client
}

// ContinueView leads to an application by a link that a person must click: browsers open a
// private-use scheme only then (RFC 8252 §8.1 has such redirect URIs). With Auto the answer's
// header goes there by itself, and the link is for browsers that do not follow it.
type ContinueView struct {
	URL    string // a registered redirect URI with the response; any scheme but those that run script
	Client Client
	Auto   bool
}

// LoopView stops an application that sends the browser here again and again.
type LoopView struct {
	Client      Client
	ContinueURL string // goes on nevertheless; a path of this server or a registered URL
	Details     Details
}

// LogoutView asks whether the person wants to sign out.
type LogoutView struct {
	Action    string
	Fields    []Field // hidden fields that the form sends beside decision=sign-out
	Client    *Client // who asks; nil for nobody
	User      *User   // who is signed in; nil for nobody
	CancelURL string  // "" leads to the account page
}

// SignedOutView says that the person is signed out.
type SignedOutView struct {
	Client *Client // the application that asked; nil for none
	// BackURL leads to the application: a registered URL, or "" for none.
	BackURL   string
	SignInURL string // "" leads to the account page, which asks to sign in
}

// StatusView is the page of a status that is about the URL alone, such as 404 and 405.
type StatusView struct {
	Status    int
	RequestID string
}

// HomeView is the page at the issuer's URL: where a developer begins.
type HomeView struct {
	Issuer string
	Admin  bool // it is the page of the admin listener
}
