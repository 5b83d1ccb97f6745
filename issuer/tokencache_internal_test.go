package issuer

import (
	"strconv"
	"testing"
)

// The cache of verified tokens is bounded, and returns what was just put in.
func TestVerifiedTokenCacheIsBounded(t *testing.T) {
	c := newVerifiedTokenCache()
	for n := range maxVerifiedTokens + 100 {
		token := strconv.Itoa(n)
		c.put(token, verifiedToken{kid: token})
		if got, ok := c.get(token); !ok || got.kid != token {
			t.Fatalf("token %d is not cached", n)
		}
	}
	if c.tokens.Len() != maxVerifiedTokens {
		t.Errorf("%d tokens are cached, want %d", c.tokens.Len(), maxVerifiedTokens)
	}
	if _, ok := c.get("another"); ok {
		t.Error("a token that nobody put in is returned")
	}
}
