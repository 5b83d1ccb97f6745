package linear

// Op is what a client or an administrator asks for.
type Op int

// The operations. Those on a session name it by its number.
const (
	Login             Op = iota // opens session Input.Session with Input.Password
	Authorize                   // opens session Input.Session, which has no tokens until its code is redeemed
	RedeemCode                  // the code of the session
	RedeemCodeByOther           // the same code in another client's hands
	Refresh                     // with the refresh token of Input.Generation
	RefreshByOther              // the same token in another client's hands
	IntrospectRefresh           // the refresh token of Input.Generation
	IntrospectAccess            // any access token of the session
	Revoke                      // any token of the session
	EndSessions                 // all of the user's
	SetPassword                 // to Input.Password
	Disable                     // the user
	Enable                      // the user
	Wait                        // until every window of replay is over
	mayHaveRotated              // see Call.End
)

// Input is one request.
type Input struct {
	Op         Op
	Session    int
	Generation int
	Password   int
}

// Verdict is the outcome of a request: yes, no or unknown.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota // 503, or nothing at all
	Yes
	No
)

// Output is an answer. Generation is that of the refresh token that came with it.
type Output struct {
	Verdict    Verdict
	Generation int
}

// MaxSessions bounds the logins of one history.
const MaxSessions = 4

// State is one user and their sessions. It is a value: states are compared by ==.
type State struct {
	Disabled bool
	Password int
	Epoch    int
	Sessions [MaxSessions]Session
}

// Session is the record.
type Session struct {
	Open       bool // has been made
	Revoked    bool
	Epoch      int // of the user when it was made
	Generation int
	Window     bool // the last rotation lies within the window of replay
	Pending    bool // its code was not redeemed yet
	Grace      bool // it was redeemed so lately that the code sent again ends nothing
}

// Rules are what an operator can choose.
type Rules struct {
	Strict bool // no window at all
}

// Apply is the specification: what a request is answered in a state, and the
// state it leaves. Its sentences are those of the design's chapter on tokens.
func (r Rules) Apply(s State, in Input) (State, Output) {
	v := &s.Sessions[in.Session] // s is our own copy
	switch in.Op {
	case Login:
		if s.Disabled || in.Password != s.Password {
			return s, refused
		}
		*v = Session{Open: true, Epoch: s.Epoch}
		return s, granted(0)
	case Authorize:
		if s.Disabled {
			return s, refused
		}
		*v = Session{Open: true, Epoch: s.Epoch, Pending: true}
		return s, done
	case RedeemCode:
		return s, redeem(&s, v)
	case Refresh:
		return s, r.refresh(&s, v, in.Generation)
	case RefreshByOther, RedeemCodeByOther: // what is in the wrong hands changes no state
		return s, refused
	case IntrospectRefresh:
		return s, either(s.alive(*v) && in.Generation == v.Generation)
	case IntrospectAccess:
		return s, either(s.alive(*v))
	case Revoke: // ends the whole session, whichever of its tokens is presented
		v.Revoked = true
	case EndSessions:
		s.Epoch++
	case SetPassword: // ends the sessions with the old one
		s.Password = in.Password
		s.Epoch++
	case Disable: // ends the sessions; Enable revives none
		if !s.Disabled {
			s.Disabled = true
			s.Epoch++
		}
	case Enable:
		s.Disabled = false
	case Wait:
		for n := range s.Sessions {
			s.Sessions[n].Window, s.Sessions[n].Grace = false, false
		}
	case mayHaveRotated: // the update of a refresh that was then refused: of its user was read that they are shut out
		if !v.Revoked && in.Generation == v.Generation {
			v.Generation++
			v.Window = !r.Strict
		}
	}
	return s, done
}

// redeem is a genuine code with its verifier.
func redeem(s *State, v *Session) Output {
	switch {
	case v.Pending && s.alive(*v):
		v.Pending, v.Grace = false, true
		return granted(0)
	case !v.Pending && !v.Grace: // redeemed before: two parties have the code
		v.Revoked = true
	}
	return refused
}

// refresh is a genuine token of generation g at a session of generation n.
func (r Rules) refresh(s *State, v *Session, g int) Output {
	switch n := v.Generation; {
	case !s.alive(*v):
		return refused
	case g == n: // one update n → n+1, and the new pair
		v.Generation++
		v.Window = !r.Strict
		return granted(n + 1)
	case g == n-1 && v.Window: // the same generation-n token again
		return granted(n)
	}
	v.Revoked = true // any other g
	return refused
}

// alive tells whether a session is active: it was not ended, and its user epoch is current.
func (s *State) alive(v Session) bool {
	return v.Open && !v.Revoked && v.Epoch == s.Epoch && !s.Disabled
}

var (
	done    = Output{Verdict: Yes}
	refused = Output{Verdict: No}
)

func granted(generation int) Output { return Output{Yes, generation} }

func either(yes bool) Output {
	if yes {
		return done
	}
	return refused
}
