package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var revocationContracts = []contract{
	{"Remembers", revocationRemembers},
	{"AgainChangesNothing", revocationAgainChangesNothing},
	{"Race", revocationRace},
	{"SweepBorder", revocationSweepBorder},
	{"SweepIsBounded", revocationSweepIsBounded},
}

func wantRevoked(t *testing.T, s storage.Store, jti string, want bool) {
	t.Helper()
	got, err := s.TokenRevoked(t.Context(), jti)
	noErr(t, "TokenRevoked "+jti, err)
	wantEqual(t, "whether "+jti+" is revoked", got, want)
}

func sweepRevocations(t *testing.T, s storage.Store, before time.Time, limit int, want int64) {
	t.Helper()
	n, err := s.SweepRevocations(t.Context(), before, limit)
	noErr(t, "SweepRevocations", err)
	wantEqual(t, "how many SweepRevocations deleted", n, want)
}

func revocationRemembers(t *testing.T, s storage.Store) {
	wantRevoked(t, s, "jti-1", false)
	noErr(t, "RevokeToken", s.RevokeToken(t.Context(), "jti-1", start))
	wantRevoked(t, s, "jti-1", true)
	for _, other := range []string{"jti-2", "jti-", "jti-11", "JTI-1", ""} {
		wantRevoked(t, s, other, false)
	}
}

func revocationAgainChangesNothing(t *testing.T, s storage.Store) {
	ctx := t.Context()
	noErr(t, "RevokeToken", s.RevokeToken(ctx, "jti-1", start))
	noErr(t, "RevokeToken again", s.RevokeToken(ctx, "jti-1", start.Add(time.Hour)))
	noErr(t, "RevokeToken again, earlier", s.RevokeToken(ctx, "jti-1", start.Add(-time.Hour)))
	sweepRevocations(t, s, start, 10, 0)
	wantRevoked(t, s, "jti-1", true)
	sweepRevocations(t, s, start.Add(time.Millisecond), 10, 1)
	wantRevoked(t, s, "jti-1", false)
	noErr(t, "RevokeToken after the sweep", s.RevokeToken(ctx, "jti-1", start.Add(time.Hour)))
	wantRevoked(t, s, "jti-1", true)
}

func revocationRace(t *testing.T, s storage.Store) {
	for _, err := range race(racers, func(i int) error {
		return s.RevokeToken(t.Context(), "jti-1", start.Add(time.Duration(i)))
	}) {
		noErr(t, "RevokeToken", err)
	}
	wantRevoked(t, s, "jti-1", true)
	sweepRevocations(t, s, start.Add(time.Hour), 10, 1)
}

func revocationSweepBorder(t *testing.T, s storage.Store) {
	noErr(t, "RevokeToken", s.RevokeToken(t.Context(), "jti-1", start))
	for _, before := range []time.Time{{}, start.Add(-time.Millisecond), start, start.Add(time.Millisecond - 1)} {
		sweepRevocations(t, s, before, 10, 0)
		wantRevoked(t, s, "jti-1", true)
	}
	sweepRevocations(t, s, start.Add(time.Millisecond), 10, 1)
}

func revocationSweepIsBounded(t *testing.T, s storage.Store) {
	const entries = 12
	for n := range entries {
		noErr(t, "RevokeToken", s.RevokeToken(t.Context(), fmt.Sprint(n), start.Add(time.Duration(n)*time.Second)))
	}
	before := start.Add(10 * time.Second) // ten of them
	sweepRevocations(t, s, before, 0, 0)
	sweepRevocations(t, s, before, -1, 0)
	for _, want := range []int64{4, 4, 2, 0} {
		sweepRevocations(t, s, before, 4, want)
	}
	for n := range entries {
		wantRevoked(t, s, fmt.Sprint(n), n >= 10)
	}
}
