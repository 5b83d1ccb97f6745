package issuer

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// J18: a name in another case, or one that folds to a claim's, has no effect.
func TestClaimNamesAreExact(t *testing.T) {
	want := accessClaims{Issuer: "https://id.example.org", Expiry: 1, Scope: "a"}
	for _, extra := range []string{"", `,"Exp":99`, `,"EXP":99`, `,"ISS":"x"`, `,"\u017fcope":"admin"`, `,"\u017fub":"admin"`} {
		got, ok := parseClaims([]byte(`{"iss":"https://id.example.org","exp":1,"scope":"a"` + extra + `}`))
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("with %s: %t %s", extra, ok, diff)
		}
	}
	for _, bad := range []string{`[]`, `"exp"`, `{"exp":"1"}`, `{"exp":1e308}`, `{"aud":1}`, `{"roles":"admin"}`} {
		if c, ok := parseClaims([]byte(bad)); ok {
			t.Errorf("parseClaims(%s) = %+v", bad, c)
		}
	}
}

// What is signed is read back whole.
func TestClaimsRoundTrip(t *testing.T) {
	want := accessClaims{
		Issuer: "i", Subject: "s", Audience: audience{"a", "b"}, ClientID: "c", Expiry: 1, IssuedAt: 2, NotBefore: 3,
		ID: "j", Scope: "x y", SessionID: "sid", Roles: []string{"r"}, AuthTime: 4,
	}
	payload, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := parseClaims(payload); !ok || !cmp.Equal(got, want) {
		t.Errorf("read back %+v", got)
	}
}
