package issuer

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Throttle bounds how often a wrong secret may be tried. A place is held in every
// counter before the secret is checked, so that parallel attempts share one count. A
// wrong secret keeps the place, by the step that audits it; a right one gives
// it back, and so does an attempt whose outcome is unknown. Instances share what is kept:
// one that finds a counter full by then refuses the attempt, right or wrong, so that no
// more secrets are told right or wrong than the limit allows.
type Throttle struct {
	PerAccountNetwork Limit // one account from one network, or through one confidential client
	PerNetwork        Limit // any account from one network
	PerAccount        Limit // one account from the networks from which it has not logged in before

	Registrations          Limit // from one network, whether they succeed or not
	RegistrationsByBackend Limit // through one confidential client that does not name its users' addresses

	MailsPerName    Limit // to one user by one of their names, whether there is such a user or not
	MailsPerNetwork Limit // asked for from one network
	Mails           Limit // asked for by anybody
}

// Limit allows Attempts within Window. Zero Attempts means no limit.
type Limit struct {
	Attempts int64
	Window   time.Duration
}

// DefaultThrottle allows mistyping, and at most 100 guesses an hour at one account (NIST SP
// 800-63B §5.2.2).
func DefaultThrottle() Throttle {
	return Throttle{
		PerAccountNetwork:      Limit{10, 15 * time.Minute},
		PerNetwork:             Limit{100, 15 * time.Minute},
		PerAccount:             Limit{100, time.Hour},
		Registrations:          Limit{30, time.Hour},
		RegistrationsByBackend: Limit{1000, time.Hour},
		MailsPerName:           Limit{5, time.Hour},
		MailsPerNetwork:        Limit{30, time.Hour},
		Mails:                  Limit{1000, time.Hour},
	}
}

const (
	// attemptHold is how long an attempt under way keeps its places; longer than any
	// request takes. The places of an attempt that never settled lapse then.
	attemptHold = time.Minute

	// attemptRetryAfter is the answer to who comes while others' attempts under way
	// hold the last places.
	attemptRetryAfter = time.Second

	// settleTimeout bounds the settlement of an attempt whose request is over.
	settleTimeout = 5 * time.Second
)

// A Throttler counts attempts against the limits. It is safe for concurrent use.
type Throttler struct {
	limits Throttle
	store  storage.RateCounters
	log    *audit.Log
	now    func() time.Time
}

// NewThrottler returns a throttler that counts in the store.
func NewThrottler(limits Throttle, store storage.RateCounters, log *audit.Log, now func() time.Time) *Throttler {
	return &Throttler{limits: limits, store: store, log: log, now: now}
}

// AttemptKind is the kind of secret that an attempt presents.
type AttemptKind string

// The kinds.
const (
	AttemptLogin        AttemptKind = "login"
	AttemptClientSecret AttemptKind = "client"
	AttemptBootstrap    AttemptKind = "bootstrap"
	AttemptOwnPassword  AttemptKind = "password change" // by somebody with a living session
	AttemptName         AttemptKind = "name"            // whether a username or e-mail is taken, by somebody with an account
	AttemptRegistration AttemptKind = "register"
	AttemptMail         AttemptKind = "mail"      // a mail to an address that anybody can name
	AttemptMailCode     AttemptKind = "mail code" // the code of such a mail; the account is the request that it answers
	AttemptUserCode     AttemptKind = "user code" // of a device (RFC 8628 §5.1); the session is the browser's
)

// isGuess tells whether an attempt shows if a secret is right. What others do on other instances
// meanwhile can refuse it; what is no guess has been done by the time it is counted.
func (k AttemptKind) isGuess() bool {
	return k != AttemptName && k != AttemptRegistration && k != AttemptMail
}

// Attempt is one attempt at a secret, or one question whether a name is taken.
type Attempt struct {
	Kind    AttemptKind
	Account string // a user's or client's id or, for a name that nobody has, the name
	Session string // of AttemptOwnPassword
	Target  string // whom the audit log names; "" for nobody
	Client  string
	Info    RequestInfo
}

// CountedAttempt is an attempt that holds a place in its counters. It ends by one of
// Succeeded, Record, GiveBack, Failed and Release.
type CountedAttempt struct {
	throttler *Throttler
	attempt   Attempt
	claims    []throttleClaim // those that have a place
	settled   bool
	partial   bool // a right secret is not all that the account demands: it forgives nothing
}

// Count takes a place for an attempt, or refuses it and writes nothing: the error is *Error,
// with TooManyAttempts or Unavailable. Names that nobody has reach the same limits as accounts, so that the answer
// tells nothing.
func (t *Throttler) Count(ctx context.Context, a Attempt) (*CountedAttempt, error) {
	counted := &CountedAttempt{throttler: t, attempt: a}
	all := t.claims(a)
	if len(all) == 0 {
		return counted, nil
	}
	claims := make([]storage.CounterClaim, len(all))
	for n, c := range all {
		claims[n] = c.CounterClaim
	}
	now := storage.Time(t.now())
	r, err := t.store.ReserveCounters(ctx, now, attemptHold, claims...)
	if err != nil {
		return nil, unavailable(err) // an attempt that is not counted is not allowed
	}
	if r.Full != nil {
		return nil, refuseAttempt(*r.Full, claimOf(all, r.Full.Key).Limit, now)
	}
	for _, c := range r.Taken {
		claim := claimOf(all, c.Key)
		claim.failures = c.Count - c.Held
		counted.claims = append(counted.claims, claim)
	}
	return counted, nil
}

func claimOf(claims []throttleClaim, key string) throttleClaim {
	return claims[slices.IndexFunc(claims, func(c throttleClaim) bool { return c.Key == key })]
}

// refuseAttempt returns TooManyAttempts with the time to wait: a second where attempts under
// way hold the last places, since most of them may succeed.
func refuseAttempt(full storage.RateCounter, limit int64, now time.Time) *Error {
	if full.Count-full.Held < limit {
		return &Error{Code: TooManyAttempts, Description: "too many attempts at once, try again shortly", RetryAfter: attemptRetryAfter}
	}
	return &Error{Code: TooManyAttempts, Description: "too many failed attempts, try again later", RetryAfter: full.ResetAt.Sub(now)}
}

// Succeeded settles a right secret that begins nothing; see Record.
func (c *CountedAttempt) Succeeded(ctx context.Context) error {
	if len(c.claims) == 0 {
		return nil
	}
	_, err := c.Record(ctx, storage.LoginRecord{}, nil)
	return err
}

// Record settles a right secret, by the same step that writes r and the events that the function
// returns for the outcome; nil for none. It removes all failures of this account from this
// network, but not those through a confidential client, which many people share. Of the other
// counters it gives back its own place only, so that logins of an attacker do not clear the
// network. The network is remembered as one from which the account has logged in.
func (c *CountedAttempt) Record(ctx context.Context, r storage.LoginRecord, events func(storage.LoginOutcome) []storage.AuditEvent) (storage.LoginOutcome, error) {
	for _, claim := range c.claims {
		if claim.Unless != "" && !c.partial {
			r.Count = knownNetworkClaims(c.attempt)
		}
	}
	if events == nil {
		events = func(storage.LoginOutcome) []storage.AuditEvent { return nil }
	}
	return c.record(ctx, r, func(claim throttleClaim) storage.CounterAction {
		if claim.forgiven && claim.failures > 0 && !c.partial {
			return storage.CounterClear
		}
		return storage.CounterRelease
	}, events)
}

// ForgiveNothing makes Record give back the attempt's own place only, and remember no network: more
// is demanded of the account than the secret, and guesses at that are counted where this one is.
func (c *CountedAttempt) ForgiveNothing() { c.partial = true }

// GiveBack settles a right secret that is not the whole login: it neither counts nor forgives, by
// the same step that appends the events. Where other instances have filled a counter since, it is
// refused like a wrong one, and there are no events.
func (c *CountedAttempt) GiveBack(ctx context.Context, events ...storage.AuditEvent) error {
	if len(c.claims) == 0 && len(events) == 0 {
		return nil
	}
	release := func(throttleClaim) storage.CounterAction { return storage.CounterRelease }
	_, err := c.record(ctx, storage.LoginRecord{}, release, func(storage.LoginOutcome) []storage.AuditEvent { return events })
	return err
}

// Failed keeps the places of an attempt that was wrong and appends the event, and another one
// where a limit is reached with it: further attempts write none. A request that is over
// is counted all the same.
func (c *CountedAttempt) Failed(ctx context.Context, e storage.AuditEvent) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if len(c.claims) == 0 && e.Type == "" {
		return nil
	}
	keep := func(throttleClaim) storage.CounterAction { return storage.CounterKeep }
	_, err := c.record(ctx, storage.LoginRecord{}, keep, func(o storage.LoginOutcome) (events []storage.AuditEvent) {
		if e.Type != "" {
			events = append(events, e)
		}
		for _, counter := range o.Kept {
			if counter.Count >= claimOf(c.claims, counter.Key).Limit {
				return append(events, c.throttledEvent())
			}
		}
		return events
	})
	return err
}

func (c *CountedAttempt) throttledEvent() storage.AuditEvent {
	a := c.attempt
	return storage.AuditEvent{Type: audit.EventLoginThrottled, Target: a.Target, ClientID: a.Client, Detail: string(a.Kind)}
}

// record writes r with what action says about the places. Where other instances have filled a
// counter since, nothing is written, and the error is *Error with TooManyAttempts.
func (c *CountedAttempt) record(ctx context.Context, r storage.LoginRecord, action func(throttleClaim) storage.CounterAction, events func(storage.LoginOutcome) []storage.AuditEvent) (storage.LoginOutcome, error) {
	r.At = storage.Time(c.throttler.now())
	for _, claim := range c.claims {
		s := storage.CounterSettlement{Key: claim.Key, Action: action(claim)}
		if c.attempt.Kind.isGuess() {
			s.Limit = claim.Limit
		}
		r.Settle = append(r.Settle, s)
	}
	o, err := eventLog{c.throttler.log}.record(ctx, c.attempt.Info, r, events)
	if err != nil {
		return o, err
	}
	if o.Full != nil {
		return o, refuseAttempt(*o.Full, claimOf(c.claims, o.Full.Key).Limit, r.At)
	}
	c.settled = true
	return o, nil
}

// Release gives the places back where the outcome is not known, and does nothing where the
// attempt was settled. It writes nothing.
func (c *CountedAttempt) Release(ctx context.Context) {
	if c == nil || c.settled || len(c.claims) == 0 {
		return
	}
	c.settled = true
	actions := make([]storage.CounterSettlement, len(c.claims))
	for n, claim := range c.claims {
		actions[n] = storage.CounterSettlement{Key: claim.Key, Action: storage.CounterRelease}
	}
	_, _ = c.throttler.store.SettleCounters(ctx, actions...)
}

// Settle keeps the places where err is definitive or nil, and gives them back where the
// outcome is unknown. It is for what counts whether it succeeds or not, and returns err.
func (c *CountedAttempt) Settle(ctx context.Context, err error) error {
	defer c.Release(ctx)
	var e *Error
	if errors.As(err, &e) && (e.Code == Unavailable || e.Code == TooManyAttempts) || errors.Is(err, storage.ErrUnavailable) {
		return err
	}
	if failed := c.Failed(ctx, storage.AuditEvent{}); failed != nil && err == nil {
		return failed
	}
	return err
}
