package keys

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

// Store is what this package needs of a backend.
type Store interface {
	InsertKey(ctx context.Context, k storage.Key) error
	ListKeys(ctx context.Context) ([]storage.Key, error)
	RevokeKey(ctx context.Context, kid string, at time.Time) error
	DeleteKey(ctx context.Context, kid string) error
}

var _ Store = storage.Keys(nil)

// A Manager is one instance's view of the signing keys: it signs, verifies and
// publishes from memory, and reads and changes the records. All methods may be
// called concurrently.
type Manager struct{}

// Open reads and unseals all keys, makes the first key and its standby in an
// empty store, and sees to it that there is a standby. It fails with
// *[UnsealError] on a key that does not open under the master key and then
// changes nothing; with the faults of the configuration; or with the store's
// error.
func Open(ctx context.Context, store Store, master MasterKey, cfg Config) (*Manager, error) {
	return nil, errors.ErrUnsupported
}

// Run refreshes the view every [Config.Refresh] until ctx ends, and makes keys
// ahead of need in the background. It returns when all it started has ended.
func (m *Manager) Run(ctx context.Context) {}

// Refresh reads the keys anew, rotates when that is due, ensures a standby and
// removes records of keys that are long gone. On an error the view stays what
// it was.
func (m *Manager) Refresh(ctx context.Context) error { return errors.ErrUnsupported }

// Ready is nil when the instance may sign; else ErrStale or ErrNoKey.
func (m *Manager) Ready() error { return errors.ErrUnsupported }

// A Signing is the key that signs at one moment, held so that all tokens of
// one answer are signed by it. Use it for one answer only.
type Signing struct{}

// KID is the key's id.
func (s Signing) KID() string { return "" }

// Alg is the key's algorithm, which also decides the hash of at_hash.
func (s Signing) Alg() string { return "" }

// Sign returns the claims as a JWT in compact form whose header has alg, kid
// and the given typ. RSA signatures queue for a processor, first come first
// served; ctx ends the wait.
func (s Signing) Sign(ctx context.Context, typ string, claims any) (string, error) {
	return "", errors.ErrUnsupported
}

// Current returns the key that signs now; ErrStale or ErrNoKey.
func (m *Manager) Current() (Signing, error) { return Signing{}, errors.ErrUnsupported }

// Active tells the id and the algorithm of the key that signs now.
func (m *Manager) Active() (kid, alg string, err error) { return "", "", errors.ErrUnsupported }

// Sign signs claims with the key that signs now; see [Signing.Sign].
func (m *Manager) Sign(ctx context.Context, typ string, claims any) (string, error) {
	return "", errors.ErrUnsupported
}

// Signatures counts the signatures made so far.
func (m *Manager) Signatures() uint64 { return 0 }

// Algs lists the algorithms of all published keys, sorted, each once.
func (m *Manager) Algs() []string { return nil }

// Header is the protected header of a verified token.
type Header struct {
	Typ string
	KID string
	Alg string
}

// MaxToken is the longest token that Verify looks at, in bytes.
const MaxToken = 8 << 10

// Verify checks that this issuer signed the token with a key that still
// counts, and returns the payload, a JSON object, and the header. It does not
// look at typ or at any claim: that is the caller's to demand. Works from
// memory, however old the view. The one exception: a genuine signature of a
// standby shows that the view is behind, so the records are read once more.
//
// Refusals are [ErrNotOurs]; a failure of that one read is
// [storage.ErrUnavailable].
func (m *Manager) Verify(ctx context.Context, token string) ([]byte, Header, error) {
	return nil, Header{}, errors.ErrUnsupported
}

// A Document is the rendered JWKS.
type Document struct {
	Body   []byte        // shared: must not be changed
	ETag   string        // a strong entity tag, with its quotes
	MaxAge time.Duration // how long it may be cached from now on
}

// JWKS returns the published keys (RFC 7517 §5), from memory.
func (m *Manager) JWKS() Document { return Document{} }

// A State is where a key is in its life.
type State string

// The states of design order; see the package comment.
const (
	Standby     State = "standby"
	ActiveState State = "active"
	Retired     State = "retired"
	RevokedOut  State = "revoked"
	Expired     State = "expired"
)

// Info describes one key. Times that are not known yet are zero.
type Info struct {
	KID         string
	Seq         int64
	Alg         string
	State       State
	CreatedAt   time.Time
	ActivatesAt time.Time // when it started or will start to sign
	RetiresAt   time.Time // when another takes over
	GoneAt      time.Time // when it leaves the JWKS
	RevokedAt   time.Time
}

// List describes all keys by rising sequence number, from the current view.
func (m *Manager) List() []Info { return nil }

// Rotation tells what a rotation will do.
type Rotation struct {
	NewStandby string    // kid of the key made for the next time
	Activates  string    // kid of the key that starts to sign
	At         time.Time // and when
}

// Rotate makes the standby the signing key: at once if it has been published
// for PublishAhead, else at the moment it will have been; force makes it now.
// Of racing rotations one wins, the others get [ErrRotated]. While a rotation
// is scheduled and still to come it fails with *[ScheduledError]; force makes
// that one happen now.
func (m *Manager) Rotate(ctx context.Context, force bool) (Rotation, error) {
	return Rotation{}, errors.ErrUnsupported
}

// Revoke withdraws a key for ever: it leaves the JWKS at once and its tokens
// verify no more. If it was the signing key, the standby takes over at once.
// An unknown kid is [storage.ErrNotFound].
func (m *Manager) Revoke(ctx context.Context, kid string) error { return errors.ErrUnsupported }
