package password

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A password is the same however the keyboard composes its letters, and whatever space
// the keyboard has; width and case are not.
func TestVerify_OtherBytesOfTheSamePassword(t *testing.T) {
	pool, err := NewPool(Config{Argon2id: Argon2id{Memory: 64, Passes: 1, Parallelism: 1}})
	if err != nil {
		t.Fatal(err)
	}
	const composed, decomposed = "b\u00fccher wurm\u00e9", "bu\u0308cher wurme\u0301"
	for _, c := range []struct {
		set, typed string
		ok         bool
	}{
		{composed, decomposed, true}, {decomposed, composed, true}, {decomposed, decomposed, true},
		{composed, "b\u00fccher\u00a0wurm\u00e9", true}, {"a\u3000b sieben", "a b sieben", true},
		{"pass\uff57ord", "password", false}, {"B\u00dcCHER wurm", "b\u00fccher wurm", false}, {composed, "bucher wurme", false},
		{"\ufb01sch und chips", "fisch und chips", false}, // no compatibility mapping
	} {
		hash, err := pool.Hash(t.Context(), "", c.set)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := pool.Verify(t.Context(), "", hash, c.typed); err != nil || res.OK != c.ok || res.NeedsRehash {
			t.Errorf("set %+q, typed %+q: %+v, %v", c.set, c.typed, res, err)
		}
	}
}

// A hash of the raw form, from elsewhere or older, still counts, and is to be replaced.
func TestVerify_HashOfTheRawForm(t *testing.T) {
	pool, err := NewPool(Config{Argon2id: Argon2id{Memory: 64, Passes: 1, Parallelism: 1}})
	if err != nil {
		t.Fatal(err)
	}
	const raw = "bu\u0308cher wurm"
	hash, err := pool.scheme.hash(pool.random, raw)
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]Result{raw: {true, true}, norm.NFC.String(raw): {}, "bucher wurm": {}} {
		if res, err := pool.Verify(t.Context(), "", hash, typed); err != nil || res != want {
			t.Errorf("typed %+q: %+v, %v; want %+v", typed, res, err, want)
		}
	}
}

// What a refusal costs depends on what was typed, never on whether or how a hash is there.
func TestVerify_BothForms_CostTheSameInEveryBranch(t *testing.T) {
	pool, err := NewPool(Config{Argon2id: Argon2id{Memory: 64, Passes: 1, Parallelism: 1}})
	if err != nil {
		t.Fatal(err)
	}
	counted := &countingScheme{scheme: pool.scheme}
	pool.scheme = counted
	imported := mustBcrypt(t)
	for typed, want := range map[string]int{"wrong horse": 1, "wr\u00f6ng horse": 1, "wro\u0308ng horse": 2} {
		for name, check := range map[string]func() error{
			"unknown user": func() error { return pool.VerifyDummy(t.Context(), "", typed) },
			"no password":  func() error { _, err := pool.Verify(t.Context(), "", "", typed); return err },
			"imported":     func() error { _, err := pool.Verify(t.Context(), "", imported, typed); return err },
		} {
			counted.dummies = 0
			before := pool.Evaluations()
			if err := check(); err != nil || counted.dummies != want || pool.Evaluations() != before+1 {
				t.Errorf("%s, %+q: %d evaluations, want %d; %d slots, %v", name, typed, counted.dummies, want, pool.Evaluations()-before, err)
			}
		}
	}
	if n := len(candidates("wro\u0308ng horse")); n != 2 {
		t.Errorf("a user with a hash costs %d", n)
	}
}

func FuzzPrepare(f *testing.F) {
	for _, s := range []string{"", "a", "bu\u0308cher", "\u3000", "\u1100\u1161", "\U0001F468\u200d\U0001F469"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		once := prepare(s)
		if prepare(once) != once || candidates(s)[0] != once {
			t.Errorf("%+q: %+q, then %+q", s, once, prepare(once))
		}
	})
}
