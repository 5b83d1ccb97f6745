package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

var consoleKeysCases = []testCase{
	{name: "keys are shown, rotated, rolled back and revoked", configure: mergedAdmin, run: testConsoleKeys},
	{name: "keys are for a super_admin", configure: mergedAdmin, run: testConsoleKeysRank},
}

// freshSignIn is a second more than a sign-in may be old for a dangerous change.
const freshSignIn = 5*time.Minute + time.Second

// rolesChange gives a user these roles and no others.
func rolesChange(names ...string) admin.UserChange { return admin.UserChange{Roles: &names} }

func testConsoleKeys(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, page := s.openConsole(t, f.SuperAdmin, "/keys")
	list, err := s.operator().Keys().List()
	must(t, err)
	first, second := list.Items[0].KID, list.Items[1].KID
	page.has(t, http.StatusOK, "<svg", first, second, "What comes by itself", "a new key", "signs")
	if strings.Contains(string(page.Body), "style=") || strings.Contains(string(page.Body), "<script>") {
		t.Error("the timeline has inline style or script")
	}
	rotate, back := ConsolePath+"/keys/rotate", ConsolePath+"/keys/roll-back"
	b.Open(back).has(t, http.StatusOK, "There is no key to go back to")
	b.follow(t, back, url.Values{}).has(t, http.StatusConflict, "There is no key to go back to")
	b.Open(rotate).has(t, http.StatusOK, "at once", "A verifier that cached the keys before may refuse them for up to ", "Verifiers have had the time to fetch it", "stay valid until they expire")
	b.follow(t, rotate, url.Values{"when": {"now"}}).has(t, http.StatusOK, "The rotation is stored", second)
	expectSigns(t, s, second)
	b.Open(back).has(t, http.StatusOK, "every verifier still knows it")
	b.follow(t, back, url.Values{}).has(t, http.StatusOK, "The previous key signs again")
	expectSigns(t, s, first)
	s.Advance(time.Minute) // a change just after another one is refused
	b.follow(t, rotate, url.Values{"when": {"ready"}}).has(t, http.StatusOK, "The rotation is stored")
	expectSigns(t, s, first)
	b.follow(t, rotate, url.Values{"when": {"ready"}}).has(t, http.StatusConflict, "A rotation is scheduled already")

	revoke := ConsolePath + "/keys/revoke/" + second
	b.Open(revoke).has(t, http.StatusOK, "Every token that it signed is refused", `name="confirm"`, second[:8])
	b.follow(t, revoke, url.Values{"confirm": {"yes"}}).has(t, http.StatusBadRequest, "Nothing was done")
	expectState(t, s, second, keys.Retired)
	s.Advance(freshSignIn)
	b.follow(t, revoke, url.Values{"confirm": {second[:8]}}).has(t, http.StatusForbidden, "Sign in again")
	expectState(t, s, second, keys.Retired)
	b, _ = s.openConsole(t, f.SuperAdmin, "/keys")
	b.follow(t, revoke, url.Values{"confirm": {second[:8]}}).has(t, http.StatusOK, "The key is revoked")
	expectState(t, s, second, keys.Revoked)
	b.Open(ConsolePath+"/keys/revoke/nothing").has(t, http.StatusNotFound, "")
}

func expectSigns(t *testing.T, s *Signet, kid string) {
	t.Helper()
	expectState(t, s, kid, keys.Active)
}

func expectState(t *testing.T, s *Signet, kid string, state keys.State) {
	t.Helper()
	list, err := s.operator().Keys().List()
	must(t, err)
	for _, k := range list.Items {
		if k.KID == kid && k.State != state {
			t.Errorf("%s is %s, want %s", kid, k.State, state)
		}
	}
}

func testConsoleKeysRank(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, page := s.openConsole(t, f.Admin, "/keys")
	page.has(t, http.StatusForbidden, "for a super_admin")
	list, err := s.operator().Keys().List()
	must(t, err)
	for _, path := range []string{"/keys/rotate", "/keys/roll-back", "/keys/revoke/" + list.Items[0].KID} {
		b.Open(ConsolePath+path).has(t, http.StatusForbidden, "for a super_admin")
		b.follow(t, ConsolePath+path, url.Values{"when": {"now"}, "confirm": {list.Items[0].KID[:8]}}).has(t, http.StatusForbidden, "")
	}
	expectSigns(t, s, list.Items[0].KID)
}
