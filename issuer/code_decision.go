package issuer

import (
	"crypto/subtle"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// codeOutcome is the outcome of presenting a genuine authorization code.
type codeOutcome int

// The outcomes. Only the first issues tokens.
const (
	codeRedeem        codeOutcome = iota // the session begins
	codeMismatch                         // another redirect URI, or a verifier where none belongs, or none where one does: nothing changes
	codeWrongVerifier                    // a well-formed verifier of another challenge: it is counted
	codeEnded                            // expired, revoked, or too many wrong verifiers: nothing changes
	codeForeign                          // another client's code: nothing changes
	codeReplay                           // redeemed before, by the one who could: the session ends
	codeReplayGrace                      // the same, so soon that a client has sent it twice: nothing changes
	codeReplayWrong                      // redeemed before, by one who could not: nothing changes
)

func (o codeOutcome) String() string {
	return [...]string{"redeem", "mismatch", "wrong verifier", "ended", "foreign", "replay", "replay in the grace", "replay by somebody else"}[o]
}

// presentedCode is a genuine code and what the authenticated client presents with it.
type presentedCode struct {
	clientID    string
	redirectURI string // "" for none
	verifier    string // "" for none
	at          time.Time
}

// codeRules are the limits that an operator and this package set.
type codeRules struct {
	grace       time.Duration // after a redemption with PKCE, in which a replay ends nothing; 0 for none
	skew        time.Duration // the most that clocks of instances differ
	maxFailures int64         // wrong verifiers that a code survives
}

// decide returns the outcome of a code by the record of its session. It checks the client
// first: another client's code changes nothing.
func (r codeRules) decide(s storage.Session, p presentedCode) codeOutcome {
	switch {
	case p.clientID != s.ClientID:
		return codeForeign
	case !s.RevokedAt.IsZero(), !p.at.Before(s.ExpiresAt), s.CodeCheck == "":
		return codeEnded
	case s.Generation != storage.PendingGeneration:
		return r.decideReplay(s, p)
	case s.Code.Failures > r.maxFailures:
		return codeEnded
	case !redirectURIFits(s, p), (p.verifier == "") != (s.Code.Challenge == ""):
		return codeMismatch
	case s.Code.Challenge == "" || authorization.VerifyPKCE(s.Code.Challenge, p.verifier):
		return codeRedeem
	case authorization.CheckVerifier(p.verifier):
		return codeWrongVerifier
	}
	return codeMismatch
}

// redirectURIFits tells whether the redirect URI is that of the authorization request (RFC
// 6749 §4.1.3). It may be absent where a verifier says as much (OAuth 2.1 §10.2).
func redirectURIFits(s storage.Session, p presentedCode) bool {
	if p.redirectURI == "" {
		return s.CodePKCE
	}
	return hashRedirectURI(p.redirectURI) == s.Code.RedirectHash
}

// decideReplay returns the outcome of a code that was redeemed before. Who could not have
// redeemed it ends nothing (OAuth 2.1 §7.5.2): anybody may have seen the code.
func (r codeRules) decideReplay(s storage.Session, p presentedCode) codeOutcome {
	bound := p.redirectURI
	if s.CodePKCE {
		bound = authorization.Challenge(p.verifier)
	}
	switch {
	case (p.verifier == "") == s.CodePKCE, subtle.ConstantTimeCompare([]byte(codeCheck(bound)), []byte(s.CodeCheck)) == 0:
		return codeReplayWrong
	case s.CodePKCE && r.grace > 0 && !s.CreatedAt.Before(p.at.Add(-r.grace)) && !s.CreatedAt.After(p.at.Add(r.skew)):
		return codeReplayGrace
	}
	return codeReplay
}
