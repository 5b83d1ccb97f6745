package recovery_test

import (
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer/recovery"
)

func newCodes(t *testing.T) (codes, hashes []string) {
	t.Helper()
	codes, hashes, err := recovery.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return codes, hashes
}

func TestNew_TenDifferentCodesOf80Bits(t *testing.T) {
	codes, hashes := newCodes(t)
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)
	for _, c := range codes {
		if !form.MatchString(c) || !recovery.LooksLike(c) {
			t.Errorf("the code %q has another form", c)
		}
	}
	for _, all := range [][]string{codes, hashes} {
		if n := len(slices.Compact(slices.Sorted(slices.Values(all)))); n != recovery.Count {
			t.Errorf("%d different ones, want %d", n, recovery.Count)
		}
	}
	for n, h := range hashes {
		if strings.Contains(h, codes[n][:4]) && strings.Contains(h, codes[n][5:9]) {
			t.Errorf("the hash %s shows the code", h)
		}
	}
	if _, _, err := recovery.New(strings.NewReader("too little")); err == nil {
		t.Error("codes without randomness")
	}
}

func TestTake_EachCodeOnce(t *testing.T) {
	codes, left := newCodes(t)
	before := slices.Clone(left)
	for n, c := range codes {
		after, ok := recovery.Take(left, c)
		if !ok || len(after) != recovery.Count-n-1 {
			t.Fatalf("code %d: %v, %d left", n, ok, len(after))
		}
		left = after
		if _, again := recovery.Take(left, c); again {
			t.Errorf("code %d is taken twice", n)
		}
	}
	if _, ok := recovery.Take(before, codes[3]); !ok {
		t.Error("Take changed the list that it was given")
	}
}

func TestTake_AsPeopleType(t *testing.T) {
	codes, hashes := newCodes(t)
	c := codes[5]
	for _, typed := range []string{
		c, strings.ToLower(c), strings.ReplaceAll(c, "-", ""), strings.ReplaceAll(c, "-", " "), "  " + c + " ",
		strings.NewReplacer("0", "O", "1", "l").Replace(c),
	} {
		if _, ok := recovery.Take(hashes, typed); !ok {
			t.Errorf("%q is not taken for %q", typed, c)
		}
	}
	for _, typed := range []string{"", "123456", c[1:], c + "0", c[:len(c)-1] + "U", strings.Repeat("-", 100) + c, "\x00" + c} {
		if _, ok := recovery.Take(hashes, typed); ok {
			t.Errorf("%q is taken for %q", typed, c)
		}
	}
	if recovery.LooksLike("123 456") {
		t.Error("six digits look like a recovery code")
	}
}
