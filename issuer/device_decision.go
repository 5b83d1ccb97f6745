package issuer

import (
	"sync"
	"time"

	"example.org/signet/internal/ttlcache"
	"example.org/signet/storage"
)

// deviceOutcome is the outcome of a poll with a genuine device code.
type deviceOutcome int

// The outcomes (RFC 8628 §3.5). Only the last goes on to the session.
const (
	devicePending deviceOutcome = iota
	deviceExpired
	deviceDenied
	deviceForeign // another client's code: nothing changes
	deviceApproved
)

// decideDevice returns the outcome by the record of the request. It checks the client first.
func decideDevice(r storage.DeviceRequest, clientID string, at time.Time) deviceOutcome {
	switch {
	case r.ClientID != clientID:
		return deviceForeign
	case r.Approved:
		return deviceApproved
	case !r.DecidedAt.IsZero():
		return deviceDenied
	case !at.Before(r.ExpiresAt):
		return deviceExpired
	}
	return devicePending
}

// pollPacer tells devices that poll too often to slow down. It knows the polls of this process
// alone, so that a poll writes nothing: a device that polls n instances in turn may poll n times
// as often. It is safe for concurrent use.
type pollPacer struct {
	now   func() time.Time
	mu    sync.Mutex
	polls *ttlcache.Cache[string, lastPoll]
}

// lastPoll is the last poll that was not told to slow down, and how much later the next may come.
type lastPoll struct {
	at       time.Time
	interval time.Duration
}

const (
	maxPolls        = 10_000 // devices that are remembered; the oldest are forgotten first
	maxPollInterval = time.Minute
	pollLeeway      = time.Second // how much sooner a poll may come: networks and timers are not exact
)

func newPollPacer(now func() time.Time) *pollPacer {
	return &pollPacer{now: now, polls: ttlcache.New[string, lastPoll](maxPolls, deviceTTL, now)}
}

// tooSoon tells whether the poll comes too soon, which makes the interval of this device longer by
// five seconds (RFC 8628 §3.5), up to a minute. What was told to slow down does not count as a poll, so
// that also a device that never slows down has its answer in the end.
func (p *pollPacer) tooSoon(device string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	last, known := p.polls.Get(device)
	if !known {
		last.interval = deviceInterval
	}
	if known && now.Sub(last.at) < last.interval-pollLeeway {
		last.interval = min(last.interval+deviceInterval, maxPollInterval)
		p.polls.PutAsOf(device, last, last.at)
		return true
	}
	last.at = now
	p.polls.Put(device, last)
	return false
}
