package protocoltest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"example.org/signet/endpoints"
	"example.org/signet/storage"
)

// thisInstance is what the process of the test knows of itself.
type thisInstance struct{ *Signet }

func (i thisInstance) State() endpoints.InstanceState {
	stats := i.Keys.Stats()
	return endpoints.InstanceState{
		Version: "test", Go: "go", Signer: "Go crypto", Store: "a store", StartedAt: i.Clock.Now(), SigningKeyAge: stats.ActiveKeyAge.Seconds(), NextKeyChange: stats.NextChange.Seconds(),
		KeyringAge: stats.SnapshotAge.Seconds(), StatusListAge: i.Service.StatusAge().Seconds(), PasswordQueue: int(i.Passwords.Waiting()), LastSweep: &endpoints.SweepInfo{At: i.Clock.Now(), Deleted: 3},
	}
}

func (i thisInstance) Settings() []endpoints.Setting {
	return []endpoints.Setting{{Name: "issuer", Value: i.Issuer, From: "--issuer"}, {Name: "storage", Value: "a store"}}
}

var consoleOverviewCases = []testCase{
	{name: "overview, health and settings", configure: mergedAdmin, run: testConsoleOverview},
	{name: "the state and the settings by the API", configure: mergedAdmin, run: testInstanceAPI},
}

func testConsoleOverview(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, page := s.openConsole(t, f.Admin, "")
	page.has(t, http.StatusOK, f.Admin.Username, s.Issuer, "ready")
	b.Open(ConsolePath+"/health").has(t, http.StatusOK, "Last sweep", "deleted", "Age of the status lists")
	b.Open(ConsolePath+"/settings").has(t, http.StatusForbidden, "You may not do this")
	b, _ = s.openConsole(t, f.SuperAdmin, "")
	b.Open(ConsolePath+"/settings").has(t, http.StatusOK, "--issuer", s.Issuer)
	s.Advance(10 * time.Minute)
	s.Store.Before(func(context.Context, int, string) error { return storage.Unavailable("any call", errConnectionReset) })
	b.Open(ConsolePath+"/health").has(t, http.StatusServiceUnavailable, "")
	s.Store.Reset()
	b.Open(ConsolePath+"/health", Header("Accept-Language", "de")).has(t, http.StatusOK, "Letztes Aufräumen")
}

func testInstanceAPI(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	o := s.JSON("GET", "/api/v1/status", nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	if o["issuer"] != s.Issuer || o["status"] != "ready" || o["version"] != "test" {
		t.Errorf("the state is %v", o)
	}
	s.JSON("GET", "/api/v1/settings", nil, f.admin).ExpectProblem(t, http.StatusForbidden, "insufficient_scope")
	if got := ids(s.JSON("GET", "/api/v1/settings", nil, f.superAdmin), t, "name"); len(got) != 2 {
		t.Errorf("the settings are %v", got)
	}
}
