package pages_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"example.org/signet/endpoints/pages"
)

// A folder adds texts, languages, style and fragments; what it lacks stays.
func TestFolder_AddsToTheBuiltInPages(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "fr.json", `{"login.title": "Se connecter", "scope.items:read": "lire"}`)
	write(t, dir, "de.json", `{"login.title": "Einloggen"}`)
	write(t, dir, "style.css", `:root { --page: #fff; }`)
	write(t, dir, ".hidden", `<script>`)
	p := newPages(t, pages.Branding{Templates: dir})
	for lang, want := range map[string]string{"en": "Sign in", "de": "Einloggen", "fr": "Se connecter"} {
		if got := text(parse(t, render(t, p, pages.LoginView{}, p.Language(lang, ""))).first("h1")); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	style := get(p, assetsOf(t, render(t, p, pages.LoginView{}, "en"))[1]).Body.String()
	if !strings.HasSuffix(style, ":root { --page: #fff; }") {
		t.Error("the folder's style is not at the end")
	}
}

// Fragments are put in as they are: on every page, or on the one that they are named after,
// above its main part; that of the page's language comes first.
func TestFolder_FragmentsStandWhereTheirNamesSay(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "header.html", `<div id="own-header">Every &amp; page</div>`)
	write(t, dir, "header.de.html", `<div id="own-header">Jede Seite</div>`)
	write(t, dir, "footer.html", `<div id="own-footer">{{.}} {app}</div>`)
	write(t, dir, "login.html", `<p id="own-login">Use your <b>staff</b> account.</p>`)
	p := newPages(t, pages.Branding{Templates: dir, Links: []pages.Link{{Text: "Help", URL: "/help"}}})
	for _, v := range everyView("/x") {
		if _, refused := v.(pages.FormPostView); refused {
			continue
		}
		for lang, header := range map[string]string{"en": "Every & page", "de": "Jede Seite"} {
			d := parse(t, render(t, p, v, lang))
			if got := text(d.byID["own-header"]); got != header {
				t.Errorf("%T in %s: the header says %q, want %q", v, lang, got, header)
			}
			_, isLogin := v.(pages.LoginView)
			if (d.byID["own-login"] != nil) != isLogin {
				t.Errorf("%T: the fragment of the login page: %v", v, d.byID["own-login"])
			}
			want := []string{"brand", "own-header", "nav", "own-login", "main", "own-footer", "footer"}
			got := bodyParts(d)
			if !slices.Equal(got, slices.DeleteFunc(want, func(part string) bool { return !slices.Contains(got, part) })) || !slices.Contains(got, "own-footer") {
				t.Errorf("%T: the parts of the body are %q", v, got)
			}
		}
	}
	if page := render(t, p, pages.LoginView{}, "en"); !strings.Contains(page, `<p id="own-login">Use your <b>staff</b> account.</p>`) || !strings.Contains(page, "{{.}} {app}") {
		t.Errorf("a fragment is changed: %s", page)
	}
}

// bodyParts names the children of the body.
func bodyParts(d document) []string {
	var parts []string
	for n := range d.first("body").ChildNodes() {
		if n.Type != html.ElementNode {
			continue
		}
		name := n.Data
		if name == "header" || name == "div" || name == "p" {
			name = attr(n, "class") + attr(n, "id")
		}
		parts = append(parts, name)
	}
	return parts
}

// What cannot be used is refused at the start, with the name of the file.
func TestFolder_RefusesWhatItCannotUse(t *testing.T) {
	for _, c := range []struct{ file, text, reason string }{
		{"layout.html", "<p>x</p>", "no page has this name: the names are header, footer, login, "},
		{"Login.html", "<p>x</p>", "no page has this name"},
		{"header.fr.html", "<p>x</p>", `there are no texts in "fr": the languages are de, en`},
		{"header.de.at.html", "<p>x</p>", `there are no texts in "de.at"`},
		{"readme.txt", "x", "neither style.css, nor texts such as fr.json, nor an HTML fragment such as header.html"},
		{"Style.css", "x", "neither style.css"},
		{"logo.png", "x", "neither style.css"},
		{"xx-.json", "{}", "the name is not a language"},
		{"en.json", `{"login.titel": "x"}`, `unknown key "login.titel"`},
		{"login.html", "<p>" + strings.Repeat("x", 32<<10) + "</p>", "more than 32768 bytes"},
		{"login.html", "<p>\n\n<script src=\"/x.js\"></script></p>", "line 3: <script>: the Content-Security-Policy of the pages stops it"},
		{"login.html", "<p style='color: red'>x</p>", "line 1: <p>: the Content-Security-Policy of the pages stops the attribute style"},
		{"login.html", `<p OnClick="x()">x</p>`, "stops the attribute onclick"},
	} {
		dir := t.TempDir()
		write(t, dir, c.file, c.text)
		_, err := pages.New(pages.Config{Issuer: "https://id.example.com", Branding: pages.Branding{Templates: dir}})
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir)+": "+c.file+": ") || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want %q", c.file, err, c.reason)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "login.html"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := pages.New(pages.Config{Branding: pages.Branding{Templates: dir}}); err == nil || !strings.Contains(err.Error(), "login.html") {
		t.Errorf("a folder login.html: %v", err)
	}
}
