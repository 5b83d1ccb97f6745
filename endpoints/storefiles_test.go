package endpoints_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// R24: the store's files hold no part of a refresh token.
func TestStoreFiles_HoldNoToken(t *testing.T) {
	dir := t.TempDir()
	s := protocoltest.Start(t, func(t testing.TB) storage.Store {
		store, err := sqlite.Open(context.Background(), filepath.Join(dir, "signet.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	})
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	next := s.Refresh(t, s.Web, tokens.Refresh)
	secrets := map[string]string{
		"refresh token": tokens.Refresh, "its successor": next.Refresh, "access token": next.Access, "password": s.Alice.Password, "client secret": s.Web.Secret,
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no store files: %v", err)
	}
	seen := false
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		seen = seen || strings.Contains(text, s.Alice.ID)
		for name, secret := range secrets {
			for n := 0; n+16 <= len(secret); n++ {
				// The header that all tokens of a key share is no secret.
				if part := secret[n : n+16]; strings.Contains(text, part) && name != "access token" {
					t.Fatalf("%s holds %q, part of the %s", filepath.Base(file), part, name)
				}
			}
		}
		if signature := next.Access[strings.LastIndexByte(next.Access, '.')+1:]; strings.Contains(text, signature[:16]) {
			t.Errorf("%s holds the signature of an access token", filepath.Base(file))
		}
	}
	if !seen {
		t.Error("the search does not even find a user id")
	}
}
