package authorization_test

import (
	"reflect"
	"testing"

	"example.org/signet/issuer/authorization"
)

// Z30: what a request asks for survives in a record; unknown claims are left out.
func TestClaims_RoundTripThroughRecord(t *testing.T) {
	r, refusal := decide(t, app(), with("claims", `{"userinfo":{"name":{"essential":true},"nickname":null,"email":null},"id_token":{"auth_time":{"essential":true},"sub":{"value":"x"}}}`))
	if refusal != nil {
		t.Fatal(refusal)
	}
	if name, asked := r.Claims.UserInfoClaim("name"); !asked || !name.Essential {
		t.Errorf("name: %+v, %t", name, asked)
	}
	if _, asked := r.Claims.UserInfoClaim("nickname"); asked {
		t.Error("an unknown claim is kept")
	}
	got, err := authorization.DecodeClaims(r.Claims.Encode())
	if err != nil || !reflect.DeepEqual(got.UserInfo, r.Claims.UserInfo) || !reflect.DeepEqual(got.IDToken, r.Claims.IDToken) {
		t.Errorf("%+v, %v", got, err)
	}
	if (authorization.Claims{}).Encode() != "" {
		t.Error("no claims take room in a record")
	}
}
