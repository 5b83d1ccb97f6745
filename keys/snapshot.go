package keys

import (
	"bytes"
	"slices"
	"time"

	"example.org/signet/storage"
)

// A snapshot holds everything that requests are answered from: the records as they
// were read, and what is derived from them for times between from and until. It is
// immutable.
type snapshot struct {
	generation uint64    // of the reading; a later one has a higher number
	readAt     time.Time // when that reading began
	line       timeline
	pairs      map[string]*keyPair // of all records, by kid

	from, until time.Time // until is zero where no change is in sight
	infos       []Info
	active      *keyPair                // nil where no key may sign
	published   map[string]publishedKey // what verifies tokens, by kid
	jwks        renderedJWKS
}

// publishedKey is a key of the JWKS as Verify sees it.
type publishedKey struct {
	*keyPair
	standby  bool
	startsAt time.Time // of a standby, if scheduled
}

// derive returns the snapshot with the fields that depend on the time, as of now.
func (s snapshot) derive(now time.Time, retention time.Duration) (*snapshot, error) {
	s.infos = s.line.describe(now, retention)
	s.from, s.until = s.line.stableWindow(now, retention)
	s.active, s.published = nil, map[string]publishedKey{}
	var pairs []*keyPair
	for _, info := range s.infos {
		if !info.isPublished() {
			continue
		}
		p := s.pairs[info.KID]
		pairs = append(pairs, p)
		s.published[info.KID] = publishedKey{keyPair: p, standby: info.State == Standby, startsAt: info.ActivatesAt}
		if info.State == Active {
			s.active = p
		}
	}
	var err error
	s.jwks, err = s.jwks.update(pairs)
	return &s, err
}

// validAt reports whether the derived fields hold at the time now. A clock that
// steps back by no more than the leeway changes nothing.
func (s *snapshot) validAt(now time.Time, leeway time.Duration) bool {
	return !now.Before(s.from.Add(-leeway)) && (s.until.IsZero() || now.Before(s.until))
}

// maxSeq returns the highest sequence number, 0 without any key.
func (s *snapshot) maxSeq() int64 {
	if n := len(s.line.keys); n > 0 {
		return s.line.keys[n-1].Seq
	}
	return 0
}

// lastDecision returns the newest record that a rotation or a rollback made, if it
// is above seq.
func (s *snapshot) lastDecision(seq int64) (storage.Key, bool) {
	for _, k := range slices.Backward(s.line.keys) {
		if k.Seq > seq && (!k.PredecessorActivatesAt.IsZero() || k.Restores != "") {
			return k, true
		}
	}
	return storage.Key{}, false
}

// sameKey reports whether the sealed parts of two records are equal, so that the
// second needs no unsealing.
func sameKey(a, b storage.Key) bool {
	return bytes.Equal(a.Sealed, b.Sealed) && bytes.Equal(associatedData(a), associatedData(b))
}
