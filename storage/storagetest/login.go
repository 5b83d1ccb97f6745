package storagetest

import (
	"errors"
	"testing"

	"example.org/signet/storage"
)

// The login names: usernames and e-mails share one name space.
var loginContracts = []contract{
	{"CreateTaken", loginCreateTaken},
	{"FailedCreateTakesNothing", loginFailedCreateTakesNothing},
	{"UpdateTaken", loginUpdateTaken},
	{"FailedUpdateTakesNothing", loginFailedUpdateTakesNothing},
	{"UsernameIsOwnEmail", loginUsernameIsOwnEmail},
	{"NoEmailIsNoName", loginNoEmailIsNoName},
	{"Rename", loginRename},
	{"SwapOwnNames", loginSwapOwnNames},
	{"DeleteFrees", loginDeleteFrees},
	{"BytesCount", loginBytesCount},
	{"CreateRace", loginCreateRace},
	{"CreateRaceAcrossFields", loginCreateRaceAcrossFields},
	{"RenameRace", loginRenameRace},
	{"DeleteAndCreateRace", loginDeleteAndCreateRace},
}

func isConflict(err error) bool {
	return errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrUnavailable)
}

// nameConflicts are the ways in which a second user can want a name of the first.
var nameConflicts = []struct {
	name  string
	want  func(u *storage.User, first storage.User)
	field []string
}{
	{"username is a username", func(u *storage.User, f storage.User) { u.Username = f.Username }, []string{"username"}},
	{"username is an e-mail", func(u *storage.User, f storage.User) { u.Username = f.Email }, []string{"username"}},
	{"e-mail is an e-mail", func(u *storage.User, f storage.User) { u.Email = f.Email }, []string{"email"}},
	{"e-mail is a username", func(u *storage.User, f storage.User) { u.Email = f.Username }, []string{"email"}},
	{"both are taken", func(u *storage.User, f storage.User) { u.Username, u.Email = f.Email, f.Username }, []string{"username", "email"}},
	{"both are the same taken name", func(u *storage.User, f storage.User) { u.Username, u.Email = f.Email, f.Email }, []string{"username", "email"}},
}

func loginCreateTaken(t *testing.T, s storage.Store) {
	first := createUser(t, s, newUser(1))
	for _, c := range nameConflicts {
		u := newUser(2)
		c.want(&u, first)
		wantDuplicate(t, c.name, s.CreateUser(t.Context(), u), c.field...)
		_, err := s.User(t.Context(), u.ID)
		wantErr(t, "User after a refused CreateUser", err, storage.ErrNotFound)
	}
	sameID := newUser(2)
	sameID.ID = first.ID
	wantDuplicate(t, "the id is taken", s.CreateUser(t.Context(), sameID), "id")
	wantDuplicate(t, "all is taken", s.CreateUser(t.Context(), first), "id", "username", "email")
	wantUser(t, s, first)
	wantLogin(t, s, first.Username, first.ID)
	wantLogin(t, s, first.Email, first.ID)
}

// loginFailedCreateTakesNothing looks for names that a refused user left behind.
func loginFailedCreateTakesNothing(t *testing.T, s storage.Store) {
	first := createUser(t, s, newUser(1))
	for i, clash := range []func(u *storage.User){
		func(u *storage.User) { u.Username = first.Username },
		func(u *storage.User) { u.Email = first.Email },
		func(u *storage.User) { u.ID = first.ID },
	} {
		u := newUser(10 + i)
		clash(&u)
		if err := s.CreateUser(t.Context(), u); !isConflict(err) {
			t.Fatalf("CreateUser into a clash: got %v", err)
		}
		free := newUser(10 + i)
		wantLogin(t, s, free.Username, "")
		wantLogin(t, s, free.Email, "")
		free.ID += "-later"
		createUser(t, s, free)
	}
	wantUser(t, s, first)
	wantLogin(t, s, first.Username, first.ID)
}

func loginUpdateTaken(t *testing.T, s storage.Store) {
	first, second := createUser(t, s, newUser(1)), createUser(t, s, newUser(2))
	for _, c := range nameConflicts {
		u := second
		c.want(&u, first)
		_, err := s.UpdateUser(t.Context(), u)
		wantDuplicate(t, c.name, err, c.field...)
		wantUser(t, s, second)
	}
	for _, u := range []storage.User{first, second} {
		wantLogin(t, s, u.Username, u.ID)
		wantLogin(t, s, u.Email, u.ID)
	}
	_, err := s.UpdateUser(t.Context(), second)
	noErr(t, "UpdateUser after refused ones", err)
}

func loginFailedUpdateTakesNothing(t *testing.T, s storage.Store) {
	first, second := createUser(t, s, newUser(1)), createUser(t, s, newUser(2))
	u := second
	u.Username, u.Email = "free-name", first.Email
	_, err := s.UpdateUser(t.Context(), u)
	wantDuplicate(t, "UpdateUser", err, "email")
	u.Username, u.Email = first.Username, "free@example.org"
	_, err = s.UpdateUser(t.Context(), u)
	wantDuplicate(t, "UpdateUser", err, "username")

	third := newUser(3)
	third.Username, third.Email = "free-name", "free@example.org"
	createUser(t, s, third)
	wantLogin(t, s, "free-name", third.ID)
	wantLogin(t, s, second.Username, second.ID)
	wantLogin(t, s, second.Email, second.ID)
}

func loginUsernameIsOwnEmail(t *testing.T, s storage.Store) {
	ctx := t.Context()
	u := newUser(1)
	u.Username = u.Email
	createUser(t, s, u)
	wantLogin(t, s, u.Email, u.ID)

	// Leaving the name in one field keeps it; leaving it in both frees it.
	u.Username = "alone"
	u, err := s.UpdateUser(ctx, u)
	noErr(t, "UpdateUser", err)
	wantLogin(t, s, u.Email, u.ID)
	old := u.Email
	u.Email = u.Username
	u, err = s.UpdateUser(ctx, u)
	noErr(t, "UpdateUser", err)
	wantLogin(t, s, old, "")
	wantLogin(t, s, "alone", u.ID)
	noErr(t, "DeleteUser", s.DeleteUser(ctx, u.ID, 0))
	wantLogin(t, s, "alone", "")
}

func loginNoEmailIsNoName(t *testing.T, s storage.Store) {
	for n := range 3 {
		u := newUser(n)
		u.Email = ""
		createUser(t, s, u)
		wantUser(t, s, u)
	}
	u := newUser(4)
	createUser(t, s, u)
	mail := u.Email
	u.Email = ""
	u, err := s.UpdateUser(t.Context(), u)
	noErr(t, "UpdateUser that takes the e-mail away", err)
	wantUser(t, s, u)
	wantLogin(t, s, mail, "")
	wantLogin(t, s, "", "")
}

func loginRename(t *testing.T, s storage.Store) {
	first, second := createUser(t, s, newUser(1)), createUser(t, s, newUser(2))
	first.Username, first.Email = "renamed", "renamed@example.org"
	first, err := s.UpdateUser(t.Context(), first)
	noErr(t, "UpdateUser", err)
	wantLogin(t, s, newUser(1).Username, "")
	wantLogin(t, s, newUser(1).Email, "")
	wantLogin(t, s, "renamed", first.ID)
	wantLogin(t, s, "renamed@example.org", first.ID)

	// What the first user left is free, for either field.
	second.Username, second.Email = newUser(1).Email, newUser(1).Username
	second, err = s.UpdateUser(t.Context(), second)
	noErr(t, "UpdateUser to the names that became free", err)
	wantLogin(t, s, newUser(1).Username, second.ID)
	wantLogin(t, s, newUser(1).Email, second.ID)
	wantUser(t, s, first)
	wantUser(t, s, second)
}

func loginSwapOwnNames(t *testing.T, s storage.Store) {
	u := createUser(t, s, newUser(1))
	u.Username, u.Email = u.Email, u.Username
	u, err := s.UpdateUser(t.Context(), u)
	noErr(t, "UpdateUser that swaps username and e-mail", err)
	wantUser(t, s, u)
	wantLogin(t, s, u.Username, u.ID)
	wantLogin(t, s, u.Email, u.ID)
}

func loginDeleteFrees(t *testing.T, s storage.Store) {
	u := createUser(t, s, newUser(1))
	noErr(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID, 0))
	other := newUser(2)
	other.Username, other.Email = u.Email, u.Username
	createUser(t, s, other)
	wantLogin(t, s, u.Username, other.ID)
	wantLogin(t, s, u.Email, other.ID)
}

// loginBytesCount: names come canonical, so the store compares bytes. What
// looks alike is not the same.
func loginBytesCount(t *testing.T, s storage.Store) {
	names := []string{"alice", "Alice", "alice ", " alice", "al\u00edce", "ali\u0301ce", "\u0430lice", "alice\u200b"}
	for i, name := range names {
		u := newUser(i)
		u.Username, u.Email = name, ""
		createUser(t, s, u)
	}
	for i, name := range names {
		wantLogin(t, s, name, newUser(i).ID)
	}
	wantLogin(t, s, "ALICE", "")
	wantLogin(t, s, "alic", "")
}

func loginCreateRace(t *testing.T, s storage.Store) {
	contender := func(i int) storage.User {
		u := newUser(100 + i)
		u.Username = "wanted"
		return u
	}
	errs := race(racers, func(i int) error { return s.CreateUser(t.Context(), contender(i)) })
	won := winner(t, errs, storage.ErrConflict)
	for i, err := range errs {
		if i == won {
			continue
		}
		wantDuplicate(t, "CreateUser", err, "username")
		wantLogin(t, s, contender(i).Email, "")
		_, err := s.User(t.Context(), contender(i).ID)
		wantErr(t, "User of a loser", err, storage.ErrNotFound)
	}
	wantUser(t, s, contender(won))
	wantLogin(t, s, "wanted", contender(won).ID)
}

func loginCreateRaceAcrossFields(t *testing.T, s storage.Store) {
	contender := func(i int) storage.User {
		u := newUser(100 + i)
		if i%2 == 0 {
			u.Username = "wanted"
		} else {
			u.Email = "wanted"
		}
		return u
	}
	errs := race(racers, func(i int) error { return s.CreateUser(t.Context(), contender(i)) })
	won := winner(t, errs, storage.ErrConflict)
	for i, err := range errs {
		if i != won {
			wantDuplicate(t, "CreateUser", err, []string{"username", "email"}[i%2])
		}
	}
	wantUser(t, s, contender(won))
	wantLogin(t, s, "wanted", contender(won).ID)
}

func loginRenameRace(t *testing.T, s storage.Store) {
	const users = 16
	for n := range users {
		createUser(t, s, newUser(n))
	}
	errs := race(users, func(i int) error {
		u := newUser(i)
		u.Username = "wanted"
		_, err := s.UpdateUser(t.Context(), u)
		return err
	})
	won := winner(t, errs, storage.ErrConflict)
	for n := range users {
		want := newUser(n)
		if n == won {
			want.Username, want.Version = "wanted", 2
			wantLogin(t, s, newUser(n).Username, "")
		}
		wantUser(t, s, want)
		wantLogin(t, s, want.Username, want.ID)
	}
}

// loginDeleteAndCreateRace: a name is never lost and never held twice while one
// user gives it up and others want it.
func loginDeleteAndCreateRace(t *testing.T, s storage.Store) {
	const rounds, contenders = 4, 8
	holder := createUser(t, s, newUser(1))
	name := holder.Username
	for round := range rounds {
		contender := func(i int) storage.User {
			u := newUser(100 + round*contenders + i)
			u.Username = name
			return u
		}
		errs := race(contenders, func(i int) error {
			if i == 0 {
				return s.DeleteUser(t.Context(), holder.ID, 0)
			}
			return s.CreateUser(t.Context(), contender(i))
		})
		noErr(t, "DeleteUser", errs[0])
		errs[0] = storage.ErrConflict
		if err := s.CreateUser(t.Context(), contender(0)); err == nil {
			errs[0] = nil // nobody came in after the delete, so the name was free
		}
		holder = contender(winner(t, errs, storage.ErrConflict))
		wantUser(t, s, holder)
		wantLogin(t, s, name, holder.ID)
	}
}
