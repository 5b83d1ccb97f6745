package issuer

import (
	"strconv"
	"testing"
)

// The cache is bounded, and returns what was just put in.
func TestVerifiedTokenCacheIsBounded(t *testing.T) {
	c := newVerifiedTokenCache()
	for name, put := range map[string]func(string, verifiedToken){"issued": c.putIssued, "verified": c.putVerified} {
		for n := range maxVerifiedTokens + 100 {
			token := name + strconv.Itoa(n)
			put(token, verifiedToken{kid: token})
			if got, ok := c.get(token); !ok || got.kid != token {
				t.Fatalf("token %s is not cached", token)
			}
		}
	}
	for name, tokens := range map[string]*tokenClaims{"issued": c.issued, "verified": c.verified} {
		if n := tokens.Len(); n != maxVerifiedTokens {
			t.Errorf("%d %s tokens are cached, want %d", n, name, maxVerifiedTokens)
		}
	}
	if _, ok := c.get("another"); ok {
		t.Error("a token that nobody put in is returned")
	}
}

// Tokens that are issued and never asked about leave those alone that are asked again.
func TestVerifiedTokenCache_IssuedTokensDisplaceNone(t *testing.T) {
	c := newVerifiedTokenCache()
	for n := range maxVerifiedTokens {
		c.putVerified(strconv.Itoa(n), verifiedToken{kid: "verified"})
	}
	for n := range 2 * maxVerifiedTokens {
		c.putIssued("issued"+strconv.Itoa(n), verifiedToken{kid: "issued"})
	}
	for n := range maxVerifiedTokens {
		if got, ok := c.get(strconv.Itoa(n)); !ok || got.kid != "verified" {
			t.Fatalf("token %d was displaced", n)
		}
	}
}
