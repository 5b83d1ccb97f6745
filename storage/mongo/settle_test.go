package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

// A write is one call whose command is disturbed.
type write struct {
	command string
	before  func(ctx context.Context, s *mongo.Store) error
	call    func(ctx context.Context, s *mongo.Store) error
	after   error // of the same call again: tells that it was carried out once
}

// settled are the calls whose outcome the store finds out, whatever becomes of the
// answer.
var settled = map[string]write{
	"RevokeSession": {"update", inserts["CreateSession"], func(ctx context.Context, s *mongo.Store) error {
		return s.RevokeSession(ctx, "s", start, "logout")
	}, nil},
	"RevokeKey": {"update", inserts["InsertKey"], func(ctx context.Context, s *mongo.Store) error {
		return s.RevokeKey(ctx, "kid", start)
	}, nil},
	"ResealKey": {"update", inserts["InsertKey"], func(ctx context.Context, s *mongo.Store) error {
		return s.ResealKey(ctx, "kid", []byte("old"), []byte("new"))
	}, storage.ErrConflict},
	"ReplacePasswordHash": {"update", inserts["CreateUser"], func(ctx context.Context, s *mongo.Store) error {
		return s.ReplacePasswordHash(ctx, "u", "hash", "new")
	}, storage.ErrConflict},
	"UpdateUser": {"update", inserts["CreateUser"], func(ctx context.Context, s *mongo.Store) error {
		u := testUser("u", "ann", "ann@example.org")
		u.Version, u.FullName = 1, "Ann"
		return must(s.UpdateUser(ctx, u))
	}, storage.ErrConflict},
	"UpdateClient": {"update", inserts["CreateClient"], func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateClient(ctx, storage.Client{ID: "c", Version: 1, Name: "C"}))
	}, storage.ErrConflict},
	"UpdateRole": {"update", inserts["CreateRole"], func(ctx context.Context, s *mongo.Store) error {
		return must(s.UpdateRole(ctx, storage.Role{Name: "r", Version: 1, Rank: 7}))
	}, storage.ErrConflict},
	"SwapSharedSet": {"update", func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapSharedSet(ctx, storage.SharedSet{Name: "g"}))
	}, func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapSharedSet(ctx, storage.SharedSet{Name: "g", Version: 1, Members: []string{"a"}}))
	}, storage.ErrConflict},
	"SetStatus": {"update", func(ctx context.Context, s *mongo.Store) error { return s.AddStatusList(ctx, 1) },
		func(ctx context.Context, s *mongo.Store) error { return s.SetStatus(ctx, 1, 0, []byte{1}) }, storage.ErrConflict},
	"AppendAudit of several": {"insert", nothing, func(ctx context.Context, s *mongo.Store) error {
		return s.AppendAudit(ctx, storage.AuditEvent{ID: "a", At: start}, storage.AuditEvent{ID: "b", At: start}, storage.AuditEvent{ID: "c", At: start})
	}, storage.ErrConflict},
	"SettleCounters, clear": {"delete", nothing, func(ctx context.Context, s *mongo.Store) error {
		return must(s.SettleCounters(ctx, storage.CounterSettlement{Key: "k", Action: storage.CounterClear}))
	}, nil},
	"RecordLogins, right": {"insert", nothing, func(ctx context.Context, s *mongo.Store) error {
		session := testSession("r")
		return recordLogin(ctx, s, storage.LoginRecord{Session: &session})
	}, storage.ErrConflict},
	"RevokeBrowserSession": {"update", inserts["CreateBrowserSession"], func(ctx context.Context, s *mongo.Store) error {
		return s.RevokeBrowserSession(ctx, "b", start, "logout")
	}, nil},
	"TouchBrowserSession": {"update", inserts["CreateBrowserSession"], func(ctx context.Context, s *mongo.Store) error {
		return s.TouchBrowserSession(ctx, "b", start.Add(time.Minute), start.Add(2*time.Hour))
	}, nil},
	"DeleteBrowserSessions": {"delete", revokedBrowserSession, func(ctx context.Context, s *mongo.Store) error {
		return s.DeleteBrowserSessions(ctx, "b")
	}, nil},
	"SwapConsent": {"update", inserts["SwapConsent, first"], func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapConsent(ctx, storage.Consent{UserID: "u", ClientID: "c", Version: 1, UpdatedAt: start}))
	}, storage.ErrConflict},
	"Enqueue": {"insert", nothing, func(ctx context.Context, s *mongo.Store) error { return s.Enqueue(ctx, testMessage("m")) }, nil},
	"Enqueue of several": {"insert", nothing, func(ctx context.Context, s *mongo.Store) error {
		return s.Enqueue(ctx, testMessage("m"), testMessage("n"), testMessage("o"))
	}, nil},
	"PostponeMessage": {"update", leasedMessage, func(ctx context.Context, s *mongo.Store) error {
		return s.PostponeMessage(ctx, "m", "a", 1, start.Add(time.Hour))
	}, storage.ErrConflict},
	"PutScopeText, first": {"insert", nothing, func(ctx context.Context, s *mongo.Store) error {
		return s.PutScopeText(ctx, storage.ScopeText{Scope: "a", Texts: map[string]string{"en": "A"}})
	}, nil},
	"SwapAttributeSchema, first": {"insert", nothing, func(ctx context.Context, s *mongo.Store) error {
		return must(s.SwapAttributeSchema(ctx, storage.AttributeSchema{}))
	}, storage.ErrConflict},
	"PutClientLogo, again": {"update", func(ctx context.Context, s *mongo.Store) error {
		return s.PutClientLogo(ctx, storage.ClientLogo{ClientID: "c", Type: "image/png"})
	}, func(ctx context.Context, s *mongo.Store) error {
		return s.PutClientLogo(ctx, storage.ClientLogo{ClientID: "c", Type: "image/png", Data: []byte{1}})
	}, nil},
	"RemovePendingRevocation": {"delete", nothing, func(ctx context.Context, s *mongo.Store) error { return s.RemovePendingRevocation(ctx, "p") }, nil},
}

// attempt is a claim for a place in one of the counters.
func attempt(key string, limit int64) storage.CounterClaim {
	return storage.CounterClaim{Key: key, Limit: limit, Window: time.Minute}
}

func revokedBrowserSession(ctx context.Context, s *mongo.Store) error {
	return errors.Join(s.CreateBrowserSession(ctx, testBrowserSession("b")), s.RevokeBrowserSession(ctx, "b", start, "logout"))
}

func leasedMessage(ctx context.Context, s *mongo.Store) error {
	return errors.Join(s.Enqueue(ctx, testMessage("m")), must(s.LeaseMessages(ctx, testLease("a"))))
}

func nothing(context.Context, *mongo.Store) error { return nil }

func TestWriteWithLostAnswerIsSettled(t *testing.T) { onBoth(t, testSettledWrites) }

func testSettledWrites(t *testing.T, server func(*testing.T) string) {
	for name, w := range settled {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the driver lets half a second pass before it tries again
			for what, f := range map[string]failure{"lost": loseAnswer, "cut": cutAnswer, "never sent": refuse} {
				r, uri := newFaultProxy(t, server(t))
				s := open(t, uri)
				if err := w.before(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				r.failNext(w.command, f)
				if err := w.call(t.Context(), s); err != nil {
					t.Errorf("with its answer %s: %v", what, err)
				}
				if err := w.call(t.Context(), s); !errors.Is(err, w.after) {
					t.Errorf("again after its answer was %s: %v, want %v", what, err, w.after)
				}
			}
		})
	}
}

// What counts, and a delete that may never have met anything, is not claimed to
// have happened, and is not done twice.
func TestWriteThatCannotBeSettledIsUnknown(t *testing.T) { onBoth(t, testUnsettledWrites) }

func testUnsettledWrites(t *testing.T, server func(*testing.T) string) {
	for name, w := range map[string]write{
		"DeleteRole":    {"delete", inserts["CreateRole"], func(ctx context.Context, s *mongo.Store) error { return s.DeleteRole(ctx, "r", 0) }, storage.ErrNotFound},
		"FinishMessage": {"delete", leasedMessage, func(ctx context.Context, s *mongo.Store) error { return s.FinishMessage(ctx, "m", "a", 1) }, storage.ErrConflict},
		"CountCodeFailure": {"findAndModify", pendingSession, func(ctx context.Context, s *mongo.Store) error {
			got, err := s.CountCodeFailure(ctx, "p")
			if err == nil && got.Code.Failures != 2 {
				err = fmt.Errorf("%d failures, want 2", got.Code.Failures)
			}
			return err
		}, nil},
		"CountReplay": {"findAndModify", inserts["CreateSession"], func(ctx context.Context, s *mongo.Store) error {
			got, err := s.CountReplay(ctx, testReplay("s", 0))
			if err == nil && got.Replays != 2 {
				err = fmt.Errorf("%d replays, want 2", got.Replays)
			}
			return err
		}, nil},
		"RecordLogins, wrong": {"update", func(ctx context.Context, s *mongo.Store) error {
			return must(s.ReserveCounters(ctx, start, time.Minute, attempt("k", 9)))
		}, func(ctx context.Context, s *mongo.Store) error {
			return recordLogin(ctx, s, storage.LoginRecord{Settle: []storage.CounterSettlement{{Key: "k", Action: storage.CounterKeep, Limit: 9}}})
		}, nil},
		"ReserveCounters": {"findAndModify", func(ctx context.Context, s *mongo.Store) error {
			return must(s.ReserveCounters(ctx, start, 0, attempt("k", 9)))
		}, func(ctx context.Context, s *mongo.Store) error {
			got, err := s.ReserveCounters(ctx, start, 0, attempt("k", 9))
			if err == nil && got.Taken[0].Count != 3 {
				err = fmt.Errorf("count %d, want 3", got.Taken[0].Count)
			}
			return err
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, uri := newFaultProxy(t, server(t))
			s := open(t, uri)
			if err := w.before(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			r.failNext(w.command, loseAnswer)
			if err := w.call(t.Context(), s); !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict) {
				t.Errorf("got %v, want ErrUnavailable alone", err)
			}
			if err := w.call(t.Context(), s); !errors.Is(err, w.after) {
				t.Errorf("again: %v, want %v", err, w.after)
			}
		})
	}
}
