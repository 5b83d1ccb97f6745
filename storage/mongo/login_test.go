package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

// A commandPause holds a store up just before it sends a command.
type commandPause struct {
	command, collection string
	reached, release    chan struct{}
	once                sync.Once
}

func pauseBefore(command, collection string) *commandPause {
	return &commandPause{command: command, collection: collection, reached: make(chan struct{}), release: make(chan struct{})}
}

func (h *commandPause) monitor() mongo.Option {
	return mongo.WithMonitor(&event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		if e.CommandName == h.command && e.Command.Lookup(e.CommandName).StringValue() == h.collection {
			h.once.Do(func() { close(h.reached); <-h.release })
		}
	}})
}

// runPaused runs the call on a store of its own until the stall, then meanwhile,
// and returns what the call got when it went on.
func runPaused(t *testing.T, h *commandPause, s *mongo.Store, call func(*mongo.Store) error, meanwhile func()) error {
	t.Helper()
	got := make(chan error, 1)
	go func() { got <- call(s) }()
	<-h.reached
	goOn := sync.OnceFunc(func() { close(h.release) })
	defer goOn() // also where meanwhile ends the test
	meanwhile()
	goOn()
	return <-got
}

// wantOwner demands that the name leads to the user, or to nobody for "".
func wantOwner(t *testing.T, s *mongo.Store, name, id string) {
	t.Helper()
	u, err := s.UserByLogin(t.Context(), name)
	switch {
	case id == "" && !errors.Is(err, storage.ErrNotFound):
		t.Errorf("%s leads to %q, %v; want nobody", name, u.ID, err)
	case id != "" && (err != nil || u.ID != id):
		t.Errorf("%s leads to %q, %v; want %s", name, u.ID, err, id)
	}
}

// wantDuplicate demands a DuplicateError of the field.
func wantDuplicate(t *testing.T, what string, err error, field string) {
	t.Helper()
	var dup *storage.DuplicateError
	if !errors.As(err, &dup) || dup.Field != field {
		t.Errorf("%s: got %v, want a duplicate %s", what, err, field)
	}
}

// A claim without its user, as a crash between the two leaves it, keeps others
// away for a minute and no longer.
func TestClaimWithoutUserIsTakenOver(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	s := openAt(t, uri, c)
	put(t, raw(t, uri), "logins", claim("ann", "crashed", c.Now()))
	c.Advance(time.Minute - time.Millisecond)
	wantDuplicate(t, "just before", s.CreateUser(t.Context(), testUser("u", "ann", "")), "username")
	wantOwner(t, s, "ann", "")
	c.Advance(time.Millisecond)
	if err := s.CreateUser(t.Context(), testUser("u", "ann", "")); err != nil {
		t.Fatalf("a minute later: %v", err)
	}
	wantOwner(t, s, "ann", "u")
}

func claim(name, user string, at time.Time) bson.D {
	return bson.D{field("_id", name), field("user_id", user), field("at", at), field("lease", bson.NewObjectID())}
}

// The crashed creator's own retry needs no patience.
func TestClaimOfTheSameUserIsUsedAtOnce(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	s := openAt(t, uri, c)
	put(t, raw(t, uri), "logins", claim("ann", "u", c.Now()))
	if err := s.CreateUser(t.Context(), testUser("u", "ann", "")); err != nil {
		t.Fatal(err)
	}
	wantOwner(t, s, "ann", "u")
}

// crashes are stops between two writes, made by undoing what comes after. Each
// leaves a state in which every name has the owner told, now and for ever, and
// those that are free can be had after a minute.
var crashes = []struct {
	name  string
	crash func(t *testing.T, s *mongo.Store, db *driver.Database, now time.Time)
	owned map[string]string
	free  []string
}{
	{
		name: "create: user written, claims not confirmed",
		crash: func(t *testing.T, _ *mongo.Store, db *driver.Database, now time.Time) {
			put(t, db, "logins", claim("ann", "u", now), claim("ann@example.org", "u", now))
			put(t, db, "users", bson.D{field("_id", "u"), field("username", "ann"), field("email", "ann@example.org"), field("version", int64(1))})
		},
		owned: map[string]string{"ann": "u", "ann@example.org": "u"},
	},
	{
		name: "create: one of two names claimed",
		crash: func(t *testing.T, _ *mongo.Store, db *driver.Database, now time.Time) {
			put(t, db, "logins", claim("ann", "u", now))
		},
		free: []string{"ann", "ann@example.org"},
	},
	{
		name: "rename: new name claimed",
		crash: func(t *testing.T, s *mongo.Store, db *driver.Database, now time.Time) {
			create(t, s, testUser("u", "ann", ""))
			put(t, db, "logins", claim("anna", "u", now))
		},
		owned: map[string]string{"ann": "u"},
		free:  []string{"anna"},
	},
	{
		name: "rename: user written, old name not freed",
		crash: func(t *testing.T, s *mongo.Store, db *driver.Database, now time.Time) {
			create(t, s, testUser("u", "anna", ""))
			put(t, db, "logins", claim("ann", "u", now))
		},
		owned: map[string]string{"anna": "u"},
		free:  []string{"ann"},
	},
	{
		name: "delete: user gone, names not freed",
		crash: func(t *testing.T, s *mongo.Store, db *driver.Database, _ time.Time) {
			create(t, s, testUser("u", "ann", "ann@example.org"))
			if _, err := db.Collection("users").DeleteOne(t.Context(), bson.D{field("_id", "u")}); err != nil {
				t.Fatal(err)
			}
		},
		free: []string{"ann", "ann@example.org"},
	},
}

func create(t *testing.T, s *mongo.Store, u storage.User) {
	t.Helper()
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

func TestCrashBetweenWritesIsHarmless(t *testing.T) {
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			uri, now := mongotest.URI(t), newClock()
			s := openAt(t, uri, now)
			c.crash(t, s, raw(t, uri), now.Now())
			for _, name := range c.free {
				wantOwner(t, s, name, "")
			}
			now.Advance(time.Hour)
			for i, name := range c.free {
				create(t, s, testUser(fmt.Sprint("other-", i), name, ""))
				wantOwner(t, s, name, fmt.Sprint("other-", i))
			}
			for name, id := range c.owned {
				wantOwner(t, s, name, id)
				wantDuplicate(t, "create", s.CreateUser(t.Context(), testUser("other", name, "")), "username")
				wantOwner(t, s, name, id)
			}
		})
	}
}

// A creator that sleeps for longer than its claim lives, before it writes the
// user, finds its name gone: never two owners.
func TestDelayedCreateLosesExpiredClaim(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	awake := openAt(t, uri, c)
	h := pauseBefore("insert", "users")
	err := runPaused(t, h, openAt(t, uri, c, h.monitor()), func(s *mongo.Store) error {
		return s.CreateUser(t.Context(), testUser("sleeper", "ann", "sleeper@example.org"))
	}, func() {
		c.Advance(2 * time.Minute)
		create(t, awake, testUser("u", "ann", ""))
	})
	wantDuplicate(t, "the sleeper", err, "username")
	wantOwner(t, awake, "ann", "u")
	wantOwner(t, awake, "sleeper@example.org", "")
	if _, err := awake.User(t.Context(), "sleeper"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the sleeper's user: %v, want none", err)
	}
	create(t, awake, testUser("v", "sleeper@example.org", ""))
}

// A creator that sleeps after it wrote the user keeps its name.
func TestDelayedConfirmKeepsName(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	awake := openAt(t, uri, c)
	h := pauseBefore("update", "logins")
	err := runPaused(t, h, openAt(t, uri, c, h.monitor()), func(s *mongo.Store) error {
		return s.CreateUser(t.Context(), testUser("sleeper", "ann", ""))
	}, func() {
		c.Advance(2 * time.Minute)
		wantDuplicate(t, "the other", awake.CreateUser(t.Context(), testUser("u", "ann", "")), "username")
	})
	if err != nil {
		t.Errorf("the sleeper: %v", err)
	}
	wantOwner(t, awake, "ann", "sleeper")
}

// One that found the claim abandoned, and sleeps before taking it over, finds
// it confirmed meanwhile.
func TestDelayedTakeoverFails(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	first := pauseBefore("insert", "users")
	creator := openAt(t, uri, c, first.monitor())
	created := make(chan error, 1)
	go func() { created <- creator.CreateUser(t.Context(), testUser("u", "ann", "")) }()
	<-first.reached
	c.Advance(2 * time.Minute)

	second := pauseBefore("update", "logins")
	err := runPaused(t, second, openAt(t, uri, c, second.monitor()), func(s *mongo.Store) error {
		return s.CreateUser(t.Context(), testUser("late", "ann", ""))
	}, func() {
		close(first.release)
		if err := <-created; err != nil {
			t.Errorf("the creator: %v", err)
		}
	})
	wantDuplicate(t, "the latecomer", err, "username")
	wantOwner(t, creator, "ann", "u")
}

// A renaming that sleeps too long is undone as a whole.
func TestDelayedRenameIsRolledBack(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	awake := openAt(t, uri, c)
	create(t, awake, testUser("sleeper", "ann", "ann@example.org"))
	h := pauseBefore("update", "users")
	err := runPaused(t, h, openAt(t, uri, c, h.monitor()), func(s *mongo.Store) error {
		u := testUser("sleeper", "anna", "")
		u.Version, u.FullName = 1, "Anna"
		return must(s.UpdateUser(t.Context(), u))
	}, func() {
		c.Advance(2 * time.Minute)
		create(t, awake, testUser("u", "anna", ""))
	})
	wantDuplicate(t, "the sleeper", err, "username")
	wantOwner(t, awake, "anna", "u")
	wantOwner(t, awake, "ann", "sleeper")
	wantOwner(t, awake, "ann@example.org", "sleeper")
	u, err := awake.User(t.Context(), "sleeper")
	if err != nil || u.Username != "ann" || u.FullName != "" || u.Version != 3 {
		t.Errorf("the sleeper is %+v, %v; want its old self as version 3", u, err)
	}
}

// The freeing of a name that a user left may not hit the user who took it back.
func TestDelayedReleaseSparesNewClaim(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	awake := openAt(t, uri, c)
	create(t, awake, testUser("u", "ann", ""))
	h := pauseBefore("delete", "logins")
	err := runPaused(t, h, openAt(t, uri, c, h.monitor()), func(s *mongo.Store) error {
		u := testUser("u", "anna", "")
		u.Version = 1
		return must(s.UpdateUser(t.Context(), u))
	}, func() {
		u := testUser("u", "ann", "")
		u.Version = 2
		if _, err := awake.UpdateUser(t.Context(), u); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Errorf("the first renaming: %v", err)
	}
	wantOwner(t, awake, "ann", "u")
	wantDuplicate(t, "another", awake.CreateUser(t.Context(), testUser("v", "ann", "")), "username")
}

// A sweep that sleeps between finding and deleting spares what began anew.
func TestDelayedSweepSparesRenewed(t *testing.T) {
	uri, c := mongotest.URI(t), newClock()
	awake := openAt(t, uri, c)
	for _, key := range []string{"renewed", "ended"} {
		if _, err := awake.ReserveCounters(t.Context(), start, 0, attempt(key, 9)); err != nil {
			t.Fatal(err)
		}
	}
	h := pauseBefore("delete", "attempts")
	later := start.Add(time.Hour)
	err := runPaused(t, h, openAt(t, uri, c, h.monitor()), func(s *mongo.Store) error {
		n, err := s.SweepCounters(t.Context(), later, 10)
		if n != 1 {
			t.Errorf("swept %d, want 1", n)
		}
		return err
	}, func() {
		if _, err := awake.ReserveCounters(t.Context(), later, 0, attempt("renewed", 9)); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := awake.Counters(t.Context(), later, "renewed"); err != nil || len(got) != 1 || got[0].Count != 1 {
		t.Errorf("the renewed counter is at %+v, %v; want 1", got, err)
	}
}

// Users are created, renamed and deleted by three stores at once, and many of
// the calls are cut at any point. However it ends: nobody's name is anybody
// else's, and every name that a user has leads there.
func TestLoginNamesUnderConcurrentFailures(t *testing.T) {
	if testing.Short() {
		t.Skip("left out by -short: hundreds of steps")
	}
	uri, c := mongotest.URI(t), newClock()
	stores := []*mongo.Store{openAt(t, uri, c), openAt(t, uri, c), openAt(t, uri, c)}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 7))
			for step := range 20 {
				chaos(t, stores[r.IntN(len(stores))], r, fmt.Sprintf("u-%d-%d", worker, step))
			}
		})
	}
	all.Wait()
	wantConsistentNames(t, stores[0], raw(t, uri))
}

// chaos makes one call on one of few names, and cuts it after a random time.
func chaos(t *testing.T, s *mongo.Store, r *rand.Rand, id string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(30))*time.Millisecond)
	if r.IntN(2) == 0 {
		cancel()
		ctx, cancel = context.WithCancel(t.Context())
	}
	defer cancel()
	name := func() string { return fmt.Sprint("name-", r.IntN(6)) }
	page, err := s.ListUsers(t.Context(), storage.UserFilter{}, storage.Page{})
	if err != nil {
		t.Error(err)
		return
	}
	if n := len(page.Users); n > 2 && r.IntN(3) > 0 {
		u := page.Users[r.IntN(n)]
		if r.IntN(2) == 0 {
			_ = s.DeleteUser(ctx, u.ID, 0)
			return
		}
		u.Username, u.Email = name(), name()
		_, _ = s.UpdateUser(ctx, u)
		return
	}
	_ = s.CreateUser(ctx, testUser(id, name(), name()))
}

func wantConsistentNames(t *testing.T, s *mongo.Store, db *driver.Database) {
	t.Helper()
	page, err := s.ListUsers(t.Context(), storage.UserFilter{}, storage.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range page.Users {
		mine := slices.Compact([]string{u.Username, u.Email})
		names = append(names, mine...)
		for _, name := range mine {
			wantOwner(t, s, name, u.ID)
		}
	}
	slices.Sort(names)
	if once := slices.Compact(slices.Clone(names)); len(once) != len(names) {
		t.Errorf("names of two users among %v", names)
	}
	if n, err := db.Collection("logins").CountDocuments(t.Context(), bson.D{}); err != nil || n < int64(len(names)) {
		t.Errorf("%d claims, %v, on %d names", n, err, len(names))
	}
}
