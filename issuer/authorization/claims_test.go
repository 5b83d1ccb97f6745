package authorization_test

import (
	"slices"
	"testing"

	"example.org/signet/issuer/authorization"
)

// Z30: what a request asks for is read, by the member that asks; what can be no claim is left out.
// Names that may be an attribute's are kept.
func TestClaims_KnownOnesAreKept(t *testing.T) {
	r, refusal := decide(t, app(), with("claims", `{"userinfo":{"name":{"essential":true},"nick#de":null,"department":null,"a.$b":null,"__proto__":null,"email":null},"id_token":{"auth_time":{"essential":true},"sub":{"value":"x"}}}`))
	if refusal != nil {
		t.Fatal(refusal)
	}
	find := func(name string) func(authorization.Claim) bool {
		return func(c authorization.Claim) bool { return c.Name == name }
	}
	if n := slices.IndexFunc(r.Claims.UserInfo, find("name")); n < 0 || !r.Claims.UserInfo[n].Essential {
		t.Errorf("%+v", r.Claims.UserInfo)
	}
	for _, name := range []string{"nick#de", "a.$b", "__proto__"} {
		if slices.ContainsFunc(r.Claims.UserInfo, find(name)) {
			t.Errorf("%s is kept", name)
		}
	}
	if sub, asked := r.Claims.IDTokenClaim("sub"); !asked || sub.Value != "x" || len(r.Claims.IDToken) != 2 || len(r.Claims.UserInfo) != 3 {
		t.Errorf("%+v", r.Claims)
	}
}
