package keys

import (
	"slices"
	"time"

	"example.org/signet/storage"
)

// with is the time line that the records give together with one more.
func (l timeline) with(k storage.Key) timeline {
	return newTimeline(append(slices.Clip(l.keys), k))
}

// withRevoked is the time line after the key's revocation, which changes
// nothing where it is revoked already.
func (l timeline) withRevoked(kid string, at time.Time) timeline {
	keys := slices.Clone(l.keys)
	for i, k := range keys {
		if k.KID == kid && k.RevokedAt.IsZero() {
			keys[i].RevokedAt = at
		}
	}
	return newTimeline(keys)
}

// record is the next one, without a key in it.
func (l timeline) record(now time.Time) storage.Key {
	k := storage.Key{Seq: 1, CreatedAt: storage.Time(now)}
	if n := len(l.keys); n > 0 {
		k.Seq = l.keys[n-1].Seq + 1
	}
	return k
}

// rotation is the record of a new standby that starts the key before it.
func (l timeline) rotation(now, at time.Time) storage.Key {
	k := l.record(now)
	k.PredecessorActivatesAt = storage.Time(at)
	return k
}

// lacking is the record of the next key that has to be there and is not: one
// that signs, or a standby that no rotation has claimed.
func (l timeline) lacking(now time.Time) (storage.Key, bool) {
	k := l.record(now)
	switch {
	case l.at(now) < 0:
		k.ActivatesAt = k.CreatedAt
	case l.idle(now):
		return storage.Key{}, false
	}
	return k, true
}

// idle tells whether a standby is at hand that no rotation has claimed yet.
func (l timeline) idle(now time.Time) bool {
	for i := l.position(now) + 1; i < len(l.keys); i++ {
		if l.keys[i].RevokedAt.IsZero() && l.started(i, now).IsZero() && l.keys[i].VerifiesUntil.IsZero() {
			return true
		}
	}
	return false
}
