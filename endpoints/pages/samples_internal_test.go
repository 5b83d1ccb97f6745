package pages

import (
	"strings"
	"testing"
)

// Every page can be rendered in every language, and is one document with one heading.
func TestRender_EveryPageInEveryLanguage(t *testing.T) {
	p, err := New(Config{Issuer: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range p.languages {
		for _, v := range samples() {
			body, err := p.Render(v, lang)
			if err != nil {
				t.Errorf("%s: %v", lang, err)
				continue
			}
			text := string(body)
			for part, want := range map[string]int{"<!doctype html>": 1, "<h1>": 1, "<main": 1, "</html>": 1, `lang="` + lang + `" dir="ltr"`: 1, "ZgotmplZ": 0, "<footer": 0, "{": 0} {
				if got := strings.Count(text, part); got != want {
					t.Errorf("%T in %s: %q occurs %d times, want %d\n%s", v, lang, part, got, want, text)
				}
			}
		}
	}
}
