package admin_test

import (
	"errors"
	"strconv"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// A user ends all sessions but their own, which goes on throughout; the next end of all ends it
// too.
func TestEndOtherSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	mine := f.session("alice", "mine")
	for n := range 2 { // again with the same one, which then has an epoch long past
		other := f.session("alice", "other"+strconv.Itoa(n))
		ended, err := f.owner("alice", mine).EndOtherSessions(f.ctx)
		must(t, err)
		if ended != 1 || f.active(other) || !f.active(mine) {
			t.Errorf("%d sessions ended, another active %t, the own %t", ended, f.active(other), f.active(mine))
		}
	}
	other := f.session("alice", "kept")
	_, err := f.owner("alice", other).EndOtherSessions(f.ctx)
	must(t, err)
	if f.active(mine) || !f.active(other) {
		t.Error("the one that was kept before is active")
	}
	_, err = f.admin.Users().SetPassword(f.ctx, f.userID("alice"), admin.NewPassword{Password: "another password"})
	must(t, err)
	if f.active(other) {
		t.Error("the one that was kept is active after a new password")
	}
}

func TestEndOtherSessions_KeepsOnlyAnActiveOneOfTheUser(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: "bob"})
	must(t, err)
	bobs, mine, gone := f.session("bob", "bobs"), f.session("alice", "mine"), f.session("alice", "gone")
	must(t, f.admin.Sessions().End(f.ctx, gone))
	for _, keep := range []string{bobs, gone, "no-such-session", ""} {
		_, err := f.owner("alice", keep).EndOtherSessions(f.ctx)
		wantCode(t, "keeping "+keep, err, issuer.InvalidToken)
	}
	if !f.active(mine) || !f.active(bobs) {
		t.Error("a refused call ended something")
	}
}

// A user sees their active sessions, the one that asks marked, and ends only their own.
func TestOwnSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: "bob"})
	must(t, err)
	mine, other, gone := f.session("alice", "mine"), f.session("alice", "other"), f.session("alice", "gone")
	must(t, f.owner("alice", mine).EndSession(f.ctx, gone))
	list, err := f.owner("alice", mine).Sessions(f.ctx, storage.Page{})
	must(t, err)
	current := map[string]bool{}
	for _, s := range list.Items {
		current[s.ID] = s.Current
	}
	if len(current) != 2 || !current[mine] || current[other] {
		t.Errorf("sessions %+v", list.Items)
	}
	if err := f.owner("bob", "").EndSession(f.ctx, other); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("ending another's session: %v", err)
	}
	f.advance(idleLife)
	if list, err = f.owner("alice", "").Sessions(f.ctx, storage.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("idle sessions are shown: %+v, %v", list.Items, err)
	}
}

// A user who was disabled or signed out everywhere since the request was let in changes
// nothing, and nobody gives themselves roles.
func TestOwner_MayNotActOnceTheSessionsHaveEnded(t *testing.T) {
	f := newFixture(t).withAlice()
	stale := f.owner("alice", "")
	_, err := f.admin.Users().EndSessions(f.ctx, f.userID("alice"))
	must(t, err)
	_, err = stale.Update(f.ctx, admin.UserChange{FullName: ptr("A. Liddell")})
	wantCode(t, "a change", err, issuer.InvalidToken)
	wantCode(t, "the end of all sessions", stale.EndSessions(f.ctx), issuer.InvalidToken)
	_, err = f.owner("alice", "").Update(f.ctx, admin.UserChange{Roles: strs("admin")})
	wantField(t, "roles", err, "roles")
}

// A session that begins while others are being marked as ended is not one of them.
func TestMarking_SparesNewSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	old := f.session("alice", "old")
	f.store.marking = func() { f.store.marking = nil; f.session("alice", "fresh") }
	ended, err := f.admin.Users().EndSessions(f.ctx, f.userID("alice"))
	must(t, err)
	if ended != 1 || f.active(old) || !f.active("fresh") {
		t.Errorf("%d ended, the old one active %t, the new one %t", ended, f.active(old), f.active("fresh"))
	}
}
