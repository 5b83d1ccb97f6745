package issuer

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// Z19, Z30, Z32: what an authorization request may have. What may not be had is left out.
func TestAuthorizationRights(t *testing.T) {
	client := storage.Client{
		Grants: []string{GrantAuthorizationCode, GrantRefreshToken}, Scopes: []string{"openid", "email", "read", "write"}, Audiences: []string{"urn:a", "https://b.example"},
	}
	editor, plain := storage.User{Roles: []string{"editor"}}, storage.User{}
	both := client.Audiences
	named := authorization.Claims{
		UserInfo: []authorization.Claim{{Name: "email"}, {Name: "name"}, {Name: "sub"}}, IDToken: []authorization.Claim{{Name: "email"}, {Name: "acr"}},
	}
	for name, tt := range map[string]struct {
		user     storage.User
		scopes   []string
		resource string
		claims   authorization.Claims
		want     authorizationRights
		err      error
	}{
		"nothing named":                 {user: editor, want: authorizationRights{Scopes: client.Scopes, Audience: both, Shown: client.Scopes}},
		"nothing named, no role":        {user: plain, want: authorizationRights{Scopes: []string{"openid", "email", "read"}, Audience: both, Shown: []string{"openid", "email", "read"}}},
		"in the order asked":            {user: editor, scopes: []string{"write", "openid"}, want: authorizationRights{Scopes: []string{"write", "openid"}, Audience: both, Shown: []string{"write", "openid"}}},
		"unknown and not allowed":       {user: plain, scopes: []string{"x", "phone", "write", "read"}, want: authorizationRights{Scopes: []string{"read"}, Audience: both, Shown: []string{"read"}}},
		"offline_access":                {user: plain, scopes: []string{"read", "offline_access"}, want: authorizationRights{Scopes: []string{"read", "offline_access"}, Audience: both, Shown: []string{"read", "offline_access"}}},
		"nothing left":                  {user: plain, scopes: []string{"x", "write"}, err: errNoScopeLeft},
		"a resource":                    {user: plain, scopes: []string{"read"}, resource: "https://b.example/", want: authorizationRights{Scopes: []string{"read"}, Audience: []string{"https://b.example"}, Shown: []string{"read"}}},
		"an unknown resource":           {user: plain, resource: "https://c.example", err: errTargetOfClient},
		"a relative resource":           {user: plain, resource: "b", err: errTargetForm},
		"a resource with fragment":      {user: plain, resource: "https://b.example#x", err: errTargetForm},
		"claims, as far as it may read": {user: plain, scopes: []string{"openid"}, claims: named, want: authorizationRights{Scopes: []string{"openid"}, Audience: both, Claims: []string{"userinfo/email", "id_token/email"}, Shown: []string{"openid", "email"}}},
	} {
		got, err := newTestPipeline().authorizationRights(t.Context(), authorizationAsk{
			Client: client, User: tt.user, Scopes: tt.scopes, Resource: tt.resource, Claims: tt.claims,
		})
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: error %v, want %v", name, err, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if len(client.Scopes) != 4 || client.Scopes[3] != "write" {
		t.Errorf("the scopes of the client became %v", client.Scopes)
	}
}

// Each claim that can be asked for by name is one that the claims parameter knows, and that
// userClaims gives.
func TestClaimScopes_AreComplete(t *testing.T) {
	verified := true
	u := storage.User{Username: "alice", FullName: "Alice", Email: "a@example.org", EmailVerified: verified, Phone: "1", Roles: []string{"user"}}
	for name := range claimScopes {
		if got := userClaims(u, func(n string) bool { return n == name }); cmp.Equal(got, UserClaims{}) && name != "updated_at" {
			t.Errorf("%s gives nothing", name)
		}
		if scope := scopeOfClaim(claimsOfUserInfo+name, nil); !StandardScope(scope) {
			t.Errorf("%s belongs to the scope %q", name, scope)
		}
	}
	if got := userClaims(u, func(string) bool { return false }); !cmp.Equal(got, UserClaims{}) {
		t.Errorf("nothing asked for gives %+v", got)
	}
}
