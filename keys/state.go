package keys

import (
	"time"

	"example.org/signet/storage"
)

// A State is where a key is in its life; the package comment draws it.
type State string

// The states. Standby, active and retired keys are published.
const (
	Standby State = "standby" // has not signed yet; may have a time set at which it starts
	Active  State = "active"  // signs
	Retired State = "retired" // signs no more, its tokens still count
	Revoked State = "revoked" // withdrawn, with all its tokens
	Expired State = "expired" // its last token has expired
)

// Info describes one key. Times that are not known yet are zero.
type Info struct {
	KID           string
	Seq           int64
	Alg           string
	State         State
	CreatedAt     time.Time
	ActivatesAt   time.Time // when it started or will start to sign
	RetiresAt     time.Time // when another takes over
	UnpublishedAt time.Time // when it leaves the JWKS
	RevokedAt     time.Time
}

// isPublished tells whether the key is in the JWKS.
func (i Info) isPublished() bool {
	return i.State == Standby || i.State == Active || i.State == Retired
}

// describe returns the state of each key at t. A key that is not revoked stays
// published for the retention after a higher one took over, whether it has signed or
// was skipped: an instance that read the records between two changes may have signed
// with it.
func (l timeline) describe(t time.Time, retention time.Duration) []Info {
	position := l.highestStarted(t)
	active := -1
	if i := l.spanAt(t); i >= 0 {
		active = l.spans[i].key
	}
	infos := make([]Info, len(l.keys))
	for i, k := range l.keys {
		info := Info{
			KID: k.KID, Seq: k.Seq, Alg: k.Alg, CreatedAt: k.CreatedAt,
			ActivatesAt: l.activatesAt(i, t), RetiresAt: l.retiresAt(i), UnpublishedAt: l.unpublishedAt(i, retention), RevokedAt: k.RevokedAt,
		}
		switch {
		case !k.RevokedAt.IsZero():
			info.State, info.UnpublishedAt = Revoked, k.RevokedAt
		case i == active:
			info.State = Active
		case i > position && k.VerifiesUntil.IsZero():
			info.State = Standby
		case !info.UnpublishedAt.IsZero() && !t.Before(info.UnpublishedAt):
			info.State = Expired
		default:
			info.State = Retired
		}
		infos[i] = info
	}
	return infos
}

// unpublishedAt returns when the key leaves the JWKS by the clock alone; zero if that
// is not known.
func (l timeline) unpublishedAt(i int, retention time.Duration) time.Time {
	k := l.keys[i]
	if !k.VerifiesUntil.IsZero() {
		return k.VerifiesUntil
	}
	end := l.retiresAt(i)
	if end.IsZero() {
		return end
	}
	return end.Add(retention)
}

// stableWindow returns the time around t in which no state changes by the clock
// alone: from the last change at or before t until the next one, zero if none is
// known.
func (l timeline) stableWindow(t time.Time, retention time.Duration) (from, until time.Time) {
	consider := func(change time.Time) {
		switch {
		case change.IsZero():
		case !change.After(t):
			from = later(from, change)
		case until.IsZero() || change.Before(until):
			until = change
		}
	}
	for _, s := range l.spans {
		consider(s.start)
	}
	for i, k := range l.keys {
		if k.RevokedAt.IsZero() {
			consider(l.unpublishedAt(i, retention))
		}
	}
	return from, until
}

// withoutOldest returns the time line of the records without the lowest one.
func (l timeline) withoutOldest() timeline { return newTimeline(l.keys[1:]) }

// samePublished reports whether both time lines agree from t on: which key signs
// since when, which will, and until when each key stays published.
func (l timeline) samePublished(other timeline, t time.Time, retention time.Duration) bool {
	own, others := l.publishedAt(t, retention), other.publishedAt(t, retention)
	if len(own) != len(others) {
		return false
	}
	for kid, info := range own {
		if others[kid] != info {
			return false
		}
	}
	return true
}

// publishedAt describes the keys that are published at t, without their past.
func (l timeline) publishedAt(t time.Time, retention time.Duration) map[string]Info {
	infos := map[string]Info{}
	for _, info := range l.describe(t, retention) {
		if !info.isPublished() {
			continue
		}
		if info.State == Retired {
			info.ActivatesAt = time.Time{}
		}
		infos[info.KID] = info
	}
	return infos
}

// minPastKeys is how many past keys are always kept, so that a clock that jumped
// ahead removes no key that is needed when it is corrected.
const minPastKeys = 2

// recordRetention is how long the record of a key is kept after its last use, to be
// listed.
const recordRetention = 24 * time.Hour

// removable returns the lowest record if it may be deleted: its key left the JWKS more
// than recordRetention and the retention ago, it is not among the newest minPastKeys
// past ones, and the other records give the same published keys without it.
func (l timeline) removable(t time.Time, retention time.Duration) (storage.Key, bool) {
	if l.highestStarted(t) < minPastKeys+1 {
		return storage.Key{}, false
	}
	switch lowest := l.describe(t, retention)[0]; {
	case lowest.isPublished():
	case t.Before(lowest.UnpublishedAt.Add(retention + recordRetention)):
	case !l.samePublished(l.withoutOldest(), t, retention):
	default:
		return l.keys[0], true
	}
	return storage.Key{}, false
}
