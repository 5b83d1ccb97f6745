package password

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"example.org/signet/internal/random"
)

// ErrBusy means that the queue is full, or one caller's half of it. Nothing was
// hashed; trying again after about a second is sensible.
var ErrBusy = errors.New("too many passwords are being checked")

// dummyPassword is evaluated in place of a password that must not be.
const dummyPassword = "stand-in"

// Pool hashes and verifies passwords, a bounded number at a time. It is safe for
// concurrent use, owns no goroutine and needs no closing.
//
// The argument caller of its methods names whoever must not hold more than half of the
// queue, by custom the client's network address; empty means no such limit. A caller
// that gives up while queued gets its context's error, and nothing is hashed. Once
// begun, an evaluation is finished.
type Pool struct {
	scheme      scheme
	random      io.Reader
	queue       *queue
	evaluations atomic.Uint64
}

// Result is what Verify found out.
type Result struct {
	// OK is true if the password is the one that was hashed.
	OK bool
	// NeedsRehash is true if OK is, and the hash is of another kind or cost than new
	// ones are: hash the password again and keep that. Should hashing fail, the old
	// hash stays good; the login is no less valid.
	NeedsRehash bool
}

// NewPool returns a pool, or an error that names every setting out of bounds.
func NewPool(c Config) (*Pool, error) {
	c = c.withDefaults()
	s, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("password pool: %w", err)
	}
	return &Pool{
		scheme: s,
		random: random.Locked(c.Rand),
		queue:  newQueue(c.Workers, c.Queue),
	}, nil
}

// Hash returns a new hash of pw in its prepared form (RFC 8265 OpaqueString), by the configured scheme with a fresh salt. It does
// not demand MinLength, so that passwords set elsewhere can be hashed again; whoever
// sets a new one asks CheckNew first. The error is one of CheckInput's,
// ErrTooLongForBcrypt, ErrBusy, the context's, or the random source's.
func (p *Pool) Hash(ctx context.Context, caller, pw string) (string, error) {
	if err := CheckInput(pw); err != nil {
		return "", err
	}
	if pw = prepare(pw); len(pw) > MaxLength {
		return "", ErrTooLong
	}
	if err := p.scheme.check(pw); err != nil {
		return "", err
	}
	var encoded string
	var failed error
	err := p.evaluate(ctx, caller, func() { encoded, failed = p.scheme.hash(p.random, pw) })
	if err := cmp.Or(err, failed); err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return encoded, nil
}

// Verify reports whether encoded is a hash of pw. It costs one evaluation in every
// case: an empty or unreadable hash matches nothing, as does a password that fails
// CheckInput or that a bcrypt hash cannot tell from others. A password whose prepared form
// is another is tried in both, within the one evaluation, for whatever user. A wrong password for a hash
// of another kind or cost than new ones pays for a new one on top, so that a cheap
// imported hash is not told from an unknown user by the time of the refusal. The error
// is ErrBusy or the context's, and then nothing is known about the password.
func (p *Pool) Verify(ctx context.Context, caller, encoded, pw string) (Result, error) {
	stored, err := parse(encoded)
	if err != nil {
		return Result{}, p.VerifyDummy(ctx, caller, pw)
	}
	input, fit := pw, CheckInput(pw) == nil
	if !fit {
		input = dummyPassword
	}
	current := p.scheme.current(stored)
	var same, raw bool
	err = p.evaluate(ctx, caller, func() {
		for n, candidate := range candidates(input) {
			if same = stored.matches(candidate); same {
				raw = n > 0
				return
			}
			if !current {
				p.scheme.hashDummy(candidate)
			}
		}
	})
	if err != nil {
		return Result{}, fmt.Errorf("verify password: %w", err)
	}
	ok := same && fit
	return Result{OK: ok, NeedsRehash: ok && (raw || !current)}, nil
}

// VerifyDummy costs what Verify costs on a new hash and matches nothing: for a user who
// does not exist, is disabled or has no password. The error is ErrBusy or the context's.
func (p *Pool) VerifyDummy(ctx context.Context, caller, pw string) error {
	if CheckInput(pw) != nil {
		pw = dummyPassword
	}
	err := p.evaluate(ctx, caller, func() {
		for _, candidate := range candidates(pw) {
			p.scheme.hashDummy(candidate)
		}
	})
	if err != nil {
		return fmt.Errorf("verify password: %w", err)
	}
	return nil
}

// Evaluations counts the evaluations begun so far. It is there for tests, which hold
// the equal cost of all branches to it exactly where a stopwatch could not.
func (p *Pool) Evaluations() uint64 { return p.evaluations.Load() }

// Waiting returns how many callers wait for an evaluation.
func (p *Pool) Waiting() int {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	return p.queue.waiting.Len()
}

// evaluate waits for a slot and runs one evaluation.
func (p *Pool) evaluate(ctx context.Context, caller string, evaluation func()) error {
	if err := p.queue.acquire(ctx, caller); err != nil {
		return err
	}
	defer p.queue.release()
	p.evaluations.Add(1)
	evaluation()
	return nil
}
