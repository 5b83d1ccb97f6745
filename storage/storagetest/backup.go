package storagetest

import (
	"testing"

	"example.org/signet/storage"
)

// What backing up and restoring ask of a store.
var backupContracts = []contract{
	{"Snapshot", backupSnapshot},
	{"Clear", backupClear},
	{"ListRevocations", backupRevocations},
}

// backupSnapshot: a view shows what is there, and lets the store go on.
func backupSnapshot(t *testing.T, s storage.Store) {
	ctx := t.Context()
	fillOne(t, s)
	epoch := raise(t, s, storage.EpochRaise{At: start})
	v, err := s.Snapshot(ctx)
	noErr(t, "Snapshot", err)
	createUser(t, s, newUser(2))
	seen, err := v.Epoch(ctx)
	noErr(t, "Epoch", err)
	wantEqual(t, "the epoch of the view", seen, epoch)
	sessions, err := v.ListSessions(ctx, storage.SessionFilter{}, storage.Page{})
	noErr(t, "ListSessions", err)
	wantEqual(t, "the sessions of the view", sessions.Sessions, []storage.Session{newSession(1)})
	browsers, consents, texts, logos, messages := dumpSignIn(t, v)
	wantEqual(t, "the browser sessions of the view", browsers, []storage.BrowserSession{newBrowserSession(1)})
	wantEqual(t, "the other records of sign-in", []int{len(consents), len(texts), len(logos), len(messages)}, []int{1, 1, 1, 1})
	factors, err := v.ListUserFactors(ctx, storage.Page{})
	noErr(t, "ListUserFactors", err)
	wantEqual(t, "how many records of second factors the view has", len(factors.Factors), 1)
	schema, err := v.AttributeSchema(ctx)
	noErr(t, "AttributeSchema", err)
	wantEqual(t, "how many attributes the view has", len(schema.Attributes), 1)
	connectors, err := v.ListConnectors(ctx)
	noErr(t, "ListConnectors", err)
	links, err := v.ListUserLinks(ctx, "", storage.Page{})
	noErr(t, "ListUserLinks", err)
	wantEqual(t, "how many connectors and links the view has", []int{len(connectors), len(links.Links)}, []int{1, 1})
	noErr(t, "Close", v.Close())
	createUser(t, s, newUser(3))
}

func backupClear(t *testing.T, s storage.Store) {
	fillOne(t, s)
	epoch := raise(t, s, storage.EpochRaise{At: start})
	noErr(t, "AddStatusList", s.AddStatusList(t.Context(), 7))
	for range 2 {
		noErr(t, "Clear", s.Clear(t.Context()))
		left := dump(t, s)
		n := len(left.Users) + len(left.Roles) + len(left.Clients) + len(left.Sessions) + len(left.Keys) + len(left.Events) +
			len(left.Browsers) + len(left.Consents) + len(left.ScopeTexts) + len(left.Logos) + len(left.Messages) + len(left.Factors) + len(left.Attributes.Attributes) +
			len(left.Connectors) + len(left.Links)
		if n != 0 || left.Revoked != [2]bool{} {
			t.Errorf("after Clear there is still %+v", left)
		}
		wantEpoch(t, s, epoch)
		lists, err := s.StatusLists(t.Context())
		noErr(t, "StatusLists", err)
		if len(lists) == 0 || lists[len(lists)-1].ID != 7 {
			t.Errorf("the status lists are %+v, want them to stay", lists)
		}
	}
	fillOne(t, s) // the names and the counter are free again
}

func backupRevocations(t *testing.T, s storage.Store) {
	for _, jti := range []string{"c", "a", "b"} {
		noErr(t, "RevokeToken", s.RevokeToken(t.Context(), jti, start))
	}
	wantEqual(t, "the revocations", listAll(t, 2, func(p storage.Page) ([]string, string, error) {
		page, err := s.ListRevocations(t.Context(), p)
		for _, r := range page.Revocations {
			wantEqual(t, "the end of "+r.JTI, r.ExpiresAt, start)
		}
		return idsOf(page.Revocations, func(r storage.Revocation) string { return r.JTI }), page.Next, err
	}), []string{"a", "b", "c"})
}
