package mongo_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/event"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

// findsUnderWay counts the finds that are sent and not answered, and keeps the highest count. Where
// together is set a find waits before it is sent until so many are under way.
type findsUnderWay struct {
	mu        sync.Mutex
	now, most int
	together  int
	reached   chan struct{}
}

func (f *findsUnderWay) add(name string, n int) {
	if name != "find" {
		return
	}
	f.mu.Lock()
	f.now += n
	f.most = max(f.most, f.now)
	reached := f.reached
	if f.together > 0 && f.now == f.together {
		close(reached)
		f.together = 0
	}
	f.mu.Unlock()
	if n > 0 && reached != nil {
		<-reached
	}
}

func (f *findsUnderWay) monitor() mongo.Option {
	return mongo.WithMonitor(&event.CommandMonitor{
		Started:   func(_ context.Context, e *event.CommandStartedEvent) { f.add(e.CommandName, 1) },
		Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) { f.add(e.CommandName, -1) },
		Failed:    func(_ context.Context, e *event.CommandFailedEvent) { f.add(e.CommandName, -1) },
	})
}

// However many list at once, they take no more than their share of the connections.
func TestListingsLeaveConnectionsToRequests(t *testing.T) {
	const share = 2
	var finds findsUnderWay
	uri := mongotest.URI(t)
	if strings.Contains(uri, "?") {
		uri += "&maxPoolSize=10"
	} else {
		uri += "?maxPoolSize=10"
	}
	s := open(t, uri, finds.monitor())
	for _, id := range []string{"a", "b", "c"} {
		if err := s.CreateUser(t.Context(), testUser(id, "user-"+id, id+"@example.org")); err != nil {
			t.Fatal(err)
		}
	}
	list := func(call func() error) {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 5 {
					if err := call(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	}
	list(func() error {
		_, err := s.ListUsers(t.Context(), storage.UserFilter{Prefix: "user"}, storage.Page{})
		return err
	})
	list(func() error { _, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{}); return err })
	if finds.most > share || finds.most == 0 {
		t.Errorf("%d finds of listings were under way at once, want at most %d", finds.most, share)
	}
	finds.together, finds.reached = share+1, make(chan struct{})
	list(func() error { _, err := s.User(t.Context(), "a"); return err }) // ends, for more than a share of them are sent
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := s.ListUsers(ended, storage.UserFilter{}, storage.Page{}); err == nil {
		t.Error("a listing whose context has ended gave a page")
	}
}
