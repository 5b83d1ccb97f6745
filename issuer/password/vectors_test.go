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
	const horse = "correct horse battery" // hashed by the frameworks themselves
	cases := []struct{ name, encoded, pw string }{
		{"passlib in a public tutorial", "$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e", "SpongePassword"},
		{"pwdlib in FastAPI's tutorial", "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc", "secret"},
		{"argon2 reference, 256 KiB", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
		{"argon2 reference, 64 MiB", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
		{"bcrypt, OpenBSD's $2a$", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		{"passlib, PBKDF2-SHA-256", "$pbkdf2-sha256$1000$SInx/h8jJOS8VyrFGEPo/Q$i6odxV7AQ1NTTNz2VZtuZzOCebRR5CX6iE6YKEuP3pg", horse},
		{"passlib, PBKDF2-SHA-512", "$pbkdf2-sha512$1000$b21tLeVcq1UKwTgnZEyJcQ$nVkKmBO9t8WOsVVz4TYagV.dgcQY4nAfSsonoB9i5Xc1j2N0pmXWWvZwIS1q2aSDY6XbHV0qO4EszjDRxdZBsQ", horse},
		{"passlib, PBKDF2-SHA-1", "$pbkdf2$1000$tjbmPMfYW6uVklJK6T2nlA$Ys/bZRBTmjxgG40sZxB./hs9QK0", horse},
		{"passlib, scrypt", "$scrypt$ln=4,r=8,p=1$IaQ0BoCw1loLYSxlbO1daw$SdskLz6RrsUSKRT+Qlxr1pB4YsU3YyU0urROqZKvung", horse},
		{"Django, PBKDF2-SHA-256", "pbkdf2_sha256$1000$saltsaltsaltsalt1234ab$SyQITFot11QqsWr1UBna1dII/pmOR+iQckB4USo5YYc=", horse},
		{"Django, PBKDF2-SHA-1", "pbkdf2_sha1$1000$saltsaltsaltsalt1234ab$0KT38iCTMWxz4XEuRJ9483eQdY8=", horse},
		{"Django, scrypt", "scrypt$16$saltsaltsaltsalt1234ab$8$5$sYnHoZ8nvmOZ23ka9ILHY2i+Nex+WDZoHTc1UWXvSrDqiM0eENdpxkPZI2h9LjiSiFLdokpW7Xucn5oGjYnOmg==", horse},
		{"Django, argon2id", "argon2$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdDEyMzRhYg$+YOfnp8BbnCgHhKWmtgFg8Zu9Ta6Cok+S5e6oyQ3rN0", horse},
		{"Werkzeug, scrypt", "scrypt:1024:8:1$icnUWuslToXRxyLk$39b15632ca1329fa5bbb88e3c9f7cecae201486a1dda588d1e68d799741034ac7380135a58872fddb14b7b4bcd94caf1ed4cd420412631c5b24d2fbee322d1d7", horse},
		{"Werkzeug, PBKDF2-SHA-256", "pbkdf2:sha256:1000$BmukVlMqUeZtWyIl$3ef439577a5d976bb0afb46c58e67b7ce3a870e0d6e5894cc4aa95215379e5ce", horse},
		{"Werkzeug, PBKDF2-SHA-512", "pbkdf2:sha512:1000$ZhHrMfpio4vMENH9$f8b9a8fa541e80f022be511d26e5622d488c2efde1ae4e18eeb45efb24606241f0c6b00c98fd48906f1c14a4ce80719f6b40b2f64fdcd397fcf2c6fa1eee9f30", horse},
		{"argon2-cffi, argon2i", "$argon2i$v=19$m=64,t=2,p=1$ZIrPWrEbP1z8rdTmRRjIlA$EmNhKr4K9a9ex3Myp3AqWHjyNiq/XuJiNLw3ATlzM1I", horse},
		{"Django, bcrypt", "bcrypt$$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq", "rasmuslerdorf"},
		{"bcrypt, PHP's $2y$", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq", "rasmuslerdorf"},
	}
	p := newPool(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := p.Evaluations()
			if got := verify(t, p, c.encoded, c.pw+"x"); got.OK || p.Evaluations() != before+1 {
				t.Errorf("wrong password: %+v after %d evaluations", got, p.Evaluations()-before)
			}
			if got := verify(t, p, c.encoded, c.pw); !got.OK || !got.NeedsRehash {
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
