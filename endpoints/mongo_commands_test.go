package endpoints_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"

	"example.org/signet/internal/mongotest"
	"example.org/signet/internal/protocoltest"
	"example.org/signet/issuer"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

// commandLog records the commands sent to the database, and their collection.
type commandLog struct {
	mu       sync.Mutex
	commands []string
}

func (w *commandLog) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		collection, _ := e.Command.Lookup(e.CommandName).StringValueOK()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.commands = append(w.commands, e.CommandName+" "+collection)
	}}
}

func (w *commandLog) during(request func()) []string {
	w.mu.Lock()
	w.commands = nil
	w.mu.Unlock()
	request()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.commands), func(s string) bool { return strings.HasPrefix(s, "endSessions") })
}

// What each endpoint sends to MongoDB, command by command. Clients and roles
// are remembered for a few seconds, so they do not show here.
func TestMongoCommands_PerEndpoint(t *testing.T) {
	var w commandLog
	s := protocoltest.Start(t, func(t testing.TB) storage.Store {
		store, err := mongo.Open(t.Context(), mongotest.URI(t), time.Now, mongo.WithTimeout(30*time.Second), mongo.WithMonitor(w.monitor()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}, func(o *protocoltest.Options) { o.Issuer.Throttle = issuer.DefaultThrottle() })
	app := s.AddCodeSPA(t, "app")
	wrong := protocoltest.User{Username: s.Alice.Username, Password: s.NewSecret("a wrong password")}
	browser := s.NewBrowser()
	browser.GetCode(t, app, s.Alice) // the client is remembered, and the network
	s.Login(t, s.SPA, s.Alice, "openid")
	web, own := s.Login(t, s.Web, s.Alice, "openid"), s.ClientToken(t, s.Machine)
	s.Active(t, s.ResourceServer, web.Access)
	before := web.Refresh
	for _, c := range []struct {
		name    string
		request func()
		sent    []string
	}{
		{"refresh", func() { web = s.Refresh(t, s.Web, web.Refresh) }, []string{"findAndModify sessions", "find users"}},
		{"refresh, asked again", func() { web = s.Refresh(t, s.Web, before) }, []string{"findAndModify sessions", "findAndModify sessions", "insert audit", "find users"}},
		{"login", func() { s.Login(t, s.Web, s.Alice, "openid") }, []string{
			"find logins", "find users", "find attempts", "find user_factors", "find users", "find attempts", "insert sessions", "find sessions", "insert audit",
		}},
		{"failed login", func() { s.TryLogin(s.SPA, wrong, "openid") }, []string{
			"find logins", "find users", "find attempts", "find attempts", "update attempts", "find attempts", "insert audit",
		}},
		{"login after a failed one", func() { s.Login(t, s.SPA, s.Alice, "openid") }, []string{
			"find logins", "find users", "find attempts", "find user_factors", "find users", "find attempts", "update attempts", "insert sessions", "find sessions", "insert audit",
		}},
		{"sign-in in a browser", func() { s.NewBrowser().GetCode(t, app, s.Alice) }, []string{
			"find logins", "find users", "find attempts", "find user_factors", "find users", "find attempts", "insert browser_sessions", "insert sessions", "insert audit",
		}},
		{"sign-in from a network that is new to the user", func() { s.NewBrowser().GetCode(t, app, s.Editor) }, []string{
			"find logins", "find users", "find attempts", "find user_factors", "find users", "find attempts", "update attempts",
			"insert browser_sessions", "insert sessions", "insert audit",
		}},
		{"authorize with a browser session", func() { browser.GetCode(t, app, s.Alice) }, []string{"find browser_sessions", "find users", "insert sessions"}},
		{"client credentials", func() { s.ClientToken(t, s.Machine) }, nil},
		{"introspection", func() { s.Active(t, s.ResourceServer, web.Access) }, []string{"find sessions", "find users"}},
		{"introspection of a client's token", func() { s.Active(t, s.ResourceServer, own.Access) }, []string{"find revocations", "find users"}},
		{"userinfo", func() { s.UserInfo(web.Access).ExpectStatus(t, http.StatusOK) }, []string{"find sessions", "find users"}},
		{"jwks", func() { s.Get(protocoltest.JWKS) }, nil},
		{"discovery", func() { s.Get(protocoltest.Discovery) }, nil},
		{"revocation", func() {
			s.PostAs(s.Web, protocoltest.Revoke, protocoltest.Form("token", web.Refresh)).ExpectStatus(t, http.StatusOK)
		}, []string{"find sessions", "insert audit", "update sessions"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := w.during(c.request); !slices.Equal(got, c.sent) {
				t.Errorf("sent %q, want %q", got, c.sent)
			}
		})
	}
}
