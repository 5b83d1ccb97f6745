package admin_test

import (
	"errors"
	"testing"

	"example.org/signet/issuer/admin"
)

// A request that was let in before its own session ended all others is to be made again: its
// token counts, so it is not refused as one that has ended.
func TestOwner_SessionKeptMeanwhile_AskedAgain(t *testing.T) {
	f := newFixture(t).withAlice()
	f.session("alice", "kept")
	first, second := f.owner("alice", "kept"), f.owner("alice", "kept")
	_, err := first.EndOtherSessions(f.ctx)
	must(t, err)
	name := "A. Liddell"
	if _, err := second.Update(f.ctx, admin.UserChange{FullName: &name}); !errors.Is(err, admin.ErrConcurrentUpdate) {
		t.Errorf("got %v, want %v", err, admin.ErrConcurrentUpdate)
	}
	_, err = f.owner("alice", "kept").Update(f.ctx, admin.UserChange{FullName: &name})
	must(t, err)
}
