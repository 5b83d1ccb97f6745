package storagetest

import (
	"testing"
	"time"

	"example.org/signet/storage"
)

// The epoch of the store.
var epochContracts = []contract{
	{"Raise", epochRaise},
	{"WithAUser", epochWithAUser},
	{"IsNoUser", epochIsNoUser},
	{"Race", epochRace},
}

func wantEpoch(t *testing.T, s storage.Store, want storage.Epoch) {
	t.Helper()
	got, err := s.Epoch(t.Context())
	noErr(t, "Epoch", err)
	wantEqual(t, "the epoch", got, want)
}

func raise(t *testing.T, s storage.Store, r storage.EpochRaise) storage.Epoch {
	t.Helper()
	got, err := s.RaiseEpoch(t.Context(), r)
	noErr(t, "RaiseEpoch", err)
	wantEpoch(t, s, got)
	return got
}

func epochRaise(t *testing.T, s storage.Store) {
	wantEpoch(t, s, storage.Epoch{})
	later := start.Add(time.Hour)
	wantEqual(t, "the first", raise(t, s, storage.EpochRaise{At: start.Add(1)}), storage.Epoch{Number: 1, Since: start})
	wantEqual(t, "the next", raise(t, s, storage.EpochRaise{At: later, Incomplete: true}), storage.Epoch{Number: 2, Since: later, Incomplete: true})
	wantEqual(t, "above a greater", raise(t, s, storage.EpochRaise{At: later, Above: 40}), storage.Epoch{Number: 41, Since: later})
	wantEqual(t, "above a lesser", raise(t, s, storage.EpochRaise{At: start, Above: 7}), storage.Epoch{Number: 42, Since: start})
}

func epochWithAUser(t *testing.T, s storage.Store) {
	createUser(t, s, newUser(1))
	createUser(t, s, newUser(2))
	var want storage.Epoch
	for n := range 3 {
		for _, u := range []storage.User{newUser(1), newUser(2)} {
			user, epoch, err := s.UserInEpoch(t.Context(), u.ID)
			noErr(t, "UserInEpoch", err)
			wantEqual(t, "the user", user, u)
			wantEqual(t, "the epoch", epoch, want)
		}
		want = raise(t, s, storage.EpochRaise{At: start.Add(time.Duration(n) * time.Hour)})
	}
	for _, id := range []string{"", "0", "nobody"} {
		_, _, err := s.UserInEpoch(t.Context(), id)
		wantErr(t, "UserInEpoch", err, storage.ErrNotFound)
	}
}

// epochIsNoUser: wherever it lies, it is not listed and not found.
func epochIsNoUser(t *testing.T, s storage.Store) {
	raise(t, s, storage.EpochRaise{At: start})
	createUser(t, s, newUser(1))
	page, err := s.ListUsers(t.Context(), storage.UserFilter{}, storage.Page{})
	noErr(t, "ListUsers", err)
	wantEqual(t, "the users", page.Users, []storage.User{newUser(1)})
	for _, id := range []string{"", "0"} {
		_, err := s.User(t.Context(), id)
		wantErr(t, "User", err, storage.ErrNotFound)
		wantErr(t, "DeleteUser", s.DeleteUser(t.Context(), id, 0), storage.ErrNotFound)
	}
	wantEpoch(t, s, storage.Epoch{Number: 1, Since: start})
}

func epochRace(t *testing.T, s storage.Store) {
	const raisers = 16
	numbers := race(raisers, func(int) int64 {
		e, err := s.RaiseEpoch(t.Context(), storage.EpochRaise{At: start})
		if err != nil {
			t.Errorf("RaiseEpoch: %v", err)
		}
		return e.Number
	})
	oneToN(t, "epochs", numbers)
	wantEpoch(t, s, storage.Epoch{Number: raisers, Since: start})
}
