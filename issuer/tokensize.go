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

var errTokenTooLong = newError(InvalidScope, "the access token would be too long for its readers: ask for fewer scopes, name one resource, or give the user fewer roles")

// checkSize refuses rights with which the access token would be longer than its readers
// take, before a session begins. The size is in the log.
func (t *tokenSigner) checkSize(req *grantRequest, who subject, r rights) error {
	c := accessClaims{
		Issuer: t.issuer, Subject: req.client.ID, Audience: r.audience, ClientID: req.client.ID, IssuedAt: lateTime, Expiry: lateTime,
		ID: strings.Repeat("x", base64.RawURLEncoding.EncodedLen(tokenIDBytes)), Scope: joinScope(r.scope), ClientEpoch: req.client.Epoch,
	}
	if who.user != nil {
		c.Subject, c.Roles, c.AuthTime = who.user.ID, who.user.Roles, lateTime
		c.ACR, c.AMR = acrOf([]string{amrPassword}), []string{amrPassword}
		c.SessionID, c.Status = strings.Repeat("x", sessionIDChars), t.statusLists.Claim(lateIndex)
	}
	signing, err := t.keyring.Current()
	if err != nil {
		return unavailable(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return unavailable(err)
	}
	signature := shortSignature
	if alg := signing.Alg(); alg == keys.RS256 || alg == keys.PS256 {
		signature = rsaSignature
	}
	n := 2
	for _, part := range []int{maxHeaderBytes, len(payload), signature} {
		n += base64.RawURLEncoding.EncodedLen(part)
	}
	if n > keys.MaxToken {
		e := *errTokenTooLong
		e.Cause = fmt.Errorf("an access token of %d bytes, the bound is %d: the roles take %d, the scopes %d", n, keys.MaxToken, RoleBytes(c.Roles), len(c.Scope))
		return &e
	}
	return nil
}
