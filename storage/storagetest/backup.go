package storagetest

import (
	"testing"

	"example.org/signet/storage"
)

// What backing up and restoring ask of a store.
var backupContracts = []contract{
	{"View", backupView},
	{"Clear", backupClear},
	{"ListRevocations", backupRevocations},
}

// backupView: a view shows what is there, and lets the store go on.
func backupView(t *testing.T, s storage.Store) {
	ctx := t.Context()
	fillOne(t, s)
	epoch := raise(t, s, storage.EpochRaise{At: start})
	v, err := s.View(ctx)
	ok(t, "View", err)
	createUser(t, s, newUser(2))
	seen, err := v.Epoch(ctx)
	ok(t, "Epoch", err)
	same(t, "the epoch of the view", seen, epoch)
	sessions, err := v.ListSessions(ctx, storage.SessionFilter{}, storage.Page{})
	ok(t, "ListSessions", err)
	same(t, "the sessions of the view", sessions.Sessions, []storage.Session{newSession(1)})
	ok(t, "Close", v.Close())
	createUser(t, s, newUser(3))
}

func backupClear(t *testing.T, s storage.Store) {
	fillOne(t, s)
	epoch := raise(t, s, storage.EpochRaise{At: start})
	ok(t, "AddStatusList", s.AddStatusList(t.Context(), 7))
	for range 2 {
		ok(t, "Clear", s.Clear(t.Context()))
		left := dump(t, s)
		n := len(left.Users) + len(left.Roles) + len(left.Clients) + len(left.Sessions) + len(left.Keys) + len(left.Events)
		if n != 0 || left.Revoked != [2]bool{} {
			t.Errorf("after Clear there is still %+v", left)
		}
		wantEpoch(t, s, epoch)
		lists, err := s.StatusLists(t.Context())
		ok(t, "StatusLists", err)
		if len(lists) == 0 || lists[len(lists)-1].ID != 7 {
			t.Errorf("the status lists are %+v, want them to stay", lists)
		}
	}
	fillOne(t, s) // the names and the counter are free again
}

func backupRevocations(t *testing.T, s storage.Store) {
	for _, jti := range []string{"c", "a", "b"} {
		ok(t, "RevokeToken", s.RevokeToken(t.Context(), jti, start))
	}
	same(t, "the revocations", walk(t, 2, func(p storage.Page) ([]string, string, error) {
		page, err := s.ListRevocations(t.Context(), p)
		for _, r := range page.Revocations {
			same(t, "the end of "+r.JTI, r.ExpiresAt, start)
		}
		return idsOf(page.Revocations, func(r storage.Revocation) string { return r.JTI }), page.Next, err
	}), []string{"a", "b", "c"})
}
