package password

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"pgregory.net/rapid"
)

// The library gives up on some malformed hashes before it evaluates anything, which
// would show in the time of the answer. Whatever is parsed here must get past that.
func TestParsedBcryptIsAlwaysEvaluated(t *testing.T) {
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom([]string{"$2a$", "$2b$", "$2y$"}).Draw(t, "prefix")
		body := rapid.StringOfN(rapid.RuneFrom([]rune(alphabet)), 53, 53, 53).Draw(t, "body")
		encoded := prefix + "04$" + body
		if _, err := parse(encoded); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		if err := bcrypt.CompareHashAndPassword([]byte(encoded), []byte("x")); !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			t.Fatalf("%s was not evaluated: %v", encoded, err)
		}
	})
}

// The hash that stands for nobody must be one that is evaluated, at the cost set.
func TestHashDummyEvaluatesAtTheConfiguredCost(t *testing.T) {
	for cost := minBcryptCost; cost <= maxBcryptCost; cost++ {
		blank := Bcrypt{Cost: cost}.dummyHash()
		d, err := parse(blank)
		if err != nil {
			t.Fatal(err)
		}
		if !(Bcrypt{Cost: cost}).current(d) {
			t.Errorf("cost %d: %s has another", cost, blank)
		}
	}
}

// What is written is read back with the same parameters, whatever they are.
func TestArgon2idEncodingRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Argon2id{Parallelism: rapid.Uint8Range(1, maxArgon2Parallelism).Draw(t, "p")}
		p.Memory = rapid.Uint32Range(minArgon2PerLane*uint32(p.Parallelism), maxArgon2Memory).Draw(t, "m")
		p.Passes = rapid.Uint32Range(1, min(maxArgon2Passes, maxArgon2Work/p.Memory)).Draw(t, "t")
		h := argon2idHash{
			params: p,
			salt:   rapid.SliceOfN(rapid.Byte(), minArgon2Salt, maxArgon2Part).Draw(t, "salt"),
			tag:    rapid.SliceOfN(rapid.Byte(), minArgon2Tag, maxArgon2Part).Draw(t, "tag"),
		}
		d, err := parse(h.encode())
		if err != nil {
			t.Fatalf("%s: %v", h.encode(), err)
		}
		got := d.(argon2idHash)
		if got.params != p || !bytes.Equal(got.salt, h.salt) || !bytes.Equal(got.tag, h.tag) {
			t.Fatalf("%s was read as %+v", h.encode(), got)
		}
	})
}

func TestDefaultsLeaveACoreFree(t *testing.T) {
	for procs, want := range map[int]int{1: 1, 2: 1, 4: 3, 16: 15} {
		before := runtime.GOMAXPROCS(procs)
		c := Config{}.withDefaults()
		runtime.GOMAXPROCS(before)
		if c.Workers != want || c.Queue != 32*want {
			t.Errorf("%d cores: %d workers, queue of %d; want %d and %d", procs, c.Workers, c.Queue, want, 32*want)
		}
	}
	if c := (Config{Workers: 1024}).withDefaults(); c.Queue != 32*1024 {
		t.Errorf("queue of %d", c.Queue)
	}
}

// No prefix that is read as a hash may fall through to the plain passwords.
func TestKnownPrefixesLookHashed(t *testing.T) {
	for _, f := range formats {
		if text := f.prefix + "1$" + strings.Repeat("x", 53); !LooksHashed(text) {
			t.Errorf("%s does not look like a hash", text)
		}
	}
}
