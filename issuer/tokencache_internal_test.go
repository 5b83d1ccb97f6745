package issuer

import (
	"strconv"
	"testing"
)

// The cache of verified tokens is bounded, and returns what was just put in.
func TestVerifiedTokenCacheIsBounded(t *testing.T) {
	r := newVerifiedTokenCache()
	for n := range maxVerifiedTokens + 100 {
		token := strconv.Itoa(n)
		r.put(token, verifiedToken{kid: token})
		if got, ok := r.get(token); !ok || got.kid != token {
			t.Fatalf("token %d is not cached", n)
		}
	}
	if r.tokens.Len() != maxVerifiedTokens {
		t.Errorf("%d tokens are cached, want %d", r.tokens.Len(), maxVerifiedTokens)
	}
	if _, ok := r.get("another"); ok {
		t.Error("a token that nobody put in is returned")
	}
}
