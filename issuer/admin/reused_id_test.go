package admin_test

import (
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// A user that is imported under the id of a deleted one takes over none of the sessions that
// a crash has left unmarked.
func TestCreate_IDOfDeletedUser_OldSessionsStayEnded(t *testing.T) {
	f := newFixture(t)
	n := admin.NewUser{ID: "019b7ca9-8c88-7a80-a033-3f21f3ac5e33", Username: "alice", Password: alicePass}
	create := func() storage.User {
		u, err := f.admin.Users().Create(f.ctx, n)
		must(t, err)
		x, err := f.store.User(f.ctx, u.ID)
		must(t, err)
		return x
	}
	old := create()
	session := storage.Session{ID: "s", UserID: old.ID, UserEpoch: epoch.Session(old, storage.Epoch{})}
	must(t, f.store.DeleteUser(f.ctx, old.ID, old.Version))
	f.at = f.at.Add(time.Second)
	if again := create(); epoch.ValidForUser(again, storage.Epoch{}, session) {
		t.Error("the session of the deleted user is the new user's")
	}
}
