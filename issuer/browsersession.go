package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"time"

	"example.org/signet/internal/fielderror"
	"example.org/signet/internal/random"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// BrowserSessions are the lives of browser sessions. Zero fields take the value of
// DefaultBrowserSessions.
type BrowserSessions struct {
	Idle, TTL                     time.Duration // of a session that ends when the browser is closed
	RememberedIdle, RememberedTTL time.Duration // of one that does not
	Remember                      RememberPolicy
}

// RememberPolicy says whether people may stay signed in when they close the browser.
type RememberPolicy string

// The policies.
const (
	RememberOff      RememberPolicy = "off"      // nobody
	RememberOptional RememberPolicy = "optional" // who ticks the box
	RememberAlways   RememberPolicy = "always"   // everybody
)

// DefaultBrowserSessions returns the lives where an operator sets none.
func DefaultBrowserSessions() BrowserSessions {
	return BrowserSessions{
		Idle: 12 * time.Hour, TTL: 24 * time.Hour,
		RememberedIdle: 14 * 24 * time.Hour, RememberedTTL: 30 * 24 * time.Hour, Remember: RememberOptional,
	}
}

func (b BrowserSessions) withDefaults() BrowserSessions {
	d := DefaultBrowserSessions()
	for _, life := range []struct{ value, otherwise *time.Duration }{
		{&b.Idle, &d.Idle}, {&b.TTL, &d.TTL}, {&b.RememberedIdle, &d.RememberedIdle}, {&b.RememberedTTL, &d.RememberedTTL},
	} {
		if *life.value == 0 {
			*life.value = *life.otherwise
		}
	}
	if b.Remember == "" {
		b.Remember = d.Remember
	}
	return b
}

// validate adds the faults of the settings.
func (b BrowserSessions) validate(faults *fielderror.List) {
	for _, life := range []struct {
		name  string
		value time.Duration
	}{
		{"browser-session-idle", b.Idle}, {"browser-session-ttl", b.TTL},
		{"remembered-session-idle", b.RememberedIdle}, {"remembered-session-ttl", b.RememberedTTL},
	} {
		if life.value < 0 {
			faults.Addf(life.name, "must be positive, is %s", life.value)
		}
	}
	switch b.Remember {
	case "", RememberOff, RememberOptional, RememberAlways:
	default:
		faults.Addf("remember-me", "%q is none of %s, %s, %s", b.Remember, RememberOff, RememberOptional, RememberAlways)
	}
}

// remembers tells whether a session outlives the browser.
func (b BrowserSessions) remembers(asked bool) bool {
	return b.Remember == RememberAlways || b.Remember == RememberOptional && asked
}

// lives returns how long a session lives: unused, and at most.
func (b BrowserSessions) lives(remembered bool) (idle, ttl time.Duration) {
	if remembered {
		return b.RememberedIdle, b.RememberedTTL
	}
	return b.Idle, b.TTL
}

// The cookie of a browser session is `1.` and 256 random bits in base64url. The store holds a
// hash alone: whoever reads it cannot make a cookie.
const (
	cookiePrefix     = "1."
	cookieSecretSize = 32
)

var cookieEncoding = base64.RawURLEncoding.Strict()

// newCookie draws the cookie of a new browser session, and returns the id of its record.
func newCookie(rand io.Reader) (cookie Secret, id string, err error) {
	secret, err := random.Bytes(rand, cookieSecretSize)
	if err != nil {
		return "", "", err
	}
	return Secret(cookiePrefix + cookieEncoding.EncodeToString(secret)), browserSessionID(secret), nil
}

// parseCookie returns the id of the record that the cookie names; ok is false for what this
// issuer cannot have set.
func parseCookie(cookie Secret) (id string, ok bool) {
	text, ok := strings.CutPrefix(string(cookie), cookiePrefix)
	if !ok || len(text) != cookieEncoding.EncodedLen(cookieSecretSize) {
		return "", false
	}
	secret, err := cookieEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	return browserSessionID(secret), true
}

func browserSessionID(secret []byte) string {
	sum := sha256.Sum256(secret)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// touchEvery bounds how often the use of a browser session is written.
const touchEvery = 5 * time.Minute

// browserSessionStore keeps browser sessions as sign-in needs them.
type browserSessionStore interface {
	BrowserSessionInEpoch(ctx context.Context, id string) (storage.BrowserSession, storage.User, storage.Epoch, error)
	CreateBrowserSession(ctx context.Context, s storage.BrowserSession) error
	TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) error
	RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) error
}

// browserSessions are the browser sessions of an issuer.
type browserSessions struct {
	store browserSessionStore
	lives BrowserSessions
	rand  io.Reader
}

// find returns the session of the cookie with its user, by one read; nil where it is no cookie
// of ours, or its session is not alive. The error is *Error with Unavailable.
func (b browserSessions) find(ctx context.Context, cookie Secret, now time.Time) (*BrowserUser, error) {
	id, ok := parseCookie(cookie)
	if !ok {
		return nil, nil
	}
	s, user, storeEpoch, err := b.store.BrowserSessionInEpoch(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, unavailable(err)
	case !isAlive(s, now) || !epoch.ValidForBrowser(user, storeEpoch, s):
		return nil, nil
	}
	return &BrowserUser{User: user, Session: s}, nil
}

func isAlive(s storage.BrowserSession, now time.Time) bool {
	return s.RevokedAt.IsZero() && now.Before(s.IdleAt) && now.Before(s.ExpiresAt)
}

// touch moves the idle end of a session that is used, at most every touchEvery.
func (b browserSessions) touch(ctx context.Context, s storage.BrowserSession, now time.Time) error {
	if now.Sub(s.LastSeen) < touchEvery {
		return nil
	}
	idle, _ := b.lives.lives(s.Remembered)
	return unavailableOrNil(b.store.TouchBrowserSession(ctx, s.ID, now, earlier(now.Add(idle), s.ExpiresAt)))
}

// prepare draws a new session of the user, which replaces the one that the browser has; nil
// for none. Nothing is stored.
func (b browserSessions) prepare(u storage.User, e storage.Epoch, replaced *BrowserUser, remember bool, info RequestInfo, now time.Time) (storage.BrowserSession, *BrowserCookie, error) {
	value, id, err := newCookie(b.rand)
	if err != nil {
		return storage.BrowserSession{}, nil, unavailable(err)
	}
	idle, ttl := b.lives.lives(remember)
	s := storage.BrowserSession{
		ID: id, RootID: id, UserID: u.ID, CreatedAt: now, AuthTime: now, AMR: []string{amrPassword},
		LastSeen: now, IdleAt: earlier(now.Add(idle), now.Add(ttl)), ExpiresAt: now.Add(ttl), Remembered: remember,
		UserEpoch: epoch.Session(u, e), Device: describeUserAgent(info.UserAgent), Network: networkPrefix(info.Address),
	}
	if replaced != nil && replaced.User.ID == u.ID {
		s.RootID = replaced.Session.RootID
	}
	cookie := &BrowserCookie{Value: value}
	if remember {
		cookie.MaxAge = ttl
	}
	return s, cookie, nil
}

// takePlace stores a session that takes the place of old without a login. It returns false, and
// leaves none, where old was ended meanwhile: whoever ends a browser session revokes its record
// before they look for others of its root.
func (b browserSessions) takePlace(ctx context.Context, old, session storage.BrowserSession, now time.Time) (bool, error) {
	if err := b.store.CreateBrowserSession(ctx, session); err != nil {
		return false, unavailable(err)
	}
	s, user, storeEpoch, err := b.store.BrowserSessionInEpoch(ctx, old.ID)
	switch {
	case err == nil && isAlive(s, now) && epoch.ValidForBrowser(user, storeEpoch, session):
		return true, nil
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return false, unavailable(err)
	}
	return false, unavailableOrNil(b.store.RevokeBrowserSession(ctx, session.ID, now, reasonReplaced))
}
