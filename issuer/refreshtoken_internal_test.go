package issuer

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.org/signet/internal/random"
	"example.org/signet/keys"
)

func testMaster(t testing.TB) keys.MasterKey {
	t.Helper()
	m, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRefreshTokenRoundTrip(t *testing.T) {
	codec := newRefreshCodec(rand.Reader, testMaster(t))
	rapid.Check(t, func(t *rapid.T) {
		var h handle
		copy(h[:], rapid.SliceOfN(rapid.Byte(), handleSize, handleSize).Draw(t, "handle"))
		generation := rapid.Int64Range(0, maxGeneration).Draw(t, "generation")
		token := codec.token(h, generation)
		if again := codec.token(h, generation); again != token {
			t.Fatalf("two tokens for one generation: %s, %s", token, again)
		}
		gotHandle, gotGeneration, ok := codec.parse(token)
		if !ok || gotHandle != h || gotGeneration != generation {
			t.Fatalf("parse(token) = %x, %d, %t; want %x, %d, true", gotHandle, gotGeneration, ok, h, generation)
		}
	})
}

// R24: a token that was cut, lengthened, re-encoded or changed anywhere is not
// genuine.
func TestRefreshTokenTampered(t *testing.T) {
	codec := newRefreshCodec(rand.Reader, testMaster(t))
	h, err := codec.newHandle()
	if err != nil {
		t.Fatal(err)
	}
	token := codec.token(h, 7)
	refuse := func(name, s string) {
		if _, _, ok := codec.parse(s); ok && s != token {
			t.Errorf("%s: %q is taken for genuine", name, s)
		}
	}
	for n := range token {
		for _, c := range []byte("A_-9z =+/\x00") {
			if token[n] != c {
				refuse("changed", token[:n]+string(c)+token[n+1:])
			}
		}
		refuse("cut", token[:n])
		refuse("case", token[:n]+strings.ToUpper(token[n:n+1])+strings.ToLower(token[n+1:]))
	}
	for _, tail := range []string{"A", "=", "==", " ", "\n", "\x00", token} {
		refuse("lengthened", token+tail)
	}
	refuse("led by a space", " "+token)
	refuse("standard alphabet", refreshPrefix+base64.RawStdEncoding.EncodeToString(append([]byte{0xff}, make([]byte, refreshSize-1)...)))
	refuse("another issuer's", newRefreshCodec(rand.Reader, testMaster(t)).token(h, 7))
	refuse("without prefix", strings.TrimPrefix(token, refreshPrefix))
}

func TestSessionIDTellsNothingOfTheHandle(t *testing.T) {
	codec := newRefreshCodec(rand.Reader, testMaster(t))
	seen := map[string]bool{}
	for range 1000 {
		h, err := codec.newHandle()
		if err != nil {
			t.Fatal(err)
		}
		sid := h.sessionID()
		if seen[sid] || len(sid) != 27 || sid[0] == '-' {
			t.Fatalf("session id %q: seen %t, %d characters", sid, seen[sid], len(sid))
		}
		seen[sid] = true
		if raw, _ := base64.RawURLEncoding.DecodeString(sid); bytes.Contains(raw, h[:4]) {
			t.Fatalf("session id %x holds a part of its handle %x", raw, h)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

// P11: no randomness, no token.
func TestNewHandleFailsWithoutRandomness(t *testing.T) {
	codec := newRefreshCodec(brokenReader{}, testMaster(t))
	if h, err := codec.newHandle(); err == nil {
		t.Errorf("draw() = %x, nil; want an error", h)
	}
	if s, err := random.Text(brokenReader{}, 8); err == nil {
		t.Errorf("draw(8) = %q, nil; want an error", s)
	}
}

func FuzzRefreshToken(f *testing.F) {
	codec := newRefreshCodec(rand.Reader, testMaster(f))
	h, err := codec.newHandle()
	if err != nil {
		f.Fatal(err)
	}
	token := codec.token(h, 3)
	for _, s := range []string{"", token, token[:40], token + "=", "sgr_", "sgr_" + strings.Repeat("A", 71), "eyJhbGciOiJub25lIn0.e30.", "sgr_\x00", strings.ToUpper(token)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, generation, ok := codec.parse(s)
		if ok && codec.token(got, generation) != s {
			t.Fatalf("%q is taken for genuine, but is not what was issued", s)
		}
		if ok && s != token {
			t.Fatalf("%q was never issued", s)
		}
	})
}

// While the master key changes, tokens made under either key are genuine on
// every instance, and new ones are made under the present one. Without the
// other key its tokens are no more.
func TestRefreshTokenUnderTwoMasterKeys(t *testing.T) {
	before, after := testMaster(t), testMaster(t)
	alone, prepared := newRefreshCodec(rand.Reader, before), newRefreshCodec(rand.Reader, before, after)
	changed, done := newRefreshCodec(rand.Reader, after, before), newRefreshCodec(rand.Reader, after)
	h, err := alone.newHandle()
	if err != nil {
		t.Fatal(err)
	}
	old, fresh := alone.token(h, 3), changed.token(h, 3)
	if prepared.token(h, 3) != old || done.token(h, 3) != fresh || old == fresh {
		t.Fatal("tokens are made under the wrong key")
	}
	for name, c := range map[string]struct {
		codec      *refreshCodec
		old, fresh bool
	}{
		"before": {alone, true, false}, "prepared": {prepared, true, true}, "changed": {changed, true, true}, "done": {done, false, true},
	} {
		for token, want := range map[string]bool{old: c.old, fresh: c.fresh} {
			if got, generation, ok := c.codec.parse(token); ok != want || ok && (got != h || generation != 3) {
				t.Errorf("%s: parse = %v, want %v", name, ok, want)
			}
		}
	}
}

// Sessions outlive an upgrade: under one master key and one handle the refresh
// token and the sid are what every version has made.
func TestRefreshToken_FixedMasterKey_KnownAnswers(t *testing.T) {
	counting := make([]byte, 32)
	for n := range counting {
		counting[n] = byte(n)
	}
	master, err := keys.NewMasterKey(bytes.NewReader(counting))
	if err != nil {
		t.Fatal(err)
	}
	h := handle(counting[:handleSize])
	codec := newRefreshCodec(rand.Reader, master)
	if got, want := h.sessionID(), "otsBMb31QLqF-jJaoDBqxWUwfJ4"; got != want {
		t.Errorf("sid %s, want %s", got, want)
	}
	for generation, want := range map[int64]string{
		0: "sgr_AQABAgMEBQYHCAkKCwwNDg8AAAAAKh6paulrNG0TTDheWbs8KVmvrD_tAs-IK67Pi5wL_Ts", 7: "sgr_AQABAgMEBQYHCAkKCwwNDg8AAAAHmEdtunn0mKDkpQjcJzu_vm9KWFlythsjgexA2gdtWhI", maxGeneration: "sgr_AQABAgMEBQYHCAkKCwwNDg______7oq9HeVDpQY1uu5i_fNyUbU1s3kSPjosA7AzAq3FATo",
	} {
		if got := codec.token(h, generation); got != want {
			t.Errorf("generation %d: %s, want %s", generation, got, want)
		}
	}
}
