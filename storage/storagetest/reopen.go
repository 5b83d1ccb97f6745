package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

// RunReopen checks what a store keeps beyond its own life, and what several of
// them do in one place. Each call of place prepares an empty place of its own
// (a file, a database); the function that it returns opens a store there, and
// may be called from several goroutines, while other stores are open there too.
// RunReopen closes all that it opened.
func RunReopen(t *testing.T, newDatabase func(t *testing.T) (open func() (storage.Store, error))) {
	for _, c := range []struct {
		name string
		keep func(t *testing.T, open func() storage.Store)
	}{
		{"Durable", reopenDurable},
		{"GoesOn", reopenGoesOn},
		{"SeenByOthers", reopenSeenByOthers},
		{"RotationRace", reopenRotationRace},
		{"RedeemRace", reopenRedeemRace},
		{"LeaseRace", reopenLeaseRace},
		{"LoginRace", reopenLoginRace},
		{"CountRace", reopenCountRace},
		{"KeyRace", reopenKeyRace},
	} {
		t.Run(c.name, func(t *testing.T) {
			open := newDatabase(t)
			c.keep(t, func() storage.Store {
				t.Helper()
				return mustOpen(t, open)
			})
		})
	}
	t.Run("FirstOpenRace", func(t *testing.T) { reopenFirstOpenRace(t, newDatabase(t)) })
}

func mustOpen(t *testing.T, open func() (storage.Store, error)) storage.Store {
	t.Helper()
	s, err := open()
	noErr(t, "opening", err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// openSeveral opens n stores in one place.
func openSeveral(n int, open func() storage.Store) []storage.Store {
	stores := make([]storage.Store, n)
	for i := range stores {
		stores[i] = open()
	}
	return stores
}

func reopenDurable(t *testing.T, open func() storage.Store) {
	s := open()
	fillOne(t, s)
	for n := 2; n < 6; n++ {
		createAll(t, s, newUser(n), newRole(n), newClient(n), newSession(n), newKey(int64(n)), newEvent(n))
	}
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), newSession(2).ID, start, "logout"))
	noErr(t, "RevokeKey", s.RevokeKey(t.Context(), newKey(2).KID, start))
	updateAll(t, s, newUser(3), newRole(3), newClient(3))
	noErr(t, "DeleteUser", s.DeleteUser(t.Context(), newUser(4).ID, 0))
	before := dump(t, s)
	for range 3 {
		noErr(t, "Close", s.Close())
		s = open()
		wantEqual(t, "the store opened again", dump(t, s), before)
	}
	wantLogin(t, s, newUser(4).Username, "")
	wantLogin(t, s, newUser(5).Email, newUser(5).ID)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 2, ResetAt: start.Add(window)})
}

// reopenGoesOn: conditions set before the close decide after it.
func reopenGoesOn(t *testing.T, open func() storage.Store) {
	s := open()
	fillOne(t, s)
	rotated, err := s.RotateSession(t.Context(), rotationOf(newSession(1)))
	noErr(t, "RotateSession", err)
	updateAll(t, s, newUser(1), newRole(1), newClient(1))
	noErr(t, "Close", s.Close())

	s = open()
	_, err = s.RotateSession(t.Context(), rotationOf(newSession(1)))
	wantErr(t, "RotateSession from the old generation", err, storage.ErrConflict)
	_, err = s.UpdateUser(t.Context(), newUser(1))
	wantErr(t, "UpdateUser of the old version", err, storage.ErrConflict)
	wantDuplicate(t, "CreateUser", s.CreateUser(t.Context(), newUser(1)), "id", "username", "email")
	wantDuplicate(t, "InsertKey", s.InsertKey(t.Context(), newKey(1)), "seq", "kid")
	rotated, err = s.RotateSession(t.Context(), rotationOf(rotated.Session))
	noErr(t, "RotateSession", err)
	wantEqual(t, "the generation", rotated.Generation, 2)
}

// reopenSeenByOthers: what one store answered, the next call of another sees.
func reopenSeenByOthers(t *testing.T, open func() storage.Store) {
	stores := openSeveral(2, open)
	session := newSession(1)
	createSession(t, stores[0], session)
	for n := range 20 {
		writer, reader := stores[n%2], stores[(n+1)%2]
		rotated, err := writer.RotateSession(t.Context(), rotationOf(session))
		noErr(t, "RotateSession", err)
		session = rotated.Session
		wantSession(t, reader, session)
	}
	createUser(t, stores[0], newUser(1))
	wantDuplicate(t, "CreateUser elsewhere", stores[1].CreateUser(t.Context(), newUser(1)), "id", "username", "email")
	noErr(t, "DeleteUser elsewhere", stores[1].DeleteUser(t.Context(), newUser(1).ID, 0))
	wantLogin(t, stores[0], newUser(1).Username, "")
}

func reopenRotationRace(t *testing.T, open func() storage.Store) {
	stores := openSeveral(3, open)
	session := createSession(t, stores[0], newSession(1))
	for range 3 {
		errs := race(racers, func(i int) error {
			return second(stores[i%len(stores)].RotateSession(t.Context(), rotationOf(session)))
		})
		winner(t, errs, storage.ErrConflict)
		session.Generation, session.RotatedAt = session.Generation+1, rotationOf(session).At
		for _, s := range stores {
			wantSession(t, s, session)
		}
	}
}

// reopenRedeemRace: one code, redeemed through three stores at once.
func reopenRedeemRace(t *testing.T, open func() storage.Store) {
	stores := openSeveral(3, open)
	for n := range 3 {
		session := createSession(t, stores[n], newPendingSession(n))
		of := func(i int) storage.Redemption {
			r := redemptionOf(session)
			r.StatusIndex = int64(i) + 1
			return r
		}
		errs := race(racers, func(i int) error {
			return second(stores[i%len(stores)].RedeemSession(t.Context(), of(i)))
		})
		want := redeemed(session, of(winner(t, errs, storage.ErrConflict)))
		for _, s := range stores {
			wantSession(t, s, want)
		}
	}
}

// reopenLeaseRace: no message goes to two instances.
func reopenLeaseRace(t *testing.T, open func() storage.Store) {
	stores := openSeveral(3, open)
	const messages = 30
	for n := range messages {
		enqueue(t, stores[0], newMessage(n))
	}
	seen := map[string]bool{}
	for _, got := range race(12, func(i int) []storage.Message {
		got, err := stores[i%len(stores)].LeaseMessages(t.Context(), leaseOf(fmt.Sprint("owner-", i), start.Add(time.Minute)))
		if err != nil {
			t.Errorf("LeaseMessages: %v", err)
		}
		return got
	}) {
		for _, m := range got {
			if seen[m.ID] {
				t.Errorf("%s was leased twice", m.ID)
			}
			seen[m.ID] = true
		}
	}
	wantEqual(t, "how many messages were leased", len(seen), messages)
}

func reopenLoginRace(t *testing.T, open func() storage.Store) {
	stores := openSeveral(3, open)
	contender := func(i int) storage.User {
		u := newUser(100 + i)
		u.Username = "wanted"
		return u
	}
	errs := race(racers, func(i int) error { return stores[i%len(stores)].CreateUser(t.Context(), contender(i)) })
	won := winner(t, errs, storage.ErrConflict)
	for _, s := range stores {
		wantLogin(t, s, "wanted", contender(won).ID)
	}
}

func reopenCountRace(t *testing.T, open func() storage.Store) {
	stores := openSeveral(3, open)
	oneToN(t, "the counter", race(racers, func(i int) int64 {
		got, err := increment(t.Context(), stores[i%len(stores)], "ann", start, window)
		if err != nil {
			t.Errorf("ReserveCounters: %v", err)
		}
		return got.Count
	}))
}

func reopenKeyRace(t *testing.T, open func() storage.Store) {
	stores := openSeveral(3, open)
	errs := race(racers, func(i int) error { return stores[i%len(stores)].InsertKey(t.Context(), contender(1, i)) })
	want := contender(1, winner(t, errs, storage.ErrConflict))
	for _, s := range stores {
		wantKeys(t, s, want)
	}
}

// reopenFirstOpenRace: several programs find the place empty at the same moment.
func reopenFirstOpenRace(t *testing.T, open func() (storage.Store, error)) {
	stores := race(8, func(int) storage.Store {
		s, err := open()
		if err != nil {
			t.Errorf("opening: %v", err)
			return nil
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
	for i, s := range stores {
		if s == nil {
			t.FailNow()
		}
		createRole(t, s, newRole(i))
	}
	for _, s := range stores {
		all, err := s.ListRoles(t.Context())
		noErr(t, "ListRoles", err)
		wantEqual(t, fmt.Sprintf("roles made by %d stores", len(stores)), len(all), len(stores))
	}
}
