package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

func init() { childTasks["login"] = taskLogin }

const (
	guesses  = "guesses" // the counter of wrong logins
	rightOne = "login.succeeded"
	wrongOne = "login.failed"
)

// taskLogin logs in, rightly and wrongly in turn, until it is killed.
func taskLogin(path string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%06d", os.Getpid(), w, n)
				if login(ctx, s, id, n%2 == 0) != nil {
					return
				}
				fmt.Println(id)
			}
		})
	}
	wg.Wait()
	return nil
}

// login holds a place, as each login does, and records its outcome.
func login(ctx context.Context, s *sqlite.Store, id string, right bool) error {
	claim := storage.CounterClaim{Key: guesses, Limit: 1 << 40, Window: time.Hour}
	if _, err := s.ReserveCounters(ctx, start, time.Minute, claim); err != nil {
		return err
	}
	r := storage.LoginRecord{At: start, Settle: []storage.CounterSettlement{{Key: guesses, Action: storage.CounterKeep, Limit: claim.Limit}}}
	e := storage.AuditEvent{ID: id, At: start, Type: wrongOne, Target: id}
	if right {
		e.Type, r.Settle[0].Action = rightOne, storage.CounterRelease
		r.Session = &storage.Session{ID: id, ExpiresAt: start}
	}
	_, err := s.RecordLogins(ctx, []storage.LoginRecord{r}, func([]storage.LoginOutcome) ([]storage.AuditEvent, error) {
		return []storage.AuditEvent{e}, nil
	})
	return err
}

// A process that is killed among logins leaves no session without its event, no event without
// its session, no count without its event, and no place that anybody has to wait for.
func TestKilledAmongLogins(t *testing.T) {
	path := newPath(t)
	for range 3 {
		answered := killAfter(t, path, 50)
		s := open(t, path)
		events, sessions := eventsByType(t, s), sessionIDs(t, s)
		if !slices.Equal(events[rightOne], sessions) {
			t.Errorf("%d sessions and %d events of them", len(sessions), len(events[rightOne]))
		}
		counters, err := s.Counters(t.Context(), start, "")
		if err != nil || len(counters) != 1 || counters[0].Count != int64(len(events[wrongOne])) || counters[0].Held != 0 {
			t.Errorf("counters %+v, %v after %d wrong logins", counters, err, len(events[wrongOne]))
		}
		all := append(events[rightOne], events[wrongOne]...)
		for _, id := range answered {
			if !slices.Contains(all, id) {
				t.Errorf("login %s was answered and is gone", id)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// killAfter runs a process that logs in, kills it after as many answers, and returns the answers.
func killAfter(t *testing.T, path string, answers int) (answered []string) {
	t.Helper()
	cmd := child(t, "login", path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if answered = append(answered, lines.Text()); len(answered) == answers {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if len(answered) < answers {
		t.Fatalf("the process has ended after %d answers", len(answered))
	}
	return answered[:len(answered)-1] // the last line may be cut
}

// eventsByType returns the ids of the events of each type, in their order.
func eventsByType(t *testing.T, s *sqlite.Store) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for page := (storage.Page{Limit: storage.MaxPage}); ; {
		got, err := s.ListAudit(t.Context(), storage.AuditFilter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got.Events {
			found[e.Type] = append(found[e.Type], e.ID)
		}
		if page.After = got.Next; page.After == "" {
			return found
		}
	}
}

func sessionIDs(t *testing.T, s *sqlite.Store) (ids []string) {
	t.Helper()
	for page := (storage.Page{Limit: storage.MaxPage}); ; {
		got, err := s.ListSessions(t.Context(), storage.SessionFilter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range got.Sessions {
			ids = append(ids, x.ID)
		}
		if page.After = got.Next; page.After == "" {
			return ids
		}
	}
}
