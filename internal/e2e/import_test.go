package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/signet/storage/sqlite"
)

// The account of a public FastAPI tutorial, as its user store spells it.
const (
	sponge         = "flyingsponge"
	spongePassword = "SpongePassword"
	spongeHash     = "$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e"
	spongeLine     = `{"username": "` + sponge + `", "full_name": "Flying Sponge", "hashed_password": "` + spongeHash + `"}`
)

// TestImportedUserLogsIn: the tutorial's account keeps its password, and its
// bcrypt hash is argon2id after the first login.
func TestImportedUserLogsIn(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	web := s.addWeb(t)
	s.wire.keep(spongePassword, spongeHash)
	file := filepath.Join(s.dir, "users.jsonl")
	if err := os.WriteFile(file, []byte(spongeLine+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(t, "", "user", "import", file)
	if got := s.storedHash(t, sponge); got != spongeHash {
		t.Errorf("the import stored %q, want the hash unchanged", got)
	}

	s.mustPost(t, "/oauth2/token", web, passwordForm(sponge, "spongePassword")).refused(t, http.StatusBadRequest, "invalid_grant")
	first := s.login(t, web, sponge, spongePassword)
	upgraded := s.storedHash(t, sponge)
	if !strings.HasPrefix(upgraded, "$argon2id$") {
		t.Errorf("the hash after the login is %.10q…, want argon2id", upgraded)
	}
	s.refresh(t, web, first.RefreshToken) // the upgrade of the hash has not ended the session

	s.run(t, "", "user", "import", file) // again is harmless
	if got := s.storedHash(t, sponge); got != upgraded {
		t.Error("the second import put the old hash back")
	}
	s.login(t, web, sponge, spongePassword)
}

// storedHash reads a user's hash beside the running server.
func (s *server) storedHash(t *testing.T, name string) string {
	t.Helper()
	store, err := sqlite.Open(t.Context(), s.database())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	user, err := store.UserByLogin(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return user.PasswordHash
}
