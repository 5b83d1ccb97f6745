package upstream_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.org/signet/issuer/role"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

func TestAdmits(t *testing.T) {
	conn := storage.Connector{Domains: []string{"example.org"}}
	for name, c := range map[string]struct {
		domains  []string
		email    string
		verified bool
		want     bool
	}{
		"any domain":                    {nil, "", false, true},
		"a verified address":            {conn.Domains, "ann@example.org", true, true},
		"in capitals":                   {conn.Domains, "ann@EXAMPLE.org", true, true},
		"an address that nobody checks": {conn.Domains, "ann@example.org", false, false},
		"another domain":                {conn.Domains, "ann@example.org.evil.example", true, false},
		"two signs":                     {conn.Domains, "ann@example.org@evil.example", true, false},
		"a domain below":                {conn.Domains, "ann@sub.example.org", true, false},
		"no address":                    {conn.Domains, "", true, false},
	} {
		if got := upstream.Admits(storage.Connector{Domains: c.domains}, upstream.Identity{Email: c.email, EmailVerified: c.verified}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Only where all three are so, an account is linked by the address alone.
func TestLinksByEmail(t *testing.T) {
	for _, theirs := range []bool{true, false} {
		for _, ours := range []bool{true, false} {
			for _, domain := range []string{"example.org", "example.net"} {
				conn := storage.Connector{AuthoritativeDomains: []string{domain}}
				i := upstream.Identity{Email: "Ann@Example.org", EmailVerified: theirs}
				u := storage.User{Email: "ann@example.org", EmailVerified: ours}
				want := theirs && ours && domain == "example.org"
				if got := upstream.LinksByEmail(conn, i, u); got != want {
					t.Errorf("verified there %v, here %v, authoritative for %s: %v", theirs, ours, domain, got)
				}
				u.Email = "bob@example.org"
				if upstream.LinksByEmail(conn, i, u) {
					t.Error("another address is linked")
				}
			}
		}
	}
}

func TestRolesGiven(t *testing.T) {
	roles := role.NewSet([]storage.Role{{Name: "reader", Rank: 1}, {Name: "editor", Rank: 10}, {Name: "boss", Rank: 90}})
	conn := storage.Connector{MaxRank: 90, RoleRules: []storage.RoleRule{
		{Claim: "groups", Value: "staff", Role: "reader"}, {Claim: "groups", Value: "dev", Role: "editor"}, {Claim: "groups", Value: "all", Role: "reader"},
		{Claim: "groups", Value: "staff", Role: "boss"}, {Claim: "groups", Value: "staff", Role: "gone"}, {Claim: "title", Value: "dev", Role: "editor"},
	}}
	for name, c := range map[string]struct {
		claims map[string]any
		want   []string
	}{
		"a list":           {map[string]any{"groups": []any{"staff", "all", 7}}, []string{"reader"}},
		"a text":           {map[string]any{"title": "dev"}, []string{"editor"}},
		"nothing":          {map[string]any{"groups": []any{"Staff"}, "title": 7}, nil},
		"another claim":    {map[string]any{"staff": "groups"}, nil},
		"part of a value":  {map[string]any{"groups": "staff dev"}, nil},
		"a claim of lists": {map[string]any{"groups": []any{[]any{"staff"}}}, nil},
	} {
		if diff := cmp.Diff(c.want, upstream.RolesGiven(conn, upstream.Identity{Claims: c.claims}, roles)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestChangeRoles(t *testing.T) {
	for name, c := range map[string]struct {
		has, owned, others, given []string
		want                      upstream.RoleChange
	}{
		"the first sign-in":     {[]string{"user"}, nil, nil, []string{"editor"}, upstream.RoleChange{Roles: []string{"editor", "user"}, Owned: []string{"editor"}}},
		"again":                 {[]string{"editor", "user"}, []string{"editor"}, nil, []string{"editor"}, upstream.RoleChange{Roles: []string{"editor", "user"}, Owned: []string{"editor"}}},
		"taken away there":      {[]string{"editor", "user"}, []string{"editor"}, nil, nil, upstream.RoleChange{Roles: []string{"user"}}},
		"taken away here":       {[]string{"user"}, []string{"editor"}, nil, []string{"editor"}, upstream.RoleChange{Roles: []string{"editor", "user"}, Owned: []string{"editor"}}},
		"local":                 {[]string{"editor"}, nil, nil, []string{"editor"}, upstream.RoleChange{Roles: []string{"editor"}}},
		"local, and not there":  {[]string{"editor"}, nil, nil, nil, upstream.RoleChange{Roles: []string{"editor"}}},
		"of another link too":   {[]string{"editor"}, []string{"editor"}, []string{"editor"}, nil, upstream.RoleChange{Roles: []string{"editor"}}},
		"another link had it":   {[]string{"editor"}, nil, []string{"editor"}, []string{"editor"}, upstream.RoleChange{Roles: []string{"editor"}, Owned: []string{"editor"}}},
		"one goes, another one": {[]string{"a", "user"}, []string{"a"}, nil, []string{"b"}, upstream.RoleChange{Roles: []string{"b", "user"}, Owned: []string{"b"}}},
	} {
		if diff := cmp.Diff(c.want, upstream.ChangeRoles(c.has, c.owned, c.others, c.given)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// However the rules change, a role that nobody's rules have given stays, and one that is given
// no more goes.
func TestChangeRoles_LeavesLocalRoles(t *testing.T) {
	some := func(rt *rapid.T, name string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID[string]).Draw(rt, name)
	}
	rapid.Check(t, func(rt *rapid.T) {
		local := some(rt, "local")
		roles, owned := local, []string(nil)
		for range 4 {
			c := upstream.ChangeRoles(roles, owned, nil, some(rt, "given"))
			roles, owned = c.Roles, c.Owned
		}
		c := upstream.ChangeRoles(roles, owned, nil, nil)
		want := upstream.ChangeRoles(local, nil, nil, nil)
		if diff := cmp.Diff(want, c); diff != "" {
			rt.Fatalf("in the end (-want +got):\n%s", diff)
		}
	})
}
