package role_test

import (
	"slices"
	"testing"

	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// A scope that some role names goes to holders of such a role only; one that
// no role names to every user.
func TestScopesFor(t *testing.T) {
	set := role.NewSet([]storage.Role{
		{Name: "user"}, {Name: "editor", Scopes: []string{"write"}}, {Name: "admin", Scopes: []string{"write", "delete"}},
	})
	for _, tt := range []struct {
		roles []string
		want  []string
	}{
		{nil, []string{"read"}},
		{[]string{"user"}, []string{"read"}},
		{[]string{"editor"}, []string{"read", "write"}},
		{[]string{"admin", "user"}, []string{"read", "write", "delete"}},
		{[]string{"gone"}, []string{"read"}},
	} {
		if got := set.ScopesFor(tt.roles, []string{"read", "write", "delete"}); !slices.Equal(got, tt.want) {
			t.Errorf("roles %v get %v, want %v", tt.roles, got, tt.want)
		}
	}
}

func TestRanks(t *testing.T) {
	set := role.NewSet([]storage.Role{
		{Name: "user"}, {Name: "editor", Rank: 10, Scopes: []string{"write"}}, {Name: "chief", Rank: 50, Scopes: []string{"write"}},
	})
	if got := set.Rank("editor", "chief", "gone"); got != 50 {
		t.Errorf("rank %d, want the highest, 50", got)
	}
	if got := set.Rank("gone"); got != 0 || set.Has("gone") {
		t.Errorf("a role that does not exist has rank %d", got)
	}
	if got, ok := set.LowestRank("write"); got != 10 || !ok {
		t.Errorf("lowest rank of write: %d, %t, want 10", got, ok)
	}
	if _, ok := set.LowestRank("read"); ok || set.Restricted("read") {
		t.Error("a scope that no role names is restricted")
	}
}
