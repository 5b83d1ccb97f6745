package issuer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/attribute"
)

// withAttributes gives alice two attributes: department by the scope items:read, and floor, that
// no scope gives.
func (f *fixture) withAttributes() *fixture {
	f.t.Helper()
	user, text, scope, claim := attribute.User, attribute.TypeString, "items:read", "department"
	_, err := f.operator().Attributes().Create(f.ctx, "dept", admin.AttributeChange{Type: &text, Readers: &user, Claim: &claim, Scope: &scope})
	must(f.t, err)
	_, err = f.operator().Attributes().Create(f.ctx, "floor", admin.AttributeChange{Type: &text, Readers: &user})
	must(f.t, err)
	f.setAttributes(attribute.Change{"dept": "<Sales>", "floor": "3"})
	return f
}

func (f *fixture) setAttributes(c attribute.Change) {
	f.t.Helper()
	_, err := f.operator().Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Attributes: &c})
	must(f.t, err)
}

// userInfo is the answer as it is written.
func (f *fixture) userInfo(accessToken string) (claims map[string]any) {
	f.t.Helper()
	info, err := f.UserInfo(f.ctx, issuer.Secret(accessToken))
	must(f.t, err)
	body, err := info.Body()
	must(f.t, err)
	text, err := json.Marshal(body)
	must(f.t, err)
	must(f.t, json.Unmarshal(text, &claims))
	return claims
}

func (f *fixture) loginFor(scope string) issuer.TokenResponse {
	f.t.Helper()
	r, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass, Scope: scope, Info: f.info})
	must(f.t, err)
	return r
}

func TestAttributeClaims_ComeWithTheirScope(t *testing.T) {
	f := newFixture(t).withAlice().withAttributes()
	for scope, want := range map[string]any{"openid items:read": "<Sales>", "openid profile email": nil} {
		r := f.loginFor(scope)
		_, id := claimsOf(t, r.IDToken)
		_, access := claimsOf(t, r.AccessToken)
		info := f.userInfo(r.AccessToken)
		if id["department"] != want || info["department"] != want {
			t.Errorf("%s: department is %v in the ID token, %v at userinfo, want %v", scope, id["department"], info["department"], want)
		}
		for where, claims := range map[string]map[string]any{"access token": access, "ID token": id, "userinfo": info} {
			for _, name := range []string{"dept", "floor", "attributes"} {
				if claims[name] != nil {
					t.Errorf("%s: the %s has %s", scope, where, name)
				}
			}
		}
		if access["department"] != nil {
			t.Errorf("%s: the access token has the claim", scope)
		}
		if claims, _ := claimsOf(t, r.IDToken); claims == nil || id["sub"] != info["sub"] || id["aud"] != "web" {
			t.Errorf("%s: the other claims are %v", scope, id)
		}
	}
}

func TestAttributeClaims_EndWithTheDefinition(t *testing.T) {
	f := newFixture(t).withAlice().withAttributes()
	r := f.loginFor("openid items:read")
	short := int64(3)
	_, err := f.operator().Attributes().Update(f.ctx, "dept", admin.AttributeChange{MaxLength: &short})
	must(t, err)
	if got := f.userInfo(r.AccessToken)["department"]; got != nil {
		t.Errorf("a value that does not fit is given: %v", got)
	}
	long := int64(30)
	_, err = f.operator().Attributes().Update(f.ctx, "dept", admin.AttributeChange{MaxLength: &long})
	must(t, err)
	if got := f.userInfo(r.AccessToken)["department"]; got != "<Sales>" {
		t.Errorf("a value that fits again is %v", got)
	}
	must(t, f.operator().Attributes().Delete(f.ctx, "dept"))
	if got := f.userInfo(r.AccessToken)["department"]; got != nil {
		t.Errorf("the value of a deleted attribute is given: %v", got)
	}
	if claims, scopes, err := f.AttributeClaims(f.ctx); err != nil || len(claims)+len(scopes) != 0 {
		t.Errorf("claims %v, scopes %v, %v", claims, scopes, err)
	}
}

// An ID token does not grow past what its readers take: userinfo has the rest.
func TestAttributeClaims_LeaveAnIDTokenShort(t *testing.T) {
	f := newFixture(t).withAlice().withAttributes()
	user, text, scope, most := attribute.User, attribute.TypeString, "items:read", int64(2048)
	for n := range 3 {
		claim := fmt.Sprint("long", n)
		_, err := f.operator().Attributes().Create(f.ctx, claim, admin.AttributeChange{Type: &text, Readers: &user, Claim: &claim, Scope: &scope, MaxLength: &most})
		must(t, err)
		f.setAttributes(attribute.Change{claim: strings.Repeat("x", 2000)})
	}
	r := f.loginFor("openid items:read")
	if _, id := claimsOf(t, r.IDToken); id["department"] != nil || id["long0"] != nil || len(r.IDToken) > 2000 {
		t.Errorf("an ID token of %d bytes", len(r.IDToken))
	}
	if info := f.userInfo(r.AccessToken); info["department"] != "<Sales>" || info["long2"] == nil {
		t.Error("userinfo has less than all")
	}
}

// The schema is cached: neither a refresh nor an introspection nor userinfo reads it again.
func TestAttributeClaims_CostNoRead(t *testing.T) {
	f := newFixture(t).withAlice()
	cost := func() (costs []int64) {
		r := f.loginFor("openid items:read")
		f.userInfo(r.AccessToken)
		for _, call := range []func(){
			func() { f.userInfo(r.AccessToken) },
			func() { f.introspect("api", r.AccessToken) },
			func() { r = f.mustRefresh(r.RefreshToken) },
		} {
			f.store.reset()
			call()
			costs = append(costs, f.store.reads.Load(), f.store.writes.Load())
		}
		return costs
	}
	cost() // fills the caches of clients and roles
	before := cost()
	f.withAttributes()
	if after := cost(); !slices.Equal(before, after) {
		t.Errorf("reads and writes were %v, with attributes %v", before, after)
	}
}
