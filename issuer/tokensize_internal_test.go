package issuer

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.org/signet/issuer/status"
)

// The bound by which most tokens are found to be short enough is never below their length.
func TestMaxBytes_IsNeverTooFew(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[<>&"\\\x00-\x1f\x{2028}]{0,40}`), rapid.StringN(0, 300, -1))
	list := rapid.SliceOfN(text, 0, 20)
	number := rapid.Int64()
	check := func(c accessClaims) {
		payload, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if len(payload) > c.maxBytes() {
			t.Errorf("%d bytes, the bound is %d: %s", len(payload), c.maxBytes(), payload)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := accessClaims{
			Issuer: text.Draw(t, "iss"), Subject: text.Draw(t, "sub"), Audience: list.Draw(t, "aud"), ClientID: text.Draw(t, "client"),
			Expiry: number.Draw(t, "exp"), IssuedAt: number.Draw(t, "iat"), NotBefore: number.Draw(t, "nbf"), ID: text.Draw(t, "jti"),
			Scope: text.Draw(t, "scope"), SessionID: text.Draw(t, "sid"), Roles: list.Draw(t, "roles"), AuthTime: number.Draw(t, "auth_time"),
			ACR: text.Draw(t, "acr"), AMR: list.Draw(t, "amr"), ClientEpoch: number.Draw(t, "epoch"),
		}
		if rapid.Bool().Draw(t, "status") {
			c.Status = &status.Claim{List: status.Reference{Index: number.Draw(t, "idx"), URI: text.Draw(t, "uri")}}
		}
		check(c)
	})
	const least = -1 << 63
	check(accessClaims{Expiry: least, IssuedAt: least, NotBefore: least, AuthTime: least, ClientEpoch: least, Status: &status.Claim{List: status.Reference{Index: least}},
		SessionID: "x", ACR: "x", AMR: []string{"x"}, Roles: strings.Split(strings.Repeat(",", 99), ","), Audience: audience{"", ""}})
}
