package protocoltest

import (
	"context"
	"net/http"
	"testing"

	"example.org/signet/storage"
)

// testChangesNothing: what is asked for again changes nothing, so whoever repeats it makes
// neither the audit log grow nor the entity tag of the record move.
func testChangesNothing(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	own := s.Login(t, f.Portal, s.Alice, portalScope)
	ended := claims(t, s.Login(t, f.Portal, s.Alice, portalScope).Access)["sid"].(string)
	user, client := Users+"/"+s.Alice.ID, Clients+"/"+s.Other.ID
	must(t, errorOf(s.operator().Users().Disable(context.Background(), s.Editor.ID)))
	s.JSON("DELETE", Me+"/sessions/"+ended, nil, Bearer(own.Access)).ExpectStatus(t, http.StatusNoContent)
	for _, c := range []struct {
		method, path string
		body         Object
		as           RequestOption
		status       int
	}{
		{"PATCH", Me, Object{}, Bearer(own.Access), http.StatusOK},
		{"PATCH", Me, Object{"username": "alice"}, Bearer(own.Access), http.StatusOK},
		{"DELETE", Me + "/sessions/" + ended, nil, Bearer(own.Access), http.StatusNoContent},
		{"DELETE", Sessions + "/" + ended, nil, f.superAdmin, http.StatusNoContent},
		{"PATCH", user, Object{"username": "alice", "roles": []string{"user"}}, f.superAdmin, http.StatusOK},
		{"POST", user + "/enable", nil, f.superAdmin, http.StatusOK},
		{"POST", Users + "/" + s.Editor.ID + "/disable", nil, f.superAdmin, http.StatusOK},
		{"POST", client + "/enable", nil, f.superAdmin, http.StatusOK},
		{"PATCH", client, Object{"trust_client_ip": false}, f.superAdmin, http.StatusOK},
		{"PATCH", Roles + "/editor", Object{"scopes": []string{"items:write"}}, f.superAdmin, http.StatusOK},
	} {
		before := countEvents(t, s)
		first := s.JSON(c.method, c.path, c.body, c.as).ExpectStatus(t, c.status)
		second := s.JSON(c.method, c.path, c.body, c.as).ExpectStatus(t, c.status)
		if a, b := first.Header.Get("ETag"), second.Header.Get("ETag"); a != b {
			t.Errorf("%s %s %v: entity tag %s, then %s", c.method, c.path, c.body, a, b)
		}
		if n := countEvents(t, s) - before; n != 0 {
			t.Errorf("%s %s %v: %d events", c.method, c.path, c.body, n)
		}
	}
}

// countEvents returns how many events the audit log holds.
func countEvents(t *testing.T, s *Signet) (n int) {
	t.Helper()
	for p := (storage.Page{Limit: storage.MaxPage}); ; {
		page, err := s.Store.ListAudit(context.Background(), storage.AuditFilter{}, p)
		must(t, err)
		if n, p.After = n+len(page.Events), page.Next; p.After == "" {
			return n
		}
	}
}
