package password_test

import (
	"context"
	"strings"
	"testing"

	"example.org/signet/issuer/password"
)

// newPool returns a pool with the least work that argon2id allows.
func newPool(t testing.TB, change ...func(*password.Config)) *password.Pool {
	t.Helper()
	c := password.Config{Workers: 2, Argon2id: tiny, Bcrypt: password.Bcrypt{Cost: 4}}
	for _, f := range change {
		f(&c)
	}
	p, err := password.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var tiny = password.Argon2id{Memory: 8, Passes: 1, Parallelism: 1}

func withBcrypt(c *password.Config) { c.Scheme = password.SchemeBcrypt }

func verify(t testing.TB, p *password.Pool, encoded, pw string) password.Result {
	t.Helper()
	got, err := p.Verify(context.Background(), "", encoded, pw)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Known answers that other implementations made. RFC 9106's own vectors use a secret
// and associated data, which password hashes have no place for; those of the
// reference implementation stand in.
func TestKnownAnswers(t *testing.T) {
	cases := []struct{ name, encoded, pw string }{
		{"passlib in a public tutorial", "$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e", "SpongePassword"},
		{"pwdlib in FastAPI's tutorial", "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc", "secret"},
		{"argon2 reference, 256 KiB", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
		{"argon2 reference, 64 MiB", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
		{"bcrypt, OpenBSD's $2a$", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		{"bcrypt, PHP's $2y$", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq", "rasmuslerdorf"},
	}
	p := newPool(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := verify(t, p, c.encoded, c.pw); !got.OK || !got.Outdated {
				t.Errorf("right password: %+v, want OK and Outdated", got)
			}
		})
	}
}

// The bcrypt function reads 72 bytes, so its own vectors with longer passwords
// must match in their first 72 bytes and must not match whole.
func TestBcryptVectorOverItsLimit(t *testing.T) {
	const encoded = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
	read := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 2)[:72]
	p := newPool(t)
	if !verify(t, p, encoded, read).OK {
		t.Error("the 72 bytes that bcrypt reads do not match")
	}
	if verify(t, p, encoded, read+"chars after 72 are ignored").OK {
		t.Error("bytes that bcrypt ignores were accepted")
	}
}
