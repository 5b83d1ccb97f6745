package password

import (
	"context"
	"testing"
)

// countingScheme counts the evaluations against nothing of the scheme it wraps.
type countingScheme struct {
	scheme
	dummies int
}

func (s *countingScheme) hashDummy(string) { s.dummies++ }

// A refusal of a cheap imported hash takes the time of a new hash too: nobody learns
// from it which accounts were imported.
func TestVerify_WrongPasswordForImportedHash_CostsANewHashToo(t *testing.T) {
	pool, err := NewPool(Config{Argon2id: Argon2id{Memory: 64, Passes: 1, Parallelism: 1}})
	if err != nil {
		t.Fatal(err)
	}
	current, err := pool.Hash(t.Context(), "", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	counted := &countingScheme{scheme: pool.scheme}
	pool.scheme = counted
	imported := mustBcrypt(t)
	for _, c := range []struct {
		hash, password string
		ok             bool
		dummies        int
	}{
		{current, "wrong horse", false, 0},
		{current, "correct horse", true, 0},
		{imported, "wrong horse", false, 1},
		{"", "wrong horse", false, 1},
	} {
		counted.dummies = 0
		before := pool.Evaluations()
		res, err := pool.Verify(context.Background(), "", c.hash, c.password)
		if err != nil || res.OK != c.ok {
			t.Errorf("%.10q, %s: %+v, %v", c.hash, c.password, res, err)
		}
		if counted.dummies != c.dummies || pool.Evaluations() != before+1 {
			t.Errorf("%.10q, %s: %d evaluations against nothing, want %d; %d slots", c.hash, c.password, counted.dummies, c.dummies, pool.Evaluations()-before)
		}
	}
}

func mustBcrypt(t *testing.T) string {
	t.Helper()
	pool, err := NewPool(Config{Scheme: SchemeBcrypt, Bcrypt: Bcrypt{Cost: 10}})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := pool.Hash(t.Context(), "", "old horse")
	if err != nil {
		t.Fatal(err)
	}
	return hash
}
