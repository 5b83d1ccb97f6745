package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var keyContracts = []contract{
	{"InsertAndList", keyInsertAndList},
	{"Duplicate", keyDuplicate},
	{"ZeroTimes", keyZeroTimes},
	{"Revoke", keyRevoke},
	{"Reseal", keyReseal},
	{"ResealRace", keyResealRace},
	{"Delete", keyDelete},
	{"NotFound", keyNotFound},
	{"SequenceRace", keySequenceRace},
	{"RotationRace", keyRotationRace},
	{"RevokeRace", keyRevokeRace},
}

func insertKey(t *testing.T, s storage.Store, k storage.Key) storage.Key {
	t.Helper()
	noErr(t, "InsertKey "+k.KID, s.InsertKey(t.Context(), k))
	return k
}

func wantKeys(t *testing.T, s storage.Store, want ...storage.Key) {
	t.Helper()
	got, err := s.ListKeys(t.Context())
	noErr(t, "ListKeys", err)
	if len(got)+len(want) > 0 {
		wantEqual(t, "the keys", got, want)
	}
}

func keyInsertAndList(t *testing.T, s storage.Store) {
	wantKeys(t, s)
	var want []storage.Key
	for n := range int64(12) { // so that 10 comes after 9
		want = append(want, newKey(n+1))
		insertKey(t, s, newKey((n*5)%12+1))
	}
	wantKeys(t, s, want...)
}

func keyDuplicate(t *testing.T, s storage.Store) {
	k := insertKey(t, s, newKey(1))
	sameSeq := newKey(2)
	sameSeq.Seq = k.Seq
	wantDuplicate(t, "InsertKey of the same sequence number", s.InsertKey(t.Context(), sameSeq), "seq")
	sameKID := newKey(2)
	sameKID.KID = k.KID
	wantDuplicate(t, "InsertKey of the same kid", s.InsertKey(t.Context(), sameKID), "kid")
	wantDuplicate(t, "InsertKey of the same key", s.InsertKey(t.Context(), k), "seq", "kid")
	wantKeys(t, s, k)
	wantKeys(t, s, k, insertKey(t, s, newKey(2))) // the refused ones hold nothing
}

// keyZeroTimes: a standby's times are not set, which is not the same as 1970.
func keyZeroTimes(t *testing.T, s storage.Store) {
	standby := newKey(1)
	standby.ActivatesAt, standby.PredecessorActivatesAt = time.Time{}, time.Time{}
	standby.Restores, standby.RestoresAt, standby.VerifiesUntil = "", time.Time{}, time.Time{}
	old := newKey(2)
	old.CreatedAt, old.ActivatesAt, old.RevokedAt = time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC(), time.UnixMilli(-1).UTC()
	wantKeys(t, s, insertKey(t, s, standby), insertKey(t, s, old))
}

func keyRevoke(t *testing.T, s storage.Store) {
	ctx := t.Context()
	k, other := insertKey(t, s, newKey(1)), insertKey(t, s, newKey(2))
	noErr(t, "RevokeKey", s.RevokeKey(ctx, k.KID, start))
	k.RevokedAt = start
	wantKeys(t, s, k, other)
	noErr(t, "RevokeKey again", s.RevokeKey(ctx, k.KID, start.Add(time.Hour)))
	noErr(t, "RevokeKey again, earlier", s.RevokeKey(ctx, k.KID, start.Add(-time.Hour)))
	wantKeys(t, s, k, other)
}

// keyReseal: another envelope takes the place of the one that was read, and of
// no other; nothing else of the record changes.
func keyReseal(t *testing.T, s storage.Store) {
	ctx := t.Context()
	k, other := insertKey(t, s, newKey(1)), insertKey(t, s, newKey(2))
	was, sealed := k.Sealed, []byte{7, 0, 0xff}
	noErr(t, "RevokeKey", s.RevokeKey(ctx, k.KID, start))
	noErr(t, "ResealKey", s.ResealKey(ctx, k.KID, was, sealed))
	k.Sealed, k.RevokedAt = sealed, start
	wantKeys(t, s, k, other)
	wantErr(t, "ResealKey again", s.ResealKey(ctx, k.KID, was, sealed), storage.ErrConflict)
	wantErr(t, "ResealKey of another envelope", s.ResealKey(ctx, other.KID, was, sealed), storage.ErrConflict)
	wantKeys(t, s, k, other)
}

func keyResealRace(t *testing.T, s storage.Store) {
	k := insertKey(t, s, newKey(1))
	sealed := func(i int) []byte { return []byte{9, byte(i)} }
	errs := race(racers, func(i int) error { return s.ResealKey(t.Context(), k.KID, k.Sealed, sealed(i)) })
	k.Sealed = sealed(winner(t, errs, storage.ErrConflict))
	wantKeys(t, s, k)
}

func keyDelete(t *testing.T, s storage.Store) {
	k, other := insertKey(t, s, newKey(1)), insertKey(t, s, newKey(2))
	noErr(t, "DeleteKey", s.DeleteKey(t.Context(), k.KID))
	wantKeys(t, s, other)
	wantErr(t, "DeleteKey again", s.DeleteKey(t.Context(), k.KID), storage.ErrNotFound)
	insertKey(t, s, k)
	wantKeys(t, s, k, other)
}

func keyNotFound(t *testing.T, s storage.Store) {
	wantErr(t, "RevokeKey", s.RevokeKey(t.Context(), "kid-404", start), storage.ErrNotFound)
	wantErr(t, "DeleteKey", s.DeleteKey(t.Context(), "kid-404"), storage.ErrNotFound)
	wantErr(t, "ResealKey", s.ResealKey(t.Context(), "kid-404", []byte{1}, []byte{2}), storage.ErrNotFound)
	wantKeys(t, s)
}

// contender is a key for a sequence number that others want too.
func contender(seq int64, i int) storage.Key {
	k := newKey(seq)
	k.KID = fmt.Sprintf("kid-%03d-of-%02d", seq, i)
	return k
}

func keySequenceRace(t *testing.T, s storage.Store) {
	errs := race(racers, func(i int) error { return s.InsertKey(t.Context(), contender(1, i)) })
	won := winner(t, errs, storage.ErrConflict)
	for i, err := range errs {
		if i != won {
			wantDuplicate(t, "InsertKey", err, "seq")
		}
	}
	wantKeys(t, s, contender(1, won))
}

// keyRotationRace: instances insert the next number that they see free; there is
// no gap and no number twice.
func keyRotationRace(t *testing.T, s storage.Store) {
	const instances, turns = 8, 3
	race(instances, func(i int) error {
		for range turns {
			keys, err := s.ListKeys(t.Context())
			if err != nil {
				t.Errorf("ListKeys: %v", err)
			}
			err = s.InsertKey(t.Context(), contender(int64(len(keys)+1), i))
			if err != nil && !isConflict(err) {
				t.Errorf("InsertKey: %v", err)
			}
		}
		return nil
	})
	keys, err := s.ListKeys(t.Context())
	noErr(t, "ListKeys", err)
	seqs := make([]int64, len(keys))
	for i, k := range keys {
		seqs[i] = k.Seq
	}
	if len(keys) < turns {
		t.Errorf("%d keys after %d turns", len(keys), turns)
	}
	oneToN(t, "sequence numbers", seqs)
}

func keyRevokeRace(t *testing.T, s storage.Store) {
	k := insertKey(t, s, newKey(1))
	for _, err := range race(racers, func(i int) error {
		return s.RevokeKey(t.Context(), k.KID, start.Add(time.Duration(i)*time.Millisecond))
	}) {
		noErr(t, "RevokeKey", err)
	}
	keys, err := s.ListKeys(t.Context())
	noErr(t, "ListKeys", err)
	if at := keys[0].RevokedAt; at.Before(start) || at.After(start.Add(racers*time.Millisecond)) {
		t.Errorf("revoked at %v", at)
	}
	noErr(t, "RevokeKey", s.RevokeKey(t.Context(), k.KID, start.Add(time.Hour)))
	wantKeys(t, s, keys...)
}
