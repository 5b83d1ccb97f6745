package issuer

import (
	"crypto/rand"
	"math"
	"strings"
	"testing"

	"example.org/signet/keys"
)

func newMaster(t testing.TB) keys.MasterKey {
	t.Helper()
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return master
}

func drawHandle(t testing.TB) handle {
	t.Helper()
	h, err := newHandle(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// C05: a code has at least 128 bits, is safe in a URL, short, and never drawn twice.
func TestCode_IsLongEnoughAndURLSafe(t *testing.T) {
	codes, seen, counts := newCodeCodec(rand.Reader, newMaster(t)), map[string]bool{}, map[rune]int{}
	total := 0
	for range 2000 {
		code := codes.code(drawHandle(t))
		if len(code) > 128 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Fatalf("%q is longer than 128 characters or not safe in a URL", code)
		}
		if seen[code] {
			t.Fatal("a code was drawn twice")
		}
		seen[code] = true
		for _, c := range code {
			counts[c]++
			total++
		}
	}
	entropy := 0.0
	for _, n := range counts {
		p := float64(n) / float64(total)
		entropy -= p * math.Log2(p)
	}
	if bits := entropy * float64(codeLength); bits < 128 {
		t.Errorf("a code has %.0f bits of entropy by its characters, want at least 128", bits)
	}
}

// E08: a code of an instance of the version before is redeemed at one of this version.
func TestCode_OfTheFirstRelease_IsRead(t *testing.T) {
	const text = "sgc_AXNpeHRlZW4gb2YgYnl0ZXM0laSJ29wO2tKR6ziPxjAu86zqNODaPSEO7-ablYas1A"
	master, err := keys.NewMasterKey(strings.NewReader("a master key of thirty-two bytes, and some more that nobody reads"))
	if err != nil {
		t.Fatal(err)
	}
	codes, want := newCodeCodec(rand.Reader, master), handle([]byte("sixteen of bytes"))
	if got, ok := codes.parse(text); !ok || got != want {
		t.Errorf("%q %t", got, ok)
	}
	if got := codes.code(want); got != text {
		t.Errorf("made: %s", got)
	}
}

func TestCode_ReadsBack(t *testing.T) {
	codes, h := newCodeCodec(rand.Reader, newMaster(t)), drawHandle(t)
	if got, ok := codes.parse(codes.code(h)); !ok || got != h {
		t.Error("a genuine code is not read back")
	}
}

// A code and a refresh token of one session have the same handle, and neither passes as the
// other, whatever is done to its form.
func TestCode_IsNoRefreshToken(t *testing.T) {
	master, h := newMaster(t), drawHandle(t)
	codes, tokens := newCodeCodec(rand.Reader, master), newRefreshCodec(rand.Reader, master)
	code, token := codes.code(h), tokens.token(h, 0)
	for _, s := range []string{code, refreshPrefix + code[len(codePrefix):]} {
		if _, _, ok := tokens.parse(s); ok {
			t.Errorf("%q passes as a refresh token", s)
		}
	}
	for _, s := range []string{token, codePrefix + token[len(refreshPrefix):], codePrefix + token[len(refreshPrefix):][:codeLength-len(codePrefix)]} {
		if _, ok := codes.parse(s); ok {
			t.Errorf("%q passes as a code", s)
		}
	}
}

func TestCode_OtherMasterKeyIsAccepted(t *testing.T) {
	old, next, foreign := newMaster(t), newMaster(t), newMaster(t)
	code := newCodeCodec(rand.Reader, old).code(drawHandle(t))
	if _, ok := newCodeCodec(rand.Reader, next, old).parse(code); !ok {
		t.Error("a code of the other master key is refused")
	}
	if _, ok := newCodeCodec(rand.Reader, next, foreign).parse(code); ok {
		t.Error("a code of a foreign master key is accepted")
	}
}

// Every single bit that is changed makes a code not genuine, and so does every length.
func TestCode_AlteredIsNotGenuine(t *testing.T) {
	codes := newCodeCodec(rand.Reader, newMaster(t))
	code := codes.code(drawHandle(t))
	for n := range len(code) {
		for bit := range 8 {
			altered := []byte(code)
			altered[n] ^= 1 << bit
			if _, ok := codes.parse(string(altered)); ok {
				t.Fatalf("bit %d of character %d changed, and the code is genuine", bit, n)
			}
		}
		if _, ok := codes.parse(code[:n]); ok {
			t.Fatalf("%d characters pass as a code", n)
		}
	}
	for _, s := range []string{code + "A", code + "=", " " + code, strings.ToUpper(code), ""} {
		if _, ok := codes.parse(s); ok {
			t.Errorf("%q passes as a code", s)
		}
	}
}

func FuzzCodeParse(f *testing.F) {
	codes := newCodeCodec(rand.Reader, newMaster(f))
	h := handle{1, 2, 3}
	f.Add(codes.code(h))
	f.Add("sgc_")
	f.Add("sgr_" + strings.Repeat("A", 66))
	f.Fuzz(func(t *testing.T, s string) {
		if got, ok := codes.parse(s); ok && (got != h || s != codes.code(h)) {
			t.Fatalf("%q is taken for genuine, but is not what was issued", s)
		}
	})
}
