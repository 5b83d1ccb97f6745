package keys

import (
	"errors"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// Errors that keep an instance from signing. Both are [storage.ErrUnavailable]:
// a caller answers 503, never a refusal.
var (
	// ErrStale means that the snapshot of the keys is older than
	// [Config.StaleAfter]: another instance may have rotated or revoked.
	ErrStale = fmt.Errorf("the snapshot of the signing keys is too old: %w", storage.ErrUnavailable)

	// ErrNoKey means that no key may sign: all are revoked, and no new one
	// could be stored yet.
	ErrNoKey = fmt.Errorf("no signing key: %w", storage.ErrUnavailable)
)

// Reasons for which [Manager.Verify] refuses a token. Each is an ErrInvalidToken.
var (
	// ErrInvalidToken refuses a token that this issuer did not sign, or signed with a
	// key that is not published any more.
	ErrInvalidToken = errors.New("not a token of this issuer")

	// ErrMalformed refuses a token that is not a JWS in strict compact form.
	ErrMalformed = fmt.Errorf("%w: malformed", ErrInvalidToken)

	// ErrUnknownKey refuses a key id that is not published, or not signing yet.
	ErrUnknownKey = fmt.Errorf("%w: unknown key", ErrInvalidToken)

	// ErrSignature refuses an algorithm that is not the key's, or a signature
	// that does not match.
	ErrSignature = fmt.Errorf("%w: bad signature", ErrInvalidToken)
)

// ErrRotated means that another instance rotated first.
var ErrRotated = errors.New("already rotated")

// A ScheduledError refuses a rotation because one is scheduled and still to
// come. It is an [ErrRotated]; forcing makes the scheduled one happen now.
type ScheduledError struct {
	KID string    // the key that will start to sign
	At  time.Time // and when
}

func (e *ScheduledError) Error() string {
	return fmt.Sprintf("already rotated: key %s is scheduled to sign from %s", e.KID, e.At.UTC().Format(time.RFC3339))
}

// Is makes every ScheduledError an ErrRotated.
func (e *ScheduledError) Is(target error) bool { return target == ErrRotated }

// A RollbackUnavailableError refuses a rollback: no earlier key may sign
// again.
type RollbackUnavailableError struct {
	KID   string    // the previous key; empty where none is published
	Until time.Time // when a rollback to it was possible last
}

func (e *RollbackUnavailableError) Error() string {
	if e.KID == "" {
		return "no earlier key is left in the JWKS to roll back to"
	}
	return fmt.Sprintf("rollback to key %s was possible until %s: it is about to leave the JWKS, and an instance that has not read the rollback would drop it while others sign with it",
		e.KID, e.Until.UTC().Format(time.RFC3339))
}

// An UnsealError refuses a record that does not open under the master key: it was
// sealed under another one, or was altered or damaged.
type UnsealError struct {
	KID    string
	Reason string // without any secret
}

func (e *UnsealError) Error() string {
	return fmt.Sprintf("unseal key %s: %s", e.KID, e.Reason)
}
