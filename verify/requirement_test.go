package verify_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.org/signet/verify"
)

// The token of these tests has the scopes items:read and items:write, and the
// roles user and editor.
func TestRequirementsCombine(t *testing.T) {
	h := newHost(t, rsaKey())
	v := newVerifier(t, config(h))
	read, del := verify.Scope("items:read"), verify.Scope("items:delete")
	user, admin := verify.Role("user"), verify.Role("admin")
	for name, c := range map[string]struct {
		by   func(http.Handler) http.Handler
		want int
	}{
		"all met": {v.RequireAll(read, user), 200}, "one of all lacking": {v.RequireAll(read, admin), 403}, "any met": {v.RequireAny(admin, read), 200},
		"none of any": {v.RequireAny(admin, del), 403}, "nested": {v.RequireAll(user, verify.Any(admin, verify.All(read, user))), 200},
		"nested, lacking": {v.RequireAny(admin, verify.All(read, del)), 403}, "one": {v.RequireAny(user), 200},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+goodToken())
		c.by(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); w.Code == 403 && !strings.Contains(challenge, `error="insufficient_scope"`) {
			t.Errorf("%s: %q", name, challenge)
		}
	}
}

func TestEmptyRequirementsPanic(t *testing.T) {
	v := newVerifier(t, config(newHost(t, rsaKey())))
	for name, register := range map[string]func(){
		"no requirements": func() { v.RequireAll() }, "any of none": func() { v.RequireAny() }, "an empty requirement": func() { v.RequireAll(verify.Requirement{}) },
		"an empty scope": func() { verify.Scope("") }, "two scopes": func() { verify.Scope("a b") }, "an empty role": func() { verify.Role("") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it let every token pass", name)
				}
			}()
			register()
		}()
	}
}
