package issuer

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"example.org/signet/keys"
)

// MaxRoleBytes bounds what the roles of one user take of an access token, and
// MaxScopeBytes what the scopes of one client do: together with audiences of a usual
// length they fit into what readers take, keys.MaxToken.
const (
	MaxRoleBytes  = 3 << 10
	MaxScopeBytes = 2 << 10
)

// RoleBytes is how many bytes the names take in an access token: each is quoted and has a
// comma or a bracket.
func RoleBytes(names []string) int {
	n := 1
	for _, name := range names {
		n += len(name) + len(`"",`)
	}
	return n
}

// Bounds of what is not known yet, in bytes of the token's parts.
const (
	maxHeaderBytes = 150 // alg, kid and typ
	sessionIDChars = 27
	rsaSignature   = 512 // of the longest key
	shortSignature = 64  // ES256 and EdDSA
	lateTime       = int64(99_999_999_999)
	lateIndex      = int64(1) << 40 // a place in the status lists
)

var (
	longestTokenID   = strings.Repeat("x", base64.RawURLEncoding.EncodedLen(tokenIDBytes))
	longestSessionID = strings.Repeat("x", sessionIDChars)
	longestAMR       = []string{amrPassword}
)

var errTokenTooLong = newError(InvalidScope, "the access token would be too long for its readers: ask for fewer scopes, name one resource, or give the user fewer roles")

// checkSize refuses rights with which the access token would be longer than its readers
// take, before a session begins. The size is in the log.
func (t *tokenSigner) checkSize(req *grantRequest, who subject, r rights) error {
	signing, err := t.keyring.Current()
	if err != nil {
		return unavailable(err)
	}
	c := t.longestClaims(req, who, r)
	if tokenBytes(c.maxBytes(), signing.Alg()) <= keys.MaxToken {
		return nil
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return unavailable(err)
	}
	if n := tokenBytes(len(payload), signing.Alg()); n > keys.MaxToken {
		e := *errTokenTooLong
		e.Cause = fmt.Errorf("an access token of %d bytes, the bound is %d: the roles take %d, the scopes %d", n, keys.MaxToken, RoleBytes(c.Roles), len(c.Scope))
		return &e
	}
	return nil
}

// longestClaims are those of the access token with these rights, as long as they can be.
func (t *tokenSigner) longestClaims(req *grantRequest, who subject, r rights) accessClaims {
	c := accessClaims{
		Issuer: t.issuer, Subject: req.client.ID, Audience: r.audience, ClientID: req.client.ID, IssuedAt: lateTime, Expiry: lateTime,
		ID: longestTokenID, Scope: joinScope(r.scope), ClientEpoch: req.client.Epoch,
	}
	if who.user != nil {
		c.Subject, c.Roles, c.AuthTime = who.user.ID, who.user.Roles, lateTime
		c.ACR, c.AMR = acrOf(longestAMR), longestAMR
		c.SessionID, c.Status = longestSessionID, t.statusLists.Claim(lateIndex)
	}
	return c
}

// tokenBytes is the length of a token with a payload of so many bytes.
func tokenBytes(payload int, alg string) int {
	signature := shortSignature
	if alg == keys.RS256 || alg == keys.PS256 {
		signature = rsaSignature
	}
	enc := base64.RawURLEncoding
	return enc.EncodedLen(maxHeaderBytes) + enc.EncodedLen(payload) + enc.EncodedLen(signature) + len("..")
}

// maxBytes is at least the length of the claims as JSON: nearly every token is short enough by
// it, so that its claims are written once only.
func (c accessClaims) maxBytes() int {
	const (
		escaped = 6   // bytes of a character that JSON escapes, for each of its own
		fixed   = 512 // names, punctuation and numbers
		listed  = len(`"",`)
	)
	n := len(c.Issuer) + len(c.Subject) + len(c.ClientID) + len(c.ID) + len(c.Scope) + len(c.SessionID) + len(c.ACR)
	items := 0
	for _, list := range [][]string{c.Audience, c.Roles, c.AMR} {
		for _, text := range list {
			n, items = n+len(text), items+1
		}
	}
	if c.Status != nil {
		n += len(c.Status.List.URI)
	}
	return escaped*n + listed*items + fixed
}
