package authorization

import "time"

// ConsoleAttempt is a sign-in at the console that has begun. A cookie of the browser carries it,
// sealed, until the authorization response comes back.
type ConsoleAttempt struct {
	State    string    `json:"s"`
	Verifier string    `json:"v"` // RFC 7636
	Page     string    `json:"p"` // that it leads back to, below the issuer's path
	Until    time.Time `json:"t"`
}

// ConsoleSession is who uses the console: a session of the console's client. A cookie carries it,
// sealed; no token is in it.
type ConsoleSession struct {
	SessionID string    `json:"s"`
	SeenAt    time.Time `json:"l"`
	Until     time.Time `json:"t"`
}

// Lives of the two.
const (
	ConsoleAttemptTTL = 10 * time.Minute
	ConsoleIdle       = 30 * time.Minute
	ConsoleTTL        = 12 * time.Hour
)

const (
	consoleAttemptVersion = 0x85
	consoleSessionVersion = 0x86
)

// MaxConsoleCookie bounds both, in characters: browsers keep cookies up to 4096 bytes.
const MaxConsoleCookie = 3500

// Valid tells whether the response with this state completes the attempt.
func (a ConsoleAttempt) Valid(state string, now time.Time) bool {
	left := a.Until.Sub(now)
	return a.State != "" && a.State == state && left > 0 && left <= ConsoleAttemptTTL
}

// Valid tells whether the session goes on at that time.
func (c ConsoleSession) Valid(now time.Time) bool {
	left, idle := c.Until.Sub(now), now.Sub(c.SeenAt)
	return c.SessionID != "" && left > 0 && left <= ConsoleTTL && idle < ConsoleIdle && idle > -time.Minute
}

func (s *Sealer) consoleData(what string) []byte {
	return append([]byte("console "+what+"\x00"), s.issuer...)
}

// SealConsoleAttempt returns the attempt as the value of a cookie.
func (s *Sealer) SealConsoleAttempt(a ConsoleAttempt) (string, error) {
	return s.sealJSON(consoleAttemptVersion, a, s.consoleData("attempt"))
}

// OpenConsoleAttempt returns the attempt; the zero one for any text that is none of this issuer.
func (s *Sealer) OpenConsoleAttempt(text string) (a ConsoleAttempt) {
	if !s.openJSON(consoleAttemptVersion, text, MaxConsoleCookie, s.consoleData("attempt"), &a) {
		return ConsoleAttempt{}
	}
	return a
}

// SealConsoleSession returns the session as the value of a cookie.
func (s *Sealer) SealConsoleSession(c ConsoleSession) (string, error) {
	return s.sealJSON(consoleSessionVersion, c, s.consoleData("session"))
}

// OpenConsoleSession returns the session; the zero one for any text that is none of this issuer.
func (s *Sealer) OpenConsoleSession(text string) (c ConsoleSession) {
	if !s.openJSON(consoleSessionVersion, text, MaxConsoleCookie, s.consoleData("session"), &c) {
		return ConsoleSession{}
	}
	return c
}
