package keys

import (
	"slices"
	"time"

	"example.org/signet/storage"
)

// withRecord returns the time line of the records and one more.
func (l timeline) withRecord(k storage.Key) timeline {
	return newTimeline(append(slices.Clip(l.keys), k))
}

// withRevoked returns the time line after the key's revocation: the same one where
// the key is revoked already.
func (l timeline) withRevoked(kid string, at time.Time) timeline {
	keys := slices.Clone(l.keys)
	for i, k := range keys {
		if k.KID == kid && k.RevokedAt.IsZero() {
			keys[i].RevokedAt = at
		}
	}
	return newTimeline(keys)
}

// nextRecord returns a record with the next sequence number; its key is still to be set.
func (l timeline) nextRecord(now time.Time) storage.Key {
	k := storage.Key{Seq: 1, CreatedAt: storage.Time(now)}
	if n := len(l.keys); n > 0 {
		k.Seq = l.keys[n-1].Seq + 1
	}
	return k
}

// rotationRecord returns the record of a new standby that activates the key before it.
func (l timeline) rotationRecord(now, at time.Time) storage.Key {
	k := l.nextRecord(now)
	k.PredecessorActivatesAt = storage.Time(at)
	return k
}

// nextMissing returns the record of the next key that has to be made: one that
// signs, or a standby that no rotation is scheduled for.
func (l timeline) nextMissing(now time.Time) (storage.Key, bool) {
	k := l.nextRecord(now)
	switch {
	case l.spanAt(now) < 0:
		k.ActivatesAt = k.CreatedAt
	case l.hasStandby(now):
		return storage.Key{}, false
	}
	return k, true
}

// hasStandby reports whether there is a standby that no rotation is scheduled for.
func (l timeline) hasStandby(now time.Time) bool {
	for i := l.highestStarted(now) + 1; i < len(l.keys); i++ {
		if l.keys[i].RevokedAt.IsZero() && l.activatesAt(i, now).IsZero() && l.keys[i].VerifiesUntil.IsZero() {
			return true
		}
	}
	return false
}
