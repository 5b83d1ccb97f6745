package issuer

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// listRoles is a store of roles that cannot change.
type listRoles struct {
	storage.Roles
	list []storage.Role
}

func (s listRoles) ListRoles(context.Context) ([]storage.Role, error) { return s.list, nil }

// policyGrant is a grant of which only the policy is asked.
type policyGrant struct {
	grant
	declared scopePolicy
}

func (g policyGrant) policy() scopePolicy { return g.declared }

func newTestPipeline() *pipeline {
	roles := listRoles{list: []storage.Role{{Name: "editor", Scopes: []string{"write"}}}}
	return &pipeline{issuer: "https://id.example.org", roles: role.NewCache(roles, 0, time.Now)}
}

// One computation serves every grant: what differs is the policy.
func TestRights_FollowThePolicy(t *testing.T) {
	var (
		client  = scopePolicy{}
		login   = scopePolicy{user: true}
		refresh = scopePolicy{user: true, session: true}
		editor  = &storage.User{Roles: []string{"editor"}}
		plain   = &storage.User{}
		all     = []string{"openid", "read", "write"}
		session = &storage.Session{Scopes: []string{"read", "write", "openid"}, Audience: []string{"urn:a", "gone"}}
	)
	for name, tt := range map[string]struct {
		policy    scopePolicy
		user      *storage.User
		session   *storage.Session
		requested []string
		resource  string
		want      rights
	}{
		"client, all":              {policy: client, want: rights{scope: []string{"read", "write"}, audience: []string{"urn:a", "urn:b"}, denied: []string{"openid"}}},
		"client, some":             {policy: client, requested: []string{"write"}, resource: "urn:b", want: rights{scope: []string{"write"}, audience: []string{"urn:b"}}},
		"login, all":               {policy: login, user: editor, want: rights{scope: all, audience: []string{"urn:a", "urn:b"}}},
		"login, in its own order":  {policy: login, user: editor, requested: []string{"write", "openid"}, want: rights{scope: []string{"write", "openid"}, audience: []string{"urn:a", "urn:b"}}},
		"login, without the role":  {policy: login, user: plain, requested: []string{"write", "read"}, want: rights{scope: []string{"read"}, audience: []string{"urn:a", "urn:b"}, denied: []string{"write"}}},
		"refresh, all":             {policy: refresh, user: editor, session: session, want: rights{scope: session.Scopes, audience: []string{"urn:a"}, deniedAudiences: []string{"gone"}}},
		"refresh, narrowed":        {policy: refresh, user: editor, session: session, requested: []string{"openid", "read"}, resource: "urn:a", want: rights{scope: []string{"read", "openid"}, audience: []string{"urn:a"}, deniedAudiences: []string{"gone"}}},
		"refresh, role lost":       {policy: refresh, user: plain, session: session, want: rights{scope: []string{"read", "openid"}, audience: []string{"urn:a"}, denied: []string{"write"}, deniedAudiences: []string{"gone"}}},
		"refresh, narrowed, lost":  {policy: refresh, user: plain, session: session, requested: []string{"openid", "write"}, want: rights{scope: []string{"openid"}, audience: []string{"urn:a"}, denied: []string{"write"}, deniedAudiences: []string{"gone"}}},
		"refresh, scope taken":     {policy: refresh, user: editor, session: &storage.Session{Scopes: []string{"read", "old"}, Audience: []string{"urn:a"}}, want: rights{scope: []string{"read"}, audience: []string{"urn:a"}, denied: []string{"old"}}},
		"refresh, audience taken":  {policy: refresh, user: editor, session: &storage.Session{Scopes: all, Audience: []string{"gone"}}, want: rights{scope: all, audience: []string{}, deniedAudiences: []string{"gone"}}},
		"refresh, never widened":   {policy: refresh, user: editor, session: &storage.Session{Scopes: []string{"read"}, Audience: []string{"urn:a"}}, want: rights{scope: []string{"read"}, audience: []string{"urn:a"}}},
		"refresh, other audience":  {policy: refresh, user: editor, session: session, resource: "urn:b", want: rights{scope: session.Scopes, audience: []string{}, deniedAudiences: []string{"gone"}}},
		"refresh, emptied session": {policy: refresh, user: editor, session: &storage.Session{Audience: []string{"urn:a"}}, want: rights{audience: []string{"urn:a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			req := &grantRequest{
				TokenRequest: TokenRequest{Resource: tt.resource}, grant: policyGrant{declared: tt.policy}, requested: tt.requested,
				client: storage.Client{Scopes: all, OwnScopes: []string{"write"}, OwnRank: 1, Audiences: []string{"urn:a", "urn:b"}},
			}
			got, err := newTestPipeline().rights(t.Context(), req, subjectOf(tt.user, tt.session))
			if err != nil {
				t.Fatal(err)
			}
			same := cmp.Comparer(func(a, b []string) bool { return joinScope(a) == joinScope(b) })
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(rights{}), same); diff != "" {
				t.Errorf("rights (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBounds_RefuseMore(t *testing.T) {
	c := storage.Client{Scopes: []string{"openid", "read"}, Audiences: []string{"urn:a"}}
	s := storage.Session{Scopes: []string{"read"}, Audience: []string{"urn:a"}}
	for name, tt := range map[string]struct {
		bounds    bounds
		requested []string
		resource  string
		want      error
	}{
		"client, nothing asked":        {clientBounds(c, "urn:issuer"), nil, "", nil},
		"client, within":               {clientBounds(c, "urn:issuer"), []string{"read"}, "urn:a", nil},
		"client, another scope":        {clientBounds(c, "urn:issuer"), []string{"read", "write"}, "urn:a", errScopeOfClient},
		"client, another resource":     {clientBounds(c, "urn:issuer"), nil, "urn:issuer", errTargetOfClient},
		"client without audiences":     {clientBounds(storage.Client{}, "urn:issuer"), nil, "urn:issuer", nil},
		"session, within":              {sessionBounds(s), []string{"read"}, "urn:a", nil},
		"session, wider than granted":  {sessionBounds(s), []string{"read", "openid"}, "", errScopeOfSession},
		"session, another resource":    {sessionBounds(s), nil, "urn:b", errTargetOfSession},
		"session without an audience":  {sessionBounds(storage.Session{}), nil, "urn:issuer", errTargetOfSession},
		"session, scope before target": {sessionBounds(s), []string{"x"}, "urn:b", errScopeOfSession},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.bounds.check(&grantRequest{TokenRequest: TokenRequest{Resource: tt.resource}, requested: tt.requested})
			if !errors.Is(err, tt.want) {
				t.Errorf("check = %v, want %v", err, tt.want)
			}
		})
	}
}

// A grant without a user refuses the scopes that are about one; a grant with a user
// has them.
func TestCheckScope_UserScopesNeedAUser(t *testing.T) {
	for _, scope := range []string{ScopeOpenID, ScopeAccount, ScopeAdmin} {
		for policy, want := range map[scopePolicy]error{{}: errScopeNeedsUser, {user: true}: nil} {
			req := &grantRequest{grant: policyGrant{declared: policy}, client: storage.Client{Scopes: []string{scope}}, requested: []string{scope}}
			if err := newTestPipeline().checkScope(req); !errors.Is(err, want) {
				t.Errorf("%s, %+v: %v, want %v", scope, policy, err, want)
			}
		}
	}
}

// A client has the scopes of Signet's own API where they are named for it, and a
// public one never signet:admin, whatever its record says.
func TestClientBounds_ReservedScopesAreNamed(t *testing.T) {
	named := []string{"items:read", ScopeAccount, ScopeAdmin}
	for _, tt := range []struct {
		client storage.Client
		want   []string
	}{
		{storage.Client{}, nil},
		{storage.Client{Scopes: []string{"items:read"}}, []string{"items:read"}},
		{storage.Client{Scopes: named}, named},
		{storage.Client{Scopes: named, Public: true}, named[:2]},
	} {
		if got := clientBounds(tt.client, "urn:issuer").scopes; !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %q, want %q", tt.client, got, tt.want)
		}
	}
}

func TestGrantTypes_AreDistinctAndKnown(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range GrantTypes() {
		if seen[name] || !KnownGrant(name) {
			t.Errorf("%s: twice %t, known %t", name, seen[name], KnownGrant(name))
		}
		seen[name] = true
	}
	if KnownGrant("") || KnownGrant("implicit") {
		t.Error("a grant is known that is not in the list")
	}
}

// subjectOf is a user with a session.
func subjectOf(u *storage.User, s *storage.Session) subject {
	if u == nil {
		return subject{session: s}
	}
	who := newSubject(*u)
	who.session = s
	return who
}
