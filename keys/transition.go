package keys

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Transition is the change of one key from one state to another.
type Transition struct {
	At   time.Time
	KID  string // empty for a key that is not made yet
	Seq  int64
	From State // empty for a key that the change makes
	To   State

	// PropagationDelay is for how long verifiers with an older JWKS may refuse new
	// tokens of a key that they do not know yet, or accept those of a revoked one. It
	// is zero where no verifier can notice the change.
	PropagationDelay time.Duration

	LastToken time.Time // of a key that retires: when the last token that it signed has expired
}

// MarshalJSON returns the change as the command line and the HTTP API show it.
func (c Transition) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		At     time.Time `json:"at"`
		KID    string    `json:"kid,omitempty"`
		From   State     `json:"from,omitempty"`
		To     State     `json:"to"`
		Tokens string    `json:"tokens"`
	}{c.At, c.KID, c.From, c.To, c.Tokens()})
}

// Tokens describes the tokens that the change affects, for a person.
func (c Transition) Tokens() string {
	switch {
	case c.To == Revoked:
		return "every token that it signed is refused: here at once, by verifiers that cached the JWKS" + within(c.PropagationDelay)
	case c.To == Expired:
		return "none: the last that it signed has expired, it leaves the JWKS"
	case c.To == Standby:
		return "none: it is published and signs nothing yet"
	case c.To == Active && c.From == Retired:
		return "new ones are signed by it again; it is still published"
	case c.To == Active && c.PropagationDelay > 0:
		return "new ones are signed by it; a verifier that cached the JWKS before may refuse them for up to " + c.PropagationDelay.String()
	case c.To == Active:
		return "new ones are signed by it; it has been published for publish-ahead"
	case c.From == Active:
		return "those that it signed stay valid until they expire, the last at " + c.LastToken.UTC().Format(time.RFC3339)
	}
	return "none: it does not sign, and stays published for a while in case an instance has signed by it"
}

func within(d time.Duration) string {
	if d == 0 {
		return " too"
	}
	return fmt.Sprintf(" within %s", d)
}
