package issuer

// logoutFacts are what decides about a logout request that was not refused.
type logoutFacts struct {
	signedIn  bool // the browser has a live session
	confirmed bool // the person has just confirmed, in that session and for this request

	hint    hintVerdict
	matches bool // the hint's session was born in the browser's session

	uri        bool // a post_logout_redirect_uri was given
	registered bool // it is registered for the client, byte for byte
}

// hintVerdict is what is thought of the id_token_hint.
type hintVerdict int

const (
	hintAbsent  hintVerdict = iota
	hintInvalid             // not one of ours, or altered
	hintValid               // perhaps expired, or signed by a retired key
)

// logoutEnds is what a logout ends.
type logoutEnds int

const (
	endsNothing logoutEnds = iota
	endsClientSession
	endsBrowserSession
)

// logoutDecision is what is done about a logout request.
//
//	confirm                 ask the person; nothing ends
//	ends, and redirect      the client gets the browser back
//	ends, and not redirect  the page that says that the person is signed out
type logoutDecision struct {
	confirm  bool
	ends     logoutEnds
	redirect bool
}

// decide applies OpenID Connect RP-Initiated Logout 1.0 §2 to §4 and §6. Nobody is
// redirected to a URI that is not registered, nor by a request that nobody vouches for:
// neither a valid hint nor the person. Whoever is signed in is asked, unless the hint shows
// that the request comes from an application of this very browser session. Where nobody is
// signed in the hint's own session ends.
func (f logoutFacts) decide() logoutDecision {
	vouched := f.hint == hintValid || f.confirmed && f.hint == hintAbsent
	redirect := f.uri && f.registered && vouched
	switch {
	case f.signedIn && (f.confirmed || f.hint == hintValid && f.matches && f.registered == f.uri):
		return logoutDecision{ends: endsBrowserSession, redirect: redirect}
	case f.signedIn:
		return logoutDecision{confirm: true}
	case f.hint == hintValid:
		return logoutDecision{ends: endsClientSession, redirect: redirect}
	}
	return logoutDecision{}
}

// problem says what is wrong with a request that was not refused; "" for nothing.
func (f logoutFacts) problem() string {
	switch {
	case f.hint == hintInvalid:
		return "id_token_hint is not a valid ID token of this issuer"
	case f.uri && !f.registered:
		return "post_logout_redirect_uri is not registered for the client, or no client is named"
	case f.signedIn && f.hint == hintValid && !f.matches:
		return "id_token_hint is of another session than the browser's"
	}
	return ""
}
