package storagetest

import (
	"testing"
	"time"

	"example.org/signet/storage"
)

var userContracts = []contract{
	{"CreateAndRead", userCreateAndRead},
	{"CreateStartsAtVersionOne", userCreateStartsAtVersionOne},
	{"NotFound", userNotFound},
	{"UpdateReplaces", userUpdateReplaces},
	{"UpdateStale", userUpdateStale},
	{"UpdateRace", userUpdateRace},
	{"UpdateCounts", userUpdateCounts},
	{"ReplacePasswordHash", userReplacePasswordHash},
	{"ReplacePasswordHashConflict", userReplacePasswordHashConflict},
	{"ReplacePasswordHashRace", userReplacePasswordHashRace},
	{"Delete", userDelete},
}

func createUser(t *testing.T, s storage.Store, u storage.User) storage.User {
	t.Helper()
	noErr(t, "CreateUser "+u.ID, s.CreateUser(t.Context(), u))
	return u
}

// wantUser reads the user and compares all of it.
func wantUser(t *testing.T, s storage.Store, want storage.User) {
	t.Helper()
	got, err := s.User(t.Context(), want.ID)
	noErr(t, "User "+want.ID, err)
	wantEqual(t, "user "+want.ID, got, want)
}

// wantLogin looks the name up; an empty id means that nobody may have it.
func wantLogin(t *testing.T, s storage.Store, name, id string) {
	t.Helper()
	got, err := s.UserByLogin(t.Context(), name)
	if id == "" {
		wantErr(t, "UserByLogin "+name, err, storage.ErrNotFound)
		return
	}
	noErr(t, "UserByLogin "+name, err)
	wantEqual(t, "the user who logs in as "+name, got.ID, id)
}

func userCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 4 {
		createUser(t, s, newUser(n))
	}
	for n := range 4 {
		want := newUser(n)
		wantUser(t, s, want)
		for _, login := range []string{want.Username, want.Email} {
			got, err := s.UserByLogin(t.Context(), login)
			noErr(t, "UserByLogin", err)
			wantEqual(t, "user by login "+login, got, want)
		}
	}
}

func userCreateStartsAtVersionOne(t *testing.T, s storage.Store) {
	u := newUser(1)
	u.Version = 41
	createUser(t, s, u)
	u.Version = 1
	wantUser(t, s, u)
}

func userNotFound(t *testing.T, s storage.Store) {
	ctx := t.Context()
	noMail := newUser(1)
	noMail.Email = ""
	createUser(t, s, noMail)

	_, err := s.User(ctx, "user-id-404")
	wantErr(t, "User", err, storage.ErrNotFound)
	_, err = s.UpdateUser(ctx, newUser(404))
	wantErr(t, "UpdateUser", err, storage.ErrNotFound)
	wantErr(t, "DeleteUser", s.DeleteUser(ctx, "user-id-404", 0), storage.ErrNotFound)
	wantLogin(t, s, "user-404", "")
	wantLogin(t, s, noMail.ID, "")
	wantLogin(t, s, "", "") // an absent e-mail is no login name
	wantLogin(t, s, newUser(404).Username, "")
	wantUser(t, s, noMail)
}

func userUpdateReplaces(t *testing.T, s storage.Store) {
	createUser(t, s, newUser(1))
	other := createUser(t, s, newUser(2))

	next := newUser(3)
	next.ID, next.Version = newUser(1).ID, 1
	next.Roles, next.Phone = nil, ""
	got, err := s.UpdateUser(t.Context(), next)
	noErr(t, "UpdateUser", err)
	next.Version = 2
	wantEqual(t, "the answer of UpdateUser", got, next)
	wantUser(t, s, next)

	got.Disabled, got.Epoch = !got.Disabled, got.Epoch+1
	again, err := s.UpdateUser(t.Context(), got)
	noErr(t, "UpdateUser with its own answer", err)
	wantEqual(t, "version after two updates", again.Version, 3)
	wantUser(t, s, other)
}

func userUpdateStale(t *testing.T, s storage.Store) {
	u := createUser(t, s, newUser(1))
	current, err := s.UpdateUser(t.Context(), u)
	noErr(t, "UpdateUser", err)

	for _, version := range []int64{0, 1, 3, -1} {
		stale := newUser(5)
		stale.ID, stale.Version = u.ID, version
		_, err := s.UpdateUser(t.Context(), stale)
		wantErr(t, "UpdateUser of another version", err, storage.ErrConflict)
	}
	wantUser(t, s, current)
	wantLogin(t, s, newUser(5).Username, "")
	wantLogin(t, s, newUser(5).Email, "")
}

func userUpdateRace(t *testing.T, s storage.Store) {
	createUser(t, s, newUser(1))
	contender := func(i int) storage.User {
		u := newUser(100 + i)
		u.ID = newUser(1).ID
		return u
	}
	errs := race(racers, func(i int) error {
		_, err := s.UpdateUser(t.Context(), contender(i))
		return err
	})
	won := winner(t, errs, storage.ErrConflict)
	want := contender(won)
	want.Version = 2
	wantUser(t, s, want)
	for i := range racers {
		if i != won {
			wantLogin(t, s, contender(i).Username, "")
		}
	}
	wantLogin(t, s, want.Username, want.ID)
	wantLogin(t, s, want.Email, want.ID)
}

// userUpdateCounts lets several callers read, add one and try again for as long
// as they lose: no step may be lost.
func userUpdateCounts(t *testing.T, s storage.Store) {
	u := createUser(t, s, newUser(1))
	const callers, steps = 8, 4
	step := func() error {
		for {
			u, err := s.User(t.Context(), newUser(1).ID)
			if err != nil {
				return err
			}
			u.Epoch++
			if _, err = s.UpdateUser(t.Context(), u); !isConflict(err) {
				return err
			}
		}
	}
	for _, err := range race(callers, func(int) error {
		for range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}) {
		noErr(t, "counting by UpdateUser", err)
	}
	u.Epoch += callers * steps
	u.Version += callers * steps
	wantUser(t, s, u)
}

func userReplacePasswordHash(t *testing.T, s storage.Store) {
	ctx := t.Context()
	u := newUser(1)
	u.PasswordHash = ""
	createUser(t, s, u)
	for _, hash := range []string{"$2b$12$first", "$argon2id$second", "$argon2id$second", ""} {
		noErr(t, "ReplacePasswordHash", s.ReplacePasswordHash(ctx, u.ID, u.PasswordHash, hash))
		u.PasswordHash = hash
		wantUser(t, s, u) // nothing else changed, Version and UpdatedAt included
	}
	_, err := s.UpdateUser(ctx, u)
	noErr(t, "UpdateUser with the version of before", err)
}

func userReplacePasswordHashConflict(t *testing.T, s storage.Store) {
	ctx := t.Context()
	u := createUser(t, s, newUser(1))
	for _, old := range []string{"", "other", u.PasswordHash + " ", u.PasswordHash[1:]} {
		wantErr(t, "ReplacePasswordHash of another hash",
			s.ReplacePasswordHash(ctx, u.ID, old, "new"), storage.ErrConflict)
	}
	wantErr(t, "ReplacePasswordHash of nobody",
		s.ReplacePasswordHash(ctx, "user-id-404", "", "new"), storage.ErrConflict)
	wantUser(t, s, u)
}

func userReplacePasswordHashRace(t *testing.T, s storage.Store) {
	u := createUser(t, s, newUser(1))
	hash := func(i int) string { return newUser(100 + i).PasswordHash }
	errs := race(racers, func(i int) error {
		return s.ReplacePasswordHash(t.Context(), u.ID, u.PasswordHash, hash(i))
	})
	u.PasswordHash = hash(winner(t, errs, storage.ErrConflict))
	wantUser(t, s, u)
}

func userDelete(t *testing.T, s storage.Store) {
	ctx := t.Context()
	u, other := createUser(t, s, newUser(1)), createUser(t, s, newUser(2))
	moved, err := s.UpdateUser(ctx, u)
	noErr(t, "UpdateUser", err)
	wantErr(t, "DeleteUser of an old version", s.DeleteUser(ctx, u.ID, u.Version), storage.ErrConflict)
	wantUser(t, s, moved)
	noErr(t, "DeleteUser", s.DeleteUser(ctx, u.ID, moved.Version))
	_, err = s.User(ctx, u.ID)
	wantErr(t, "User after DeleteUser", err, storage.ErrNotFound)
	wantErr(t, "DeleteUser again", s.DeleteUser(ctx, u.ID, 0), storage.ErrNotFound)
	_, err = s.UpdateUser(ctx, u)
	wantErr(t, "UpdateUser after DeleteUser", err, storage.ErrNotFound)
	wantLogin(t, s, u.Username, "")
	wantLogin(t, s, u.Email, "")
	wantUser(t, s, other)

	u.UpdatedAt = u.UpdatedAt.Add(time.Hour)
	createUser(t, s, u)
	wantUser(t, s, u)
}
