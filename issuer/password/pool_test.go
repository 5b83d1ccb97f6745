package password_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"example.org/signet/issuer/password"
)

const secret = "correct horse battery staple"

func hash(t testing.TB, p *password.Pool, pw string) string {
	t.Helper()
	encoded, err := p.Hash(context.Background(), "", pw)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestHashAndVerify(t *testing.T) {
	p := newPool(t)
	encoded := hash(t, p, secret)
	if !strings.HasPrefix(encoded, "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Errorf("hash is %q", encoded)
	}
	if err := password.CheckHash(encoded); err != nil {
		t.Errorf("own hash is not recognised: %v", err)
	}
	if got := verify(t, p, encoded, secret); !got.OK || got.NeedsRehash {
		t.Errorf("right password: %+v", got)
	}
	for _, wrong := range []string{secret + " ", secret[1:], strings.ToUpper(secret), "x"} {
		if got := verify(t, p, encoded, wrong); got.OK || got.NeedsRehash {
			t.Errorf("%q: %+v", wrong, got)
		}
	}
}

func TestDefaultsAreOWASPs(t *testing.T) {
	p, err := password.NewPool(password.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := hash(t, p, secret); !strings.HasPrefix(got, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %q", got)
	}
}

func TestSaltsDiffer(t *testing.T) {
	p := newPool(t)
	seen := make(map[string]bool)
	for range 100 {
		encoded := hash(t, p, secret)
		if seen[encoded] {
			t.Fatal("two hashes of one password are the same")
		}
		seen[encoded] = true
	}
}

func TestSaltComesFromTheInjectedSource(t *testing.T) {
	p := newPool(t, func(c *password.Config) { c.Rand = bytes.NewReader(make([]byte, 16)) })
	zero := strings.Repeat("A", 22)
	if encoded := hash(t, p, secret); !strings.Contains(encoded, "$"+zero+"$") {
		t.Errorf("hash is %q, want the salt that the source gave", encoded)
	}
}

// A random source that fails, or ends in the middle of a salt, fails the call: it
// never leaves zero bytes in the salt.
func TestRandomSourceFailure(t *testing.T) {
	broken := errors.New("no entropy")
	sources := map[string]struct {
		source io.Reader
		want   error
	}{
		"fails at once":      {iotest.ErrReader(broken), broken},
		"ends in the middle": {bytes.NewReader(make([]byte, 15)), io.ErrUnexpectedEOF},
		"is empty":           {bytes.NewReader(nil), io.EOF},
	}
	for name, c := range sources {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, func(cfg *password.Config) { cfg.Rand = c.source })
			encoded, err := p.Hash(context.Background(), "", secret)
			if !errors.Is(err, c.want) || encoded != "" {
				t.Errorf("Hash = %q, %v; want only the error %v", encoded, err, c.want)
			}
		})
	}
}

func TestHashRefusesBadInput(t *testing.T) {
	p := newPool(t)
	for pw, want := range map[string]error{
		"":                        password.ErrEmpty,
		"a\x00b":                  password.ErrNUL,
		"\xff":                    password.ErrNotUTF8,
		strings.Repeat("a", 1025): password.ErrTooLong,
	} {
		if encoded, err := p.Hash(context.Background(), "", pw); !errors.Is(err, want) || encoded != "" {
			t.Errorf("Hash = %q, %v; want only the error %v", encoded, err, want)
		}
	}
	if n := p.Evaluations(); n != 0 {
		t.Errorf("%d evaluations for refused passwords", n)
	}
}

// A password from an imported hash may be shorter than what is demanded of new ones,
// and must still be hashed again at login.
func TestHashTakesShortPasswords(t *testing.T) {
	p := newPool(t)
	if !verify(t, p, hash(t, p, "secret"), "secret").OK {
		t.Error("a short password does not match its own hash")
	}
}

func TestEveryBranchIsOneEvaluation(t *testing.T) {
	long := strings.Repeat("x", 73)
	branches := map[string]struct{ encoded, pw string }{
		"right":                           {"", secret},
		"wrong":                           {"", "wrong"},
		"no hash stored":                  {"-", secret},
		"unreadable hash":                 {"!unusable", secret},
		"plain text stored":               {secret, secret},
		"refused kind":                    {"$2x$12$" + bcrypt53, secret},
		"malformed bcrypt":                {"$2b$99$" + bcrypt53, secret},
		"argon2id over its bounds":        {argon2idHash("m=4194304,t=1,p=1"), secret},
		"bcrypt":                          {"$2b$04$" + bcrypt53, secret},
		"bcrypt and a password too long":  {"$2b$04$" + bcrypt53, long},
		"bcrypt and a NUL":                {"$2b$04$" + bcrypt53, "a\x00b"},
		"empty password":                  {"", ""},
		"password over the limit":         {"", strings.Repeat("x", 1<<20)},
		"password that is not UTF-8":      {"", "\xff\xfe"},
		"bcrypt and password not allowed": {"$2b$04$" + bcrypt53, strings.Repeat("x", 1<<20)},
	}
	for _, scheme := range []string{password.SchemeArgon2id, password.SchemeBcrypt} {
		p := newPool(t, func(c *password.Config) { c.Scheme = scheme })
		own := hash(t, p, secret)
		for name, b := range branches {
			t.Run(scheme+"/"+name, func(t *testing.T) {
				encoded := strings.TrimPrefix(b.encoded, "-")
				if b.encoded == "" {
					encoded = own
				}
				before := p.Evaluations()
				got := verify(t, p, encoded, b.pw)
				if n := p.Evaluations() - before; n != 1 {
					t.Errorf("%d evaluations, want 1", n)
				}
				if want := name == "right"; got.OK != want {
					t.Errorf("OK = %t, want %t", got.OK, want)
				}
			})
		}
	}
}

func TestVerifyDummyIsOneEvaluation(t *testing.T) {
	for _, change := range []func(*password.Config){func(*password.Config) {}, withBcrypt} {
		p := newPool(t, change)
		for i, pw := range []string{secret, "", "a\x00b", strings.Repeat("x", 73), strings.Repeat("x", 1<<20)} {
			if err := p.VerifyDummy(context.Background(), "", pw); err != nil {
				t.Fatal(err)
			}
			if n := p.Evaluations(); n != uint64(i+1) {
				t.Errorf("%d evaluations after %d calls", n, i+1)
			}
		}
	}
}

func TestNeedsRehash(t *testing.T) {
	dearer := password.Argon2id{Memory: 16, Passes: 1, Parallelism: 1}
	longer := password.Argon2id{Memory: 8, Passes: 2, Parallelism: 1}
	pools := map[string]*password.Pool{
		"argon2id":             newPool(t),
		"argon2id, memory":     newPool(t, func(c *password.Config) { c.Argon2id = dearer }),
		"argon2id, passes":     newPool(t, func(c *password.Config) { c.Argon2id = longer }),
		"bcrypt 4":             newPool(t, withBcrypt),
		"bcrypt 5":             newPool(t, withBcrypt, func(c *password.Config) { c.Bcrypt.Cost = 5 }),
		"argon2id, same again": newPool(t),
	}
	for from, maker := range pools {
		encoded := hash(t, maker, secret)
		for to, p := range pools {
			same := strings.TrimSuffix(from, ", same again") == strings.TrimSuffix(to, ", same again")
			if got := verify(t, p, encoded, secret); !got.OK || got.NeedsRehash == same {
				t.Errorf("%s checked by %s: %+v", from, to, got)
			}
			if got := verify(t, p, encoded, "wrong"); got.NeedsRehash {
				t.Errorf("%s checked by %s: a wrong password makes the hash outdated", from, to)
			}
		}
	}
}

// A hash with the right cost but a short salt, as some libraries write it, is made anew.
func TestShortSaltNeedsRehash(t *testing.T) {
	p := newPool(t, func(c *password.Config) {
		c.Argon2id = password.Argon2id{Memory: 256, Passes: 2, Parallelism: 1}
	})
	const reference = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if got := verify(t, p, reference, "password"); !got.OK || !got.NeedsRehash {
		t.Errorf("%+v, want OK and Outdated", got)
	}
}

func TestFiveHundredParallelLogins(t *testing.T) {
	p := newPool(t, func(c *password.Config) { c.Queue = 16 })
	encoded := hash(t, p, secret)
	before := p.Evaluations()

	var mu sync.Mutex
	var right, busy uint64
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			got, err := p.Verify(context.Background(), "", encoded, secret)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && got.OK:
				right++
			case errors.Is(err, password.ErrBusy) && got == password.Result{}:
				busy++
			default:
				t.Errorf("Verify = %+v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := p.Evaluations() - before; n != right || right+busy != 500 {
		t.Errorf("%d evaluations, %d right, %d busy", n, right, busy)
	}
	if !verify(t, p, encoded, secret).OK {
		t.Error("the pool does not serve after the flood")
	}
}

func TestNewPoolNamesEveryFault(t *testing.T) {
	cases := []struct {
		name   string
		config password.Config
		says   []string
	}{
		{"workers", password.Config{Workers: -1}, []string{"workers"}},
		{"too many workers", password.Config{Workers: 1025}, []string{"workers"}},
		{"queue", password.Config{Queue: -1}, []string{"queue"}},
		{"too long a queue", password.Config{Queue: 1<<16 + 1}, []string{"queue"}},
		{"scheme", password.Config{Scheme: "md5"}, []string{`"md5"`, "argon2id", "bcrypt"}},
		{"bcrypt cost", password.Config{Scheme: "bcrypt", Bcrypt: password.Bcrypt{Cost: 17}}, []string{"cost"}},
		{"half a set of parameters", password.Config{Argon2id: password.Argon2id{Memory: 64}}, []string{"parallelism"}},
		{"argon2id memory", password.Config{Argon2id: password.Argon2id{Memory: 1 << 22, Passes: 1, Parallelism: 1}}, []string{"memory"}},
		{"several", password.Config{Workers: -1, Queue: -1, Scheme: "md5"}, []string{"workers", "queue", "md5"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := password.NewPool(c.config)
			if err == nil && len(c.says) > 0 {
				t.Fatal("accepted")
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("error %q does not name %s", err, word)
				}
			}
		})
	}
}
