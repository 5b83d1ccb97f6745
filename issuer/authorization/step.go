package authorization

import (
	"time"

	"example.org/signet/storage"
)

// StepKind is what is due next.
type StepKind string

// The steps of a request, in their order.
const (
	StepLogin          StepKind = "login"           // ask for user name and password
	StepSecondFactor   StepKind = "second_factor"   // ask for the code of an app, or another factor
	StepChangePassword StepKind = "change_password" // the user must set a new one
	StepEnrol          StepKind = "enrol"           // the user must set up a second factor
	StepConsent        StepKind = "consent"         // ask the user
	StepLoop           StepKind = "loop"            // the client sends the user here again and again
	StepRestart        StepKind = "restart"         // go to the client's initiate_login_uri
	StepRespond        StepKind = "respond"         // issue a code
	StepRespondError   StepKind = "respond_error"   // answer with an error
	StepUserCode       StepKind = "user_code"       // ask for the code that a device shows
	StepDeviceDone     StepKind = "device_done"     // say what became of the request of a device
)

// Step is what is due next.
type Step struct {
	Kind        StepKind
	Code        string // of StepRespondError
	Description string

	// Continue says that the answer goes to an application that browsers open only after
	// a click: it is shown on a page, as a link.
	Continue bool

	// Optional says that StepEnrol can be put off.
	Optional bool

	// Level is what the factor of StepEnrol must reach.
	Level Level
}

// ConsentState says what is known of the user's consent.
type ConsentState int

// What is known of a user's consent.
const (
	ConsentGiven  ConsentState = iota // or none is needed
	ConsentUnless                     // it is needed unless the stamp proves it: policy always
	ConsentDue                        // it is needed, whatever the stamp says
)

// State is what is known when the next step is decided.
type State struct {
	Now time.Time

	// Of the browser session; BrowserID "" for none that is alive.
	BrowserID string
	UserID    string
	AuthTime  time.Time
	Level     Level // what was proven in it

	// Passkeys says that this issuer can have passkeys.
	Passkeys bool

	// Reachable is the level of a login with all factors that the user has.
	Reachable Level

	// Policy is the level that the user's roles and the client demand. With EnrolLater a user who
	// cannot reach it may set up the factor another time; EnrolShown says that they know of it.
	Policy     Level
	EnrolLater bool
	EnrolShown bool

	// HintUserID is whom the id_token_hint names; "" for nobody in particular.
	HintUserID string

	MustChangePassword bool
	Consent            ConsentState // of no meaning without a browser session
	Stamp              Stamp
	DefaultMaxAge      *int64 // of the client, where the request says none
	InitiateLoginURI   string // of the client
	Looping            bool   // more codes than a person can ask for
	Clicked            bool   // a click has led here
}

// NextStep returns what is due next for a valid request.
func NextStep(r Request, s State) Step {
	proven := s.Stamp.Proves(r, s.BrowserID, s.Now)
	for _, check := range []func(Request, State, Steps) *Step{
		checkACR, checkLogin, checkFactor, checkUser, checkPassword, checkEnrol, checkConsent, checkLoop, checkStale,
	} {
		if step := check(r, s, proven); step != nil {
			step.Continue = step.Kind == StepRespondError && continues(r, s)
			return *step
		}
	}
	return Step{Kind: StepRespond, Continue: continues(r, s)}
}

func continues(r Request, s State) bool { return !s.Clicked && !isWeb(r.RedirectURI) }

// due returns the step, or with prompt=none the error that says so (OpenID Connect Core
// §3.1.2.6).
func due(r Request, kind StepKind, code, description string) *Step {
	if r.Prompt.None {
		return &Step{Kind: StepRespondError, Code: code, Description: description}
	}
	return &Step{Kind: kind}
}

// checkACR refuses an essential acr that no login reaches.
func checkACR(r Request, _ State, _ Steps) *Step {
	if l, asked := essentialLevel(r); asked && l == LevelNone {
		return &Step{Kind: StepRespondError, Code: UnmetAuthentication, Description: "no authentication context that was asked for can be reached"}
	}
	return nil
}

// checkLogin asks for a login where nobody is signed in, or not recently enough.
func checkLogin(r Request, s State, proven Steps) *Step {
	switch {
	case s.BrowserID == "":
		return due(r, StepLogin, LoginRequired, "the user is not signed in")
	case proven.Password:
		return nil
	case r.Prompt.Login, r.Prompt.SelectAccount:
		return &Step{Kind: StepLogin}
	case s.Stamp.Foreign(r):
		return due(r, StepLogin, LoginRequired, "the request has been changed since it began")
	case tooOld(r, s):
		return due(r, StepLogin, LoginRequired, "the user signed in too long ago")
	}
	return nil
}

// checkFactor asks for the second factor where the session has proven less than is wanted, and
// the user can prove more. What acr_values names is reached where the user has the factor, and is
// no error where not.
func checkFactor(r Request, s State, _ Steps) *Step {
	if l, _ := essentialLevel(r); l == LevelPHR && max(s.Level, s.Reachable) < l && !s.Passkeys { // nor can the page of checkEnrol set one up
		return &Step{Kind: StepRespondError, Code: UnmetAuthentication, Description: "the user has no passkey"}
	}
	wanted := demanded(r, s)
	if !r.Prompt.None {
		wanted = max(wanted, voluntaryLevel(r, s.Reachable))
	}
	if s.Level >= wanted || s.Reachable <= s.Level {
		return nil
	}
	return due(r, StepSecondFactor, InteractionRequired, "the user must use a second factor")
}

// demanded is the level below which nobody goes on.
func demanded(r Request, s State) Level {
	essential, _ := essentialLevel(r)
	return max(essential, s.Policy)
}

// FreshLogin is how old a login may be for a step that changes what the user signs in with,
// where it was not for this request.
const FreshLogin = 10 * time.Minute

// checkEnrol asks a user who has no factor that reaches the level to set one up. It shows a seed
// to nobody whose login is old: whoever has got hold of a browser, or of its cookie, would set up
// a factor of their own, and shut the user out. What can be put off waits for the next login then.
func checkEnrol(r Request, s State, proven Steps) *Step {
	essential, _ := essentialLevel(r)
	optional := s.EnrolLater && s.Level >= essential
	if s.Level >= demanded(r, s) || optional && (proven.Later || r.Prompt.None) {
		return nil
	}
	if age := s.Now.Sub(s.AuthTime); !r.Prompt.None && !proven.Password && (age < 0 || age > FreshLogin) {
		if optional && s.EnrolShown {
			return nil
		}
		return &Step{Kind: StepLogin}
	}
	step := due(r, StepEnrol, InteractionRequired, "the user must set up a second factor")
	step.Optional, step.Level = optional, demanded(r, s)
	return step
}

// tooOld tells whether the login is older than max_age (OpenID Connect Core §3.1.2.1).
func tooOld(r Request, s State) bool {
	limit := r.MaxAge
	if limit == nil {
		limit = s.DefaultMaxAge
	}
	if limit == nil {
		return false
	}
	return *limit == 0 || s.Now.Sub(s.AuthTime) > time.Duration(min(*limit, maxMaxAge))*time.Second
}

// checkUser compares the user with those that id_token_hint and the sub claim name (OpenID
// Connect Core §3.1.2.2).
func checkUser(r Request, s State, proven Steps) *Step {
	wanted := []string{s.HintUserID}
	if sub, asked := r.Claims.IDTokenClaim("sub"); asked {
		wanted = append(wanted, sub.Value)
	}
	for _, user := range wanted {
		if user == "" || user == s.UserID {
			continue
		}
		if proven.Password {
			return &Step{Kind: StepRespondError, Code: LoginRequired, Description: "another user has signed in"}
		}
		return due(r, StepLogin, LoginRequired, "another user is signed in")
	}
	return nil
}

func checkPassword(r Request, s State, _ Steps) *Step {
	if !s.MustChangePassword {
		return nil
	}
	return due(r, StepChangePassword, InteractionRequired, "the user must set a new password")
}

func checkConsent(r Request, s State, proven Steps) *Step {
	if s.Consent == ConsentDue || (r.Prompt.Consent || s.Consent == ConsentUnless) && !proven.Consent {
		return due(r, StepConsent, ConsentRequired, "the user must allow it first")
	}
	return nil
}

// checkLoop stops a client that rejects what it gets and sends the user back at once.
func checkLoop(r Request, s State, _ Steps) *Step {
	if !s.Looping || s.Clicked {
		return nil
	}
	return due(r, StepLoop, TemporarilyUnavailable, "this client has asked too often")
}

// checkStale lets the client begin anew where it has forgotten this request by now (OpenID
// Connect Core §4).
func checkStale(r Request, s State, _ Steps) *Step {
	if s.InitiateLoginURI == "" || r.Prompt.None || !s.Stamp.Stale(r, s.Now) {
		return nil
	}
	return &Step{Kind: StepRestart}
}

// ClientState fills in what the client says.
func (s *State) ClientState(c storage.Client) {
	s.DefaultMaxAge, s.InitiateLoginURI = c.DefaultMaxAge, c.InitiateLoginURI
}
