package issuer_test

import (
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// T17: a search takes the beginning of a name in any spelling that a login does.
func TestSearchTakesAnySpelling(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "ren\u00e9e", Password: alicePass})
	must(t, err)
	for prefix, want := range map[string]string{
		"ali": "alice", "ALI": "alice", "\uff41\uff4c\uff49": "alice", "Alice@Ex": "alice", "rene\u0301": "ren\u00e9e", "REN\u00c9": "ren\u00e9e", "\u0430li": "", "ali ": "",
	} {
		page, err := f.operator().Users().List(f.ctx, storage.UserFilter{Prefix: prefix}, storage.Page{})
		must(t, err)
		if found := len(page.Items) == 1 && page.Items[0].Username == want; found != (want != "") || want == "" && len(page.Items) != 0 {
			t.Errorf("%q finds %d users, want %q", prefix, len(page.Items), want)
		}
	}
}
