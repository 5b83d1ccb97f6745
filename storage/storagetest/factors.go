package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var factorContracts = []contract{
	{"CreateAndRead", factorsCreateAndRead},
	{"Put", factorsPut},
	{"CreateRace", factorsCreateRace},
	{"PutRace", factorsPutRace},
	{"ByHandle", factorsByHandle},
	{"Delete", factorsDelete},
	{"GoWithTheUser", factorsGoWithTheUser},
	{"List", factorsList},
	{"Injection", factorsInjection},
}

// newFactors has every field set to something of its own.
func newFactors(n int) storage.UserFactors {
	at := func(minutes int) time.Time { return start.Add(time.Duration(100*n+minutes) * time.Minute) }
	return storage.UserFactors{
		UserID: fmt.Sprintf("user-id-%03d", n), UserCreatedAt: at(1), Handle: fmt.Sprintf("handle-%03d", n), EnrolBy: at(2),
		TOTP: &storage.TOTPFactor{Sealed: fmt.Sprintf("sealed-%03d", n), LastStep: int64(n) + 1<<40, CreatedAt: at(3), LastUsedAt: at(4)},
		Passkeys: []storage.Passkey{
			{ID: "key-1", Name: "Laptop \"blue\"", PublicKey: "public-1", SignCount: 1 << 32, AAGUID: "aaguid", Transports: []string{"internal", "usb"},
				UserPresent: true, UserVerified: true, BackupEligible: true, BackupState: true, CreatedAt: at(5), LastUsedAt: at(6)},
			{ID: "key-2", CreatedAt: at(7)},
		},
		Recovery: &storage.RecoveryCodes{Hashes: []string{"hash-1", "hash-2"}, CreatedAt: at(8), LastUsedAt: at(9)},
	}
}

// putFactors makes the record, and returns it as stored.
func putFactors(t *testing.T, s storage.Store, f storage.UserFactors) storage.UserFactors {
	t.Helper()
	got, err := s.PutUserFactors(t.Context(), f)
	noErr(t, "PutUserFactors", err)
	f.Version++
	wantEqual(t, "the answer of PutUserFactors", got, f)
	return f
}

func wantFactors(t *testing.T, s storage.Store, want storage.UserFactors) {
	t.Helper()
	got, err := s.UserFactors(t.Context(), want.UserID)
	noErr(t, "UserFactors", err)
	wantEqual(t, "the factors", got, want)
}

func factorsCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 3 {
		wantFactors(t, s, putFactors(t, s, newFactors(n)))
	}
	for _, id := range []string{"", "user-id-404"} {
		wantErr(t, "UserFactors", second(s.UserFactors(t.Context(), id)), storage.ErrNotFound)
	}
	bare := storage.UserFactors{UserID: "bare", UserCreatedAt: start}
	wantFactors(t, s, putFactors(t, s, bare))
	f := newFactors(5)
	f.UserCreatedAt, f.EnrolBy, f.TOTP.LastUsedAt, f.Recovery.CreatedAt, f.Passkeys[0].CreatedAt = subMillisecond, subMillisecond, subMillisecond, subMillisecond, subMillisecond
	f.Recovery.Hashes, f.Passkeys[0].Transports = []string{}, []string{}
	got, err := s.PutUserFactors(t.Context(), f)
	noErr(t, "PutUserFactors", err)
	f.UserCreatedAt, f.EnrolBy, f.TOTP.LastUsedAt, f.Recovery.CreatedAt, f.Passkeys[0].CreatedAt = start, start, start, start, start
	f.Recovery.Hashes, f.Passkeys[0].Transports, f.Version = nil, nil, 1
	wantEqual(t, "the factors", got, f)
	wantFactors(t, s, f)
}

func factorsPut(t *testing.T, s storage.Store) {
	f, other := putFactors(t, s, newFactors(1)), putFactors(t, s, newFactors(2))
	for _, version := range []int64{0, 2, -1} {
		stale := f
		stale.Version, stale.Handle = version, "stale"
		wantErr(t, fmt.Sprint("PutUserFactors of version ", version), second(s.PutUserFactors(t.Context(), stale)), storage.ErrConflict)
	}
	wantFactors(t, s, f)
	next := newFactors(7)
	next.UserID, next.Version = f.UserID, 1
	wantFactors(t, s, putFactors(t, s, next))
	none := storage.UserFactors{UserID: f.UserID, UserCreatedAt: start, Version: 2}
	wantFactors(t, s, putFactors(t, s, none))
	wantFactors(t, s, other)
	absent := newFactors(404)
	absent.Version = 1
	wantErr(t, "PutUserFactors of none", second(s.PutUserFactors(t.Context(), absent)), storage.ErrConflict)
}

func factorsCreateRace(t *testing.T, s storage.Store) {
	of := func(i int) storage.UserFactors {
		f := newFactors(1)
		f.Handle = fmt.Sprint(i)
		return f
	}
	errs := race(racers, func(i int) error { return second(s.PutUserFactors(t.Context(), of(i))) })
	want := of(winner(t, errs, storage.ErrConflict))
	want.Version = 1
	wantFactors(t, s, want)
}

func factorsPutRace(t *testing.T, s storage.Store) {
	first := putFactors(t, s, newFactors(1))
	of := func(i int) storage.UserFactors {
		f := first
		f.Handle = fmt.Sprint(i)
		return f
	}
	errs := race(racers, func(i int) error { return second(s.PutUserFactors(t.Context(), of(i))) })
	want := of(winner(t, errs, storage.ErrConflict))
	want.Version = 2
	wantFactors(t, s, want)
}

func factorsByHandle(t *testing.T, s storage.Store) {
	f := putFactors(t, s, newFactors(1))
	putFactors(t, s, storage.UserFactors{UserID: "bare", UserCreatedAt: start})
	got, err := s.UserFactorsByHandle(t.Context(), f.Handle)
	noErr(t, "UserFactorsByHandle", err)
	wantEqual(t, "the factors of the handle", got, f)
	for _, handle := range []string{"", "handle-404", f.UserID} {
		wantErr(t, "UserFactorsByHandle of "+handle, second(s.UserFactorsByHandle(t.Context(), handle)), storage.ErrNotFound)
	}
}

func factorsDelete(t *testing.T, s storage.Store) {
	f, other := putFactors(t, s, newFactors(1)), putFactors(t, s, newFactors(2))
	wantErr(t, "DeleteUserFactors of another version", s.DeleteUserFactors(t.Context(), f.UserID, 2), storage.ErrConflict)
	wantFactors(t, s, f)
	noErr(t, "DeleteUserFactors", s.DeleteUserFactors(t.Context(), f.UserID, 1))
	for _, version := range []int64{0, 1} {
		wantErr(t, "DeleteUserFactors again", s.DeleteUserFactors(t.Context(), f.UserID, version), storage.ErrNotFound)
	}
	wantErr(t, "UserFactorsByHandle", second(s.UserFactorsByHandle(t.Context(), f.Handle)), storage.ErrNotFound)
	wantFactors(t, s, other)
	noErr(t, "DeleteUserFactors of any version", s.DeleteUserFactors(t.Context(), other.UserID, 0))
	wantFactors(t, s, putFactors(t, s, newFactors(1))) // from version 1 again
}

func factorsGoWithTheUser(t *testing.T, s storage.Store) {
	createUser(t, s, newUser(1))
	createUser(t, s, newUser(2))
	f, other := putFactors(t, s, newFactors(1)), putFactors(t, s, newFactors(2))
	wantErr(t, "DeleteUser of another version", s.DeleteUser(t.Context(), f.UserID, 9), storage.ErrConflict)
	wantFactors(t, s, f)
	noErr(t, "DeleteUser", s.DeleteUser(t.Context(), f.UserID, 0))
	wantErr(t, "UserFactors", second(s.UserFactors(t.Context(), f.UserID)), storage.ErrNotFound)
	wantFactors(t, s, other)
}

func factorsList(t *testing.T, s storage.Store) {
	var want []string
	for n := range 7 {
		putFactors(t, s, newFactors((n*3)%7))
		want = append(want, newFactors(n).UserID)
	}
	for _, limit := range []int{1, 3, 100} {
		got := listAll(t, limit, func(p storage.Page) ([]string, string, error) {
			page, err := s.ListUserFactors(t.Context(), p)
			for _, f := range page.Factors {
				full := newFactors(0)
				wantEqual(t, "the passkeys listed", len(f.Passkeys), len(full.Passkeys))
			}
			return idsOf(page.Factors, func(f storage.UserFactors) string { return f.UserID }), page.Next, err
		})
		wantEqual(t, fmt.Sprint("the users in pages of ", limit), got, want)
	}
}

func factorsInjection(t *testing.T, s storage.Store) {
	of := func(v string) storage.UserFactors {
		return storage.UserFactors{
			UserID: v, UserCreatedAt: start, Handle: v + "h", TOTP: &storage.TOTPFactor{Sealed: v},
			Recovery: &storage.RecoveryCodes{Hashes: []string{v, v + "#"}},
			Passkeys: []storage.Passkey{{ID: v, Name: v, PublicKey: v, AAGUID: v, Transports: []string{v}}},
		}
	}
	for _, v := range sampledStrings() {
		putFactors(t, s, of(v))
	}
	for _, v := range sampledStrings() {
		want := of(v)
		want.Version = 1
		got, err := s.UserFactorsByHandle(t.Context(), v+"h")
		noErr(t, "UserFactorsByHandle", err)
		wantEqual(t, "the factors", got, want)
		noErr(t, "DeleteUserFactors", s.DeleteUserFactors(t.Context(), v, 1))
	}
}

// factorCalls are those of second factors.
func factorCalls(s storage.Store) map[string]func(ctx context.Context) error {
	f := newFactors(1)
	return map[string]func(ctx context.Context) error{
		"UserFactors":         func(ctx context.Context) error { return second(s.UserFactors(ctx, f.UserID)) },
		"UserFactorsByHandle": func(ctx context.Context) error { return second(s.UserFactorsByHandle(ctx, f.Handle)) },
		"PutUserFactors":      func(ctx context.Context) error { return second(s.PutUserFactors(ctx, newFactors(2))) },
		"DeleteUserFactors":   func(ctx context.Context) error { return s.DeleteUserFactors(ctx, f.UserID, 0) },
		"ListUserFactors":     func(ctx context.Context) error { return second(s.ListUserFactors(ctx, storage.Page{})) },
	}
}
