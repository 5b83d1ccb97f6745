package endpoints_test

import (
	"context"
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/internal/testdir"
	"example.org/signet/issuer"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// countCommits counts the commits in a write-ahead log since it was last started anew: the
// frames that end a transaction (SQLite's file format, §4.1).
func countCommits(t *testing.T, wal string) (n int) {
	t.Helper()
	log, err := os.ReadFile(wal)
	if err != nil {
		t.Fatal(err)
	}
	const header, frameHeader = 32, 24
	if len(log) < header {
		return 0
	}
	frame := frameHeader + int(binary.BigEndian.Uint32(log[8:]))
	salts := string(log[16:24])
	for at := header; at+frame <= len(log) && string(log[at+8:at+16]) == salts; at += frame {
		if binary.BigEndian.Uint32(log[at+4:]) != 0 {
			n++
		}
	}
	return n
}

// TestCommits_PerRequest pins what each request commits to SQLite, as its write-ahead log has it.
func TestCommits_PerRequest(t *testing.T) {
	path := filepath.Join(testdir.New(t), "signet.db")
	s := protocoltest.Start(t, func(t testing.TB) storage.Store {
		store, err := sqlite.Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}, func(o *protocoltest.Options) { o.Issuer.Throttle = issuer.DefaultThrottle() })
	app := s.AddCodeSPA(t, "app")
	browser, again := s.NewBrowser(), s.NewBrowser()
	again.GetCode(t, app, s.Alice)
	web := s.Login(t, s.SPA, s.Alice, "openid")
	wrong := protocoltest.User{Username: s.Alice.Username, Password: s.NewSecret("a wrong password")}
	login := func() { web = s.Login(t, s.SPA, s.Alice, "openid") }
	fail := func(client protocoltest.Client, u protocoltest.User, status int) func() {
		return func() { s.TryLogin(client, u, "openid").ExpectStatus(t, status) }
	}
	var code protocoltest.Code
	for _, c := range []struct {
		name    string
		request func()
		commits int
	}{
		{"password grant", login, 1},
		{"wrong password", fail(s.SPA, wrong, http.StatusBadRequest), 1},
		{"password grant after a wrong password", login, 1},
		{"unknown user", fail(s.SPA, protocoltest.User{Username: "nobody", Password: wrong.Password}, http.StatusBadRequest), 1},
		{"refresh", func() { web = s.Refresh(t, s.SPA, web.Refresh) }, 1},
		{"sign-in in a browser", func() { code = browser.GetCode(t, app, s.Alice) }, 1},
		{"code redemption", func() { s.PostAs(app, protocoltest.Token, code.Form()).Tokens(t) }, 1},
		{"authorize with a browser session", func() { browser.GetCode(t, app, s.Alice) }, 1},
		{"sign-in again in the same browser", func() { browser.GetCode(t, app, s.Alice, "prompt", "login") }, 1},
	} {
		before := countCommits(t, path+"-wal")
		c.request()
		if n := countCommits(t, path+"-wal") - before; n != c.commits {
			t.Errorf("%s: %d commits, want %d", c.name, n, c.commits)
		}
	}
	for range 10 {
		fail(s.SPA, wrong, http.StatusBadRequest)()
	}
	before := countCommits(t, path+"-wal")
	fail(s.SPA, wrong, http.StatusTooManyRequests)()
	if n := countCommits(t, path+"-wal") - before; n != 0 {
		t.Errorf("a throttled login: %d commits, want none", n)
	}
}
