package status_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"example.org/signet/storage"
)

// More sessions end at once than one round publishes: one Refresh has them all in the
// lists, and no record is pending any more.
func TestRefresh_ManyEndedAtOnce(t *testing.T) {
	const ended = 11_003 // two rounds of 5,000 and a part
	store, lists := openLists(t)
	ctx := t.Context()
	first, err := store.LeaseStatus(ctx, storage.StatusListSize, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	next := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for n := range next {
				now := storage.Time(time.Now())
				if err := store.CreateSession(ctx, storage.Session{
					ID: fmt.Sprintf("session-%05d", n), UserID: "u", ClientID: "c", CreatedAt: now, RotatedAt: now,
					ExpiresAt: now.Add(time.Hour), StatusIndex: first + int64(n),
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range ended + 1 { // the last stays alive
		next <- n
	}
	close(next)
	all.Wait()
	if n, err := store.RevokeAll(ctx, storage.SessionFilter{Except: fmt.Sprintf("session-%05d", ended)}, time.Now(), "test"); n != ended || err != nil {
		t.Fatalf("revoked %d, %v", n, err)
	}
	if err := lists.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if left, err := store.PendingStatus(ctx, ended); len(left) != 0 || err != nil {
		t.Errorf("%d sessions are still pending, %v", len(left), err)
	}
	list, err := store.StatusList(ctx, first/storage.StatusListSize)
	if err != nil {
		t.Fatal(err)
	}
	for n := range ended + 1 {
		i := first%storage.StatusListSize + int64(n)
		if set := list.Bits[i/8]&(1<<(i%8)) != 0; set != (n < ended) {
			t.Fatalf("bit of session %d: %t", n, set)
		}
	}
}
