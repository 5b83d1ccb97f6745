package endpoints

import (
	"context"
	"time"

	"example.org/signet/issuer"
)

// errCrowded refuses a request at once where waiting would only make the
// answer late for everybody.
var errCrowded = &issuer.Error{
	Code: issuer.Unavailable, Description: "too many requests at once, try again shortly", RetryAfter: time.Second,
}

// gate bounds how many requests are with the issuer at a time, and for how
// long. Documents and health never pass it. A request passes when it has been
// read, so that slow senders hold no place.
type gate struct {
	places chan struct{}
	work   time.Duration // of a request that waits for the store only
	login  time.Duration // of one that may queue for password hashing
}

// enter takes a place, or refuses. The context ends with the given time; leave
// gives the place back.
func (g *gate) enter(ctx context.Context, d time.Duration) (bounded context.Context, leave func(), err error) {
	select {
	case g.places <- struct{}{}:
	default:
		return nil, nil, errCrowded
	}
	bounded, cancel := context.WithTimeout(ctx, d)
	return bounded, func() { cancel(); <-g.places }, nil
}

// inside is how many requests are with the issuer now.
func (g *gate) inside() int { return len(g.places) }
