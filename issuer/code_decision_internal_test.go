package issuer

import (
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

const (
	testVerifier = "verifier-of-a-code-that-has-at-least-43-characters"
	testCallback = "https://app.example.org/callback"
)

// pendingTestSession is the session of a code with PKCE at that time, and otherTestSession
// that of one without.
func pendingTestSession(at time.Time, challenge string) storage.Session {
	return pendingSession(handle{1}, CodeRequest{
		Client: storage.Client{ID: "web"}, User: storage.User{ID: "alice"}, RedirectURI: testCallback, Challenge: challenge,
	}, at)
}

// redeemed returns the session as redeemed at that time.
func redeemed(s storage.Session, at time.Time) storage.Session {
	s.Generation, s.Code, s.StatusIndex = 0, storage.Code{}, 7
	s.CreatedAt, s.RotatedAt, s.ExpiresAt = at, at, at.Add(time.Hour)
	return s
}

// C06, C09, C10, C12, C14, C15: what each way to present a code comes to.
func TestCodeRules_Decide(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	challenge := authorization.Challenge(testVerifier)
	pkce, plain := pendingTestSession(begin, challenge), pendingTestSession(begin, "")
	right, noPKCE := presentedCode{"web", testCallback, testVerifier, begin}, presentedCode{"web", testCallback, "", begin}
	with := func(p presentedCode, change func(*presentedCode)) presentedCode { change(&p); return p }
	session := func(s storage.Session, change func(*storage.Session)) storage.Session { change(&s); return s }
	wrong := strings.Replace(testVerifier, "v", "w", 1)
	after := func(p presentedCode, d time.Duration) presentedCode {
		return with(p, func(p *presentedCode) { p.at = p.at.Add(d) })
	}
	rules := codeRules{grace: 2 * time.Second, skew: time.Minute, maxFailures: 3}
	for name, c := range map[string]struct {
		s    storage.Session
		p    presentedCode
		want codeOutcome
	}{
		"with PKCE":                               {pkce, right, codeRedeem},
		"with PKCE, without redirect_uri":         {pkce, with(right, func(p *presentedCode) { p.redirectURI = "" }), codeRedeem},
		"without PKCE":                            {plain, noPKCE, codeRedeem},
		"without PKCE, without redirect_uri":      {plain, with(noPKCE, func(p *presentedCode) { p.redirectURI = "" }), codeMismatch},
		"without PKCE, with a verifier":           {plain, right, codeMismatch},
		"another redirect_uri":                    {pkce, with(right, func(p *presentedCode) { p.redirectURI += "/" }), codeMismatch},
		"no verifier":                             {pkce, noPKCE, codeMismatch},
		"a verifier of 42 characters":             {pkce, with(right, func(p *presentedCode) { p.verifier = strings.Repeat("v", 42) }), codeMismatch},
		"a verifier of 129 characters":            {pkce, with(right, func(p *presentedCode) { p.verifier = strings.Repeat("v", 129) }), codeMismatch},
		"a verifier with a character too many":    {pkce, with(right, func(p *presentedCode) { p.verifier = strings.Repeat("v", 50) + "+" }), codeMismatch},
		"the challenge as verifier":               {pkce, with(right, func(p *presentedCode) { p.verifier = challenge }), codeWrongVerifier},
		"another verifier":                        {pkce, with(right, func(p *presentedCode) { p.verifier = wrong }), codeWrongVerifier},
		"another verifier and redirect_uri":       {pkce, with(right, func(p *presentedCode) { p.verifier, p.redirectURI = wrong, "https://evil" }), codeMismatch},
		"after three wrong verifiers":             {session(pkce, func(s *storage.Session) { s.Code.Failures = 3 }), right, codeRedeem},
		"after four wrong verifiers":              {session(pkce, func(s *storage.Session) { s.Code.Failures = 4 }), right, codeEnded},
		"another client":                          {pkce, with(right, func(p *presentedCode) { p.clientID = "other" }), codeForeign},
		"another client, when it has ended":       {pkce, with(after(right, time.Hour), func(p *presentedCode) { p.clientID = "other" }), codeForeign},
		"in its last millisecond":                 {pkce, after(right, codeTTL-time.Millisecond), codeRedeem},
		"at its end":                              {pkce, after(right, codeTTL), codeEnded},
		"revoked":                                 {session(pkce, func(s *storage.Session) { s.RevokedAt = begin }), right, codeEnded},
		"a session without a code":                {session(redeemed(pkce, begin), func(s *storage.Session) { s.CodeCheck = "" }), right, codeEnded},
		"again at once":                           {redeemed(pkce, begin), right, codeReplayGrace},
		"again at the end of the grace":           {redeemed(pkce, begin), after(right, 2*time.Second), codeReplayGrace},
		"again after the grace":                   {redeemed(pkce, begin), after(right, 2001*time.Millisecond), codeReplay},
		"again, redeemed by a clock ahead":        {redeemed(pkce, begin.Add(time.Minute)), right, codeReplayGrace},
		"again, redeemed in a far future":         {redeemed(pkce, begin.Add(2*time.Minute)), right, codeReplay},
		"again at once after a refresh":           {session(redeemed(pkce, begin), func(s *storage.Session) { s.Generation, s.RotatedAt = 1, begin.Add(time.Second) }), right, codeReplayGrace},
		"again after the grace, a refresh since":  {session(redeemed(pkce, begin), func(s *storage.Session) { s.Generation, s.RotatedAt = 1, begin.Add(time.Minute) }), after(right, time.Minute), codeReplay},
		"again at once without PKCE":              {redeemed(plain, begin), noPKCE, codeReplay},
		"again, another verifier":                 {redeemed(pkce, begin), with(right, func(p *presentedCode) { p.verifier = wrong }), codeReplayWrong},
		"again, no verifier":                      {redeemed(pkce, begin), noPKCE, codeReplayWrong},
		"again, another client":                   {redeemed(pkce, begin), with(right, func(p *presentedCode) { p.clientID = "other" }), codeForeign},
		"again without PKCE, another redirect":    {redeemed(plain, begin), with(noPKCE, func(p *presentedCode) { p.redirectURI = "https://evil" }), codeReplayWrong},
		"again without PKCE, no redirect":         {redeemed(plain, begin), with(noPKCE, func(p *presentedCode) { p.redirectURI = "" }), codeReplayWrong},
		"again without PKCE, with a verifier":     {redeemed(plain, begin), right, codeReplayWrong},
		"again, revoked":                          {session(redeemed(pkce, begin), func(s *storage.Session) { s.RevokedAt = begin }), after(right, time.Minute), codeEnded},
		"again when the session's life has ended": {redeemed(pkce, begin), after(right, time.Hour), codeEnded},
	} {
		if got := rules.decide(c.s, c.p); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	rules.grace = 0
	if got := rules.decide(redeemed(pkce, begin), right); got != codeReplay {
		t.Errorf("again at once, with no grace: got %s, want %s", got, codeReplay)
	}
}

// The record of a code holds neither the code nor the redirect URI nor a verifier.
func TestPendingSession_HoldsNoSecret(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := pendingSession(handle{1}, CodeRequest{
		RedirectURI: testCallback, Challenge: authorization.Challenge(testVerifier), LoginBound: true,
		Browser: storage.BrowserSession{ID: "cookie-hash", RootID: "root", AuthTime: at.Add(-time.Hour), ExpiresAt: at.Add(time.Hour), UserEpoch: 3, AMR: []string{"pwd"}},
	}, at)
	if s.Generation != storage.PendingGeneration || s.StatusIndex != 0 || !s.ExpiresAt.Equal(at.Add(time.Minute)) {
		t.Errorf("generation %d, status index %d, ends %v", s.Generation, s.StatusIndex, s.ExpiresAt)
	}
	if s.BrowserID != "root" || !s.Code.Until.Equal(at.Add(time.Hour)) || !s.AuthTime.Equal(at.Add(-time.Hour)) || s.UserEpoch != 3 {
		t.Errorf("%+v does not have what it needs of the browser session", s)
	}
	if strings.Contains(s.Code.RedirectHash+s.CodeCheck, "app.example.org") {
		t.Error("the redirect URI is in the record")
	}
}
