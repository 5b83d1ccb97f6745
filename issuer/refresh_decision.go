package issuer

import (
	"time"

	"example.org/signet/storage"
)

// refreshOutcome is the outcome of presenting a genuine refresh token.
type refreshOutcome int

// The outcomes. Only the first two issue tokens.
const (
	refreshRotate      refreshOutcome = iota // the newest token: the session moves to the next generation
	refreshReplay                            // its direct predecessor in the window: the same answer again
	refreshReplayLimit                       // the same, past the limit of replays: nothing changes
	refreshReuse                             // any other generation: two parties hold tokens, the session ends
	refreshEnded                             // the session was revoked or is too old: nothing changes
	refreshForeign                           // another client's token: nothing changes
)

func (o refreshOutcome) String() string {
	return [...]string{"rotate", "replay", "replay limit", "reuse", "ended", "foreign"}[o]
}

// presentedToken is a genuine refresh token and the client that presents it.
type presentedToken struct {
	sessionID  string
	clientID   string
	generation int64
	at         time.Time
}

// refreshRules are the limits that an operator and this package set.
type refreshRules struct {
	idle       time.Duration // life of a session since its last rotation
	grace      time.Duration // window of the replay after a rotation; 0 for none
	skew       time.Duration // the most that clocks of instances differ: a rotation beyond it in the future is in no window
	maxReplays int64         // of one generation
}

// decide returns the outcome of a token by its session's record. It checks the client
// first, then whether the session is alive: a token of another client or of an ended session
// changes nothing.
func (r refreshRules) decide(s storage.Session, p presentedToken) refreshOutcome {
	switch {
	case p.clientID != s.ClientID:
		return refreshForeign
	case s.Generation == storage.PendingGeneration, !s.RevokedAt.IsZero(), !p.at.Before(s.ExpiresAt), !s.RotatedAt.After(r.idleSince(p.at)):
		return refreshEnded
	case p.generation == s.Generation:
		return refreshRotate
	case p.generation != s.Generation-1, r.grace == 0,
		s.RotatedAt.Before(r.graceSince(p.at)), s.RotatedAt.After(r.graceUntil(p.at)):
		return refreshReuse // RFC 9700 §4.14.2
	case s.Replays >= r.maxReplays:
		return refreshReplayLimit
	}
	return refreshReplay
}

// idleSince is the moment after which a session must have rotated to be alive.
func (r refreshRules) idleSince(at time.Time) time.Time { return at.Add(-r.idle) }

// graceSince is the moment from which on the last rotation may be replayed.
func (r refreshRules) graceSince(at time.Time) time.Time { return at.Add(-r.grace) }

// graceUntil is the moment up to which a last rotation may be replayed. A later
// one was made before the clock was set back by an unknown amount.
func (r refreshRules) graceUntil(at time.Time) time.Time { return at.Add(r.skew) }

// rotation is the conditional update that succeeds where decide says rotate.
func (r refreshRules) rotation(p presentedToken) storage.Rotation {
	return storage.Rotation{
		SessionID: p.sessionID, ClientID: p.clientID, From: p.generation, At: p.at, IdleSince: r.idleSince(p.at),
	}
}

// replay is the conditional update that succeeds where decide says replay. With
// no window there is none: ok is false.
func (r refreshRules) replay(p presentedToken) (u storage.Replay, ok bool) {
	return storage.Replay{
		SessionID: p.sessionID, ClientID: p.clientID, Generation: p.generation + 1, At: p.at,
		Since: r.graceSince(p.at), Until: r.graceUntil(p.at), IdleSince: r.idleSince(p.at), Limit: r.maxReplays,
	}, r.grace > 0
}
