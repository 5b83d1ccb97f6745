package pages

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func newLoginTestPages(t testing.TB, templates string) *Pages {
	t.Helper()
	p, err := New(Config{Issuer: "https://id.example.com", Branding: Branding{Templates: templates}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// checkLogin fails unless the page is the one that the template gives, when it is rendered for
// the first time and when parts of it are kept.
func checkLogin(t interface{ Fatalf(string, ...any) }, p *Pages, v LoginView, lang string) {
	want, err := p.renderTemplate(v, p.catalogs[lang])
	if err != nil {
		t.Fatalf("%v", err)
	}
	for range 2 {
		if got, err := p.Render(v, lang); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%+v in %s: %v\n%s\nwant\n%s", v, lang, err, got, want)
		}
	}
}

// Whatever the action, a kept page is the one of the template, byte by byte.
func TestLogin_Kept_IsWhatTheTemplateGives(t *testing.T) {
	p := newLoginTestPages(t, "")
	alphabet := []rune(`abzAZ09-._~/?=&+%23fF:;,!$'()*@#"<>\ ` + "`" + `{}|^[]äß` + "\x00\n\u2028\u202e\ufffd")
	rapid.Check(t, func(t *rapid.T) {
		v := LoginView{
			Action:   rapid.SampledFrom([]string{"", "/login?", "/login?client_id=notes&scope=openid+profile&redirect_uri=https%3A%2F%2F"}).Draw(t, "start") + rapid.StringOf(rapid.SampledFrom(alphabet)).Draw(t, "action"),
			Remember: rapid.SampledFrom([]Remember{RememberNever, RememberOffered, RememberSelected}).Draw(t, "remember"),
			StateURL: rapid.SampledFrom([]string{"", "/login/state", "javascript:x"}).Draw(t, "state"),
			Username: rapid.SampledFrom([]string{"", "", "alice", "<b>"}).Draw(t, "username"),
			Problem:  rapid.SampledFrom([]Problem{ProblemNone, ProblemNone, ProblemWrongCredentials}).Draw(t, "problem"),
		}
		if rapid.Bool().Draw(t, "client") {
			name := rapid.SampledFrom([]string{"", "Notes", "<script>", actionMark}).Draw(t, "name")
			v.Client = &Client{ID: "notes", Name: name, HomeURL: "https://notes.example/" + name, LogoURL: "/logo"}
		}
		checkLogin(t, p, v, rapid.SampledFrom(p.languages).Draw(t, "language"))
	})
	if p.logins.Len() == 0 {
		t.Error("no page was kept")
	}
}

// The pages that are kept are few, however many clients there are.
func TestLogin_Kept_IsBounded(t *testing.T) {
	p := newLoginTestPages(t, "")
	for n := range 3 * maxLoginPages {
		checkLogin(t, p, LoginView{Action: "/login?x", Client: &Client{ID: string(rune('a' + n))}}, "en")
	}
	if got := p.logins.Len(); got != maxLoginPages {
		t.Errorf("%d pages are kept, want %d", got, maxLoginPages)
	}
}

// A template that shows the action twice, elsewhere, or not at all, is rendered each time.
func TestLogin_TemplateOfTheOperator_IsRenderedAsItIs(t *testing.T) {
	for name, text := range map[string]string{
		"twice":   `<form action="{{.V.Action}}"><a href="{{.V.Action}}">x</a></form>`,
		"as text": `<p>{{.V.Action}}</p>`, "in a link": `<a href="{{.V.Action}}">x</a>`, "nowhere": `<p>x</p>`,
		"as a parameter": `<form action="/x?to={{.V.Action}}"></form>`, "in single quotes": `<form action='{{.V.Action}}'></form>`,
		"as it should": `<form method="post" action="{{.V.Action}}"></form>`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "login.html"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			p := newLoginTestPages(t, dir)
			checkLogin(t, p, LoginView{Action: "/login?client_id=notes&scope=openid+profile%20x&t=a~b"}, "de")
		})
	}
}
