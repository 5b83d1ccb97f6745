package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

// inserts are the calls whose deciding step is an insert with an id that the
// caller drew: what became of it can be found out.
var inserts = map[string]func(ctx context.Context, s *mongo.Store) error{
	"CreateSession": func(ctx context.Context, s *mongo.Store) error { return s.CreateSession(ctx, testSession("s")) },
	"CreateUser": func(ctx context.Context, s *mongo.Store) error {
		return s.CreateUser(ctx, testUser("u", "ann", "ann@example.org"))
	},
	"CreateRole":   func(ctx context.Context, s *mongo.Store) error { return s.CreateRole(ctx, storage.Role{Name: "r"}) },
	"CreateClient": func(ctx context.Context, s *mongo.Store) error { return s.CreateClient(ctx, storage.Client{ID: "c"}) },
	"InsertKey":    func(ctx context.Context, s *mongo.Store) error { return s.InsertKey(ctx, testKey(1, "kid")) },
	"RevokeToken":  func(ctx context.Context, s *mongo.Store) error { return s.RevokeToken(ctx, "jti", start) },
	"AppendAudit": func(ctx context.Context, s *mongo.Store) error {
		return s.AppendAudit(ctx, storage.AuditEvent{ID: "e", At: start})
	},
	"CreateBrowserSession": func(ctx context.Context, s *mongo.Store) error {
		return s.CreateBrowserSession(ctx, testBrowserSession("b"))
	},
	"CreateDeviceRequest": func(ctx context.Context, s *mongo.Store) error {
		return s.CreateDeviceRequest(ctx, testDeviceRequest("d"))
	},
	"SwapConsent, first": func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapConsent(ctx, storage.Consent{UserID: "u", ClientID: "c", Scopes: []string{"a"}}))
	},
}

// onBoth runs a test against a standalone server, whose driver never repeats a
// write, and against a server that names a replica set, whose driver would.
func onBoth(t *testing.T, test func(t *testing.T, uri func(*testing.T) string)) {
	t.Run("standalone", func(t *testing.T) {
		test(t, func(t *testing.T) string { return mongotest.URI(t) })
	})
	t.Run("replica set", func(t *testing.T) {
		server := mongotest.Start(t, mongotest.ReplicaSet("rs0"))
		test(t, func(*testing.T) string { return server.URI() })
	})
}

func TestInsertWithLostAnswerIsFoundOut(t *testing.T) { onBoth(t, testLostInserts) }

func testLostInserts(t *testing.T, server func(*testing.T) string) {
	for name, insert := range inserts {
		for what, f := range map[string]failure{"lost": loseAnswer, "cut": cutAnswer, "never sent": refuse} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel() // the driver lets half a second pass before it tries again
				r, uri := newFaultProxy(t, server(t))
				s := open(t, uri)
				r.failNext("insert", f)
				if err := insert(t.Context(), s); err != nil {
					t.Errorf("with its answer %s: %v", what, err)
				}
				if err := insert(t.Context(), s); name != "RevokeToken" && !errors.Is(err, storage.ErrConflict) {
					t.Errorf("again: %v, want a conflict with the first", err)
				}
			})
		}
	}
}

func TestInsertThatIsLostTwiceIsUnknown(t *testing.T) {
	r, uri := newFaultProxy(t, mongotest.URI(t))
	s := open(t, uri)
	r.failWhen(func(command string) failure {
		if command == "insert" {
			return loseAnswer
		}
		return none
	})
	if err := s.CreateSession(t.Context(), testSession("s")); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	r.failWhen(nil)
	if _, err := s.Session(t.Context(), "s"); err != nil {
		t.Errorf("the session, which had been inserted: %v", err)
	}
}

// Where the record was changed between an insert without an answer and its
// repetition, the outcome is unknown.
func TestInsertThatMeetsAnotherIsUnknown(t *testing.T) {
	direct := mongotest.URI(t)
	other := open(t, direct)
	r, uri := newFaultProxy(t, direct)
	s := open(t, uri)
	var seen int
	r.failWhen(func(command string) failure {
		if command != "insert" {
			return none
		}
		if seen++; seen == 1 {
			return loseAnswer
		}
		if _, err := other.UpdateRole(t.Context(), storage.Role{Name: "r", Version: 1, Rank: 7}); err != nil {
			t.Error(err)
		}
		return none
	})
	if err := s.CreateRole(t.Context(), storage.Role{Name: "r"}); !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrConflict) {
		t.Errorf("got %v, want ErrUnavailable alone", err)
	}
}

// A refresh is never repeated by the store. Where its answer is lost the session
// says whether it was carried out; if it says no, the outcome is unknown.
func TestRotationWithLostAnswer(t *testing.T) { onBoth(t, testLostRotations) }

func testLostRotations(t *testing.T, server func(*testing.T) string) {
	for what, c := range map[string]struct {
		f    failure
		then int64
	}{"lost": {loseAnswer, 1}, "cut": {cutAnswer, 1}, "never sent": {refuse, 0}} {
		t.Run(what, func(t *testing.T) {
			r, uri := newFaultProxy(t, server(t))
			var w commandLog
			s := open(t, uri, w.monitor())
			if err := s.CreateSession(t.Context(), testSession("s")); err != nil {
				t.Fatal(err)
			}
			w.take()
			r.failNext("findAndModify", c.f)
			rotated, err := s.RotateSession(t.Context(), testRotation("s", 0))
			switch {
			case errors.Is(err, storage.ErrConflict):
				t.Errorf("%v claims to be certain", err)
			case c.then == 0 && !errors.Is(err, storage.ErrUnavailable):
				t.Errorf("got %v, want ErrUnavailable", err)
			case c.then == 1 && (err != nil || rotated.Generation != 1):
				t.Errorf("generation %d, %v; want the rotation that was carried out", rotated.Generation, err)
			}
			want := []string{"findAndModify", "find"}
			if c.then == 1 {
				want = append(want, "find") // of the user and the epoch
			}
			if sent := w.take(); !slices.Equal(sent, want) {
				t.Errorf("sent %v, want %v: the update is not repeated", sent, want)
			}
			got, err := s.Session(t.Context(), "s")
			if err != nil || got.Generation != c.then {
				t.Errorf("generation %d, %v; want %d", got.Generation, err, c.then)
			}
			if _, err := s.RotateSession(t.Context(), testRotation("s", c.then)); err != nil {
				t.Errorf("the next rotation: %v", err)
			}
		})
	}
}

// writesAndReads are calls of every kind, none of which can know its outcome
// from a server that does not answer.
var writesAndReads = map[string]func(ctx context.Context, s *mongo.Store) error{
	"Ping":          func(ctx context.Context, s *mongo.Store) error { return s.Ping(ctx) },
	"Session":       func(ctx context.Context, s *mongo.Store) error { return must(s.Session(ctx, "s")) },
	"TokenRevoked":  func(ctx context.Context, s *mongo.Store) error { return must(s.TokenRevoked(ctx, "jti")) },
	"UserByLogin":   func(ctx context.Context, s *mongo.Store) error { return must(s.UserByLogin(ctx, "ann")) },
	"ListKeys":      func(ctx context.Context, s *mongo.Store) error { return must(s.ListKeys(ctx)) },
	"CreateSession": inserts["CreateSession"],
	"CreateUser":    inserts["CreateUser"],
	"RotateSession": func(ctx context.Context, s *mongo.Store) error {
		return must(s.RotateSession(ctx, testRotation("s", 0)))
	},
	"RevokeSession": func(ctx context.Context, s *mongo.Store) error { return s.RevokeSession(ctx, "s", start, "logout") },
	"RevokeAll": func(ctx context.Context, s *mongo.Store) error {
		return must(s.RevokeAll(ctx, storage.SessionFilter{}, start, "all"))
	},
	"ReserveCounters": func(ctx context.Context, s *mongo.Store) error {
		return must(s.ReserveCounters(ctx, start, time.Second, attempt("k", 9)))
	},
	"DeleteRole":    func(ctx context.Context, s *mongo.Store) error { return s.DeleteRole(ctx, "r", 0) },
	"SweepSessions": func(ctx context.Context, s *mongo.Store) error { return must(s.SweepSessions(ctx, start, 10)) },
}

// wantUnavailable makes all the calls at once, against a server in trouble: each
// ends by its own time, and none is certain.
func wantUnavailable(t *testing.T, s *mongo.Store, causes ...error) {
	t.Helper()
	var all sync.WaitGroup
	for name, call := range writesAndReads {
		all.Go(func() {
			err := call(t.Context(), s)
			for _, want := range append(causes, storage.ErrUnavailable) {
				if !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %v", name, err, want)
				}
			}
			if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict) {
				t.Errorf("%s: %v claims to be certain", name, err)
			}
		})
	}
	all.Wait()
}

// A server that takes connections and never answers, and then does again.
func TestSilentServer(t *testing.T) {
	if testing.Short() {
		t.Skip("left out by -short: waits for timeouts")
	}
	r, uri := newFaultProxy(t, mongotest.URI(t))
	s := open(t, uri, mongo.WithTimeout(2*time.Second))
	r.failWhen(func(string) failure { return silence })
	wantUnavailable(t, s, context.DeadlineExceeded)
	r.failWhen(nil)
	eventually(t, "ping afterwards", func() error { return s.Ping(t.Context()) })
	eventually(t, "write afterwards", func() error { return s.RevokeToken(t.Context(), "later", start) })
}

func TestServerThatIsGone(t *testing.T) {
	if testing.Short() {
		t.Skip("left out by -short: waits for timeouts")
	}
	r, uri := newFaultProxy(t, mongotest.URI(t))
	s := open(t, uri, mongo.WithTimeout(2*time.Second))
	r.stop()
	wantUnavailable(t, s)
}

// eventually repeats a call until it succeeds; a store that does not recover
// runs into the test's own time limit.
func eventually(t *testing.T, what string, call func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	for {
		err := call()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// kill -9 in the middle of writing: what was acknowledged is there after the
// restart, and the store finds the server again by itself.
func TestKilledServer(t *testing.T) {
	if testing.Short() {
		t.Skip("left out by -short: waits for timeouts")
	}
	server := mongotest.Start(t)
	s := open(t, server.URI(), mongo.WithTimeout(2*time.Second))
	for round := range 3 {
		acknowledged := make(chan []string, 4)
		ctx, stop := context.WithCancel(t.Context())
		for worker := range cap(acknowledged) {
			go func() { acknowledged <- writeUntilLost(ctx, s, round, worker) }()
		}
		eventually(t, "the first sessions", func() error { return must(s.Session(t.Context(), sessionID(round, 0, 5))) })
		server.Kill9()
		stop()
		server.Restart()
		eventually(t, "ping after the restart", func() error { return s.Ping(t.Context()) })
		for range cap(acknowledged) {
			for _, id := range <-acknowledged {
				if got, err := s.Session(t.Context(), id); err != nil || cmp.Diff(got, testSession(id)) != "" {
					t.Fatalf("acknowledged session %s: %v, %v", id, got, err)
				}
			}
		}
	}
}

func sessionID(round, worker, n int) string {
	return fmt.Sprintf("session-%d-%d-%05d", round, worker, n)
}

// writeUntilLost creates sessions until one is not acknowledged.
func writeUntilLost(ctx context.Context, s *mongo.Store, round, worker int) (done []string) {
	for n := 0; ; n++ {
		id := sessionID(round, worker, n)
		if s.CreateSession(ctx, testSession(id)) != nil {
			return done
		}
		done = append(done, id)
	}
}
