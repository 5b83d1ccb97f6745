package password_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"example.org/signet/issuer/password"
)

// FuzzCheckHash holds stored hashes to their bounds however they are written, and the
// errors to saying nothing of the hash.
func FuzzCheckHash(f *testing.F) {
	for _, seed := range []string{
		"", "$", "$$$$$$", "$2b$", "$2x$12$" + bcrypt53, "$2b$12$" + bcrypt53, "$2b$99$" + bcrypt53,
		argon2idHash("m=19456,t=2,p=1"), argon2idHash("m=4294967295,t=4294967295,p=255"),
		argon2idHash("m=1e9,t=2,p=1"), argon2idHash("m=0x40,t=2,p=1"), "$argon2id$", "$argon2i$v=19$",
		"pbkdf2_sha256$1$a$b", "$pbkdf2-sha256$1000$" + salt16 + "$" + passlibTag, "pbkdf2:sha512:1000$abcd$00",
		"$scrypt$ln=4,r=8,p=1$" + salt16 + "$" + tag32, "scrypt$16$saltsalt$8$1$" + tag32 + "=", "scrypt:16:8:1$saltsalt$00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		err := password.CheckHash(encoded)
		if err != nil {
			if !errors.Is(err, password.ErrFormat) {
				t.Errorf("error does not wrap ErrFormat: %v", err)
			}
			return
		}
		if len(encoded) > 512 || !password.LooksHashed(encoded) {
			t.Errorf("recognised %q, which does not look like a hash", encoded)
		}
		if rest, found := strings.CutPrefix(encoded, "$argon2id$v=19$m="); found {
			checkMemory(t, rest)
			return
		}
		if !strings.HasPrefix(encoded, "$2") {
			return // newPBKDF2 and newScrypt hold all spellings of theirs to their bounds
		}
		if cost, err := strconv.Atoi(encoded[4:6]); err != nil || cost < 4 || cost > 16 || len(encoded) != 60 {
			t.Errorf("recognised %q", encoded)
		}
	})
}

func checkMemory(t *testing.T, params string) {
	memory, rest, _ := strings.Cut(params, ",t=")
	passes, _, _ := strings.Cut(rest, ",p=")
	m, err1 := strconv.Atoi(memory)
	n, err2 := strconv.Atoi(passes)
	if err := errors.Join(err1, err2); err != nil || m < 8 || m > 256<<10 || n < 1 || n > 64 || m*n > 1<<20 {
		t.Errorf("recognised m=%s t=%s", memory, passes)
	}
}
