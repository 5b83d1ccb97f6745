package endpoints

import (
	"context"
	"time"

	"example.org/signet/issuer"
)

// errOverloaded rejects a request at once when all slots are taken.
var errOverloaded = &issuer.Error{
	Code: issuer.Unavailable, Description: "too many requests at once, try again shortly", RetryAfter: time.Second,
}

// limiter bounds how many requests are with the issuer at a time, and for how
// long. Documents and health checks are not limited. A request takes a slot when
// it has been read, so that slow senders hold none.
type limiter struct {
	slots        chan struct{}
	storeTimeout time.Duration // of a request that waits for the store only
	loginTimeout time.Duration // of one that may queue for password hashing
}

// acquire takes a slot or returns errOverloaded. The context ends after d;
// release frees the slot.
func (l *limiter) acquire(ctx context.Context, d time.Duration) (bounded context.Context, release func(), err error) {
	select {
	case l.slots <- struct{}{}:
	default:
		return nil, nil, errOverloaded
	}
	bounded, cancel := context.WithTimeout(ctx, d)
	return bounded, func() { cancel(); <-l.slots }, nil
}

// inUse returns how many slots are taken.
func (l *limiter) inUse() int { return len(l.slots) }
