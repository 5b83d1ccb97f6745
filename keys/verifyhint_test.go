package keys_test

import (
	"errors"
	"testing"
	"time"

	"example.org/signet/keys"
)

// O07: a hint counts after its key was retired, and after it left the JWKS, for as long as
// the record of the key is kept.
func TestVerifyHint_KeyLeftTheJWKS_IsAccepted(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	kid, token := active(t, m), sign(t, m)
	rotate(t, m, true)
	if info(t, m, kid).State != keys.Retired {
		t.Fatal("the key is not retired")
	}
	expectHint(t, m, token, true)

	c.Advance(cfg.Retention() + time.Second)
	refresh(t, m)
	if info(t, m, kid).State != keys.Expired {
		t.Fatal("the key is still published")
	}
	if _, _, err := m.Verify(t.Context(), token); !errors.Is(err, keys.ErrInvalidToken) {
		t.Errorf("Verify of a token whose key has expired: %v", err)
	}
	expectHint(t, m, token, true)
	expectHint(t, m, token[:len(token)-4]+"AAAA", false)
}

func TestVerifyHint_RevokedKey_IsRefused(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	kid, token := active(t, m), sign(t, m)
	rotate(t, m, true)
	if err := m.Revoke(t.Context(), kid, keys.Change{}); err != nil {
		t.Fatal(err)
	}
	expectHint(t, m, token, false)
	c.Advance(cfg.Retention() + time.Second)
	refresh(t, m)
	expectHint(t, m, token, false)
}

func expectHint(t *testing.T, m *keys.Manager, token string, want bool) {
	t.Helper()
	_, _, err := m.VerifyHint(t.Context(), token)
	if want && err != nil || !want && !errors.Is(err, keys.ErrInvalidToken) {
		t.Errorf("the hint counts: want %v, got %v", want, err)
	}
}
