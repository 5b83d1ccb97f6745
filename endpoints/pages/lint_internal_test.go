package pages

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// templateTexts returns the embedded templates by their names.
func templateTexts(t *testing.T) map[string]string {
	t.Helper()
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(names) < 15 {
		t.Fatalf("%d templates, %v", len(names), err)
	}
	texts := map[string]string{}
	for _, name := range names {
		b, err := templateFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(b)
	}
	return texts
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Every language has every key, with the same places to be filled in. L22.
func TestCatalogs_HaveTheSameKeys(t *testing.T) {
	catalogs, err := loadCatalogs(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(catalogs) < 2 {
		t.Fatalf("%d catalogs", len(catalogs))
	}
	english := catalogs[defaultLanguage].texts
	for lang, c := range catalogs {
		for key, text := range english {
			other, ok := c.texts[key]
			if !ok || strings.TrimSpace(other) == "" {
				t.Errorf("%s has no text for %q", lang, key)
			}
			want, got := placeholder.FindAllString(text, -1), placeholder.FindAllString(other, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(slices.Compact(want), slices.Compact(got)) {
				t.Errorf("%s: %q fills in %v, want %v", lang, key, got, want)
			}
		}
		for key := range c.texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has %q, which English has not", lang, key)
			}
		}
	}
}

// builtKeys are keys that are put together: prefix and the constants that follow it.
var builtKeys = []string{"problem.", "notice.", "error.", "status.", "scope.", "home.", "duration.", "meta."}

// Every key is used by a template or by the code, and what they use exists. L22.
func TestCatalogs_EveryKeyIsUsed(t *testing.T) {
	catalogs, err := loadCatalogs(nil)
	if err != nil {
		t.Fatal(err)
	}
	sources := slices.Collect(maps.Values(templateTexts(t)))
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			sources = append(sources, string(b))
		}
	}
	all := strings.Join(sources, "\n")
	for key := range catalogs[defaultLanguage].texts {
		built := slices.ContainsFunc(builtKeys, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		if !built && !strings.Contains(all, `"`+key+`"`) && !strings.Contains(all, `"`+strings.TrimPrefix(key, "details.")+`"`) {
			t.Errorf("nothing uses %q", key)
		}
	}
	for _, use := range regexp.MustCompile(`(?:T|Plain|Titled) "([a-z._]+)"`).FindAllStringSubmatch(all, -1) {
		if _, ok := catalogs[defaultLanguage].texts[use[1]]; !ok {
			t.Errorf("there is no text %q", use[1])
		}
	}
}

// Every constant that names a text has one, and every such text a constant.
func TestCatalogs_EveryConstantHasItsText(t *testing.T) {
	catalogs, err := loadCatalogs(nil)
	if err != nil {
		t.Fatal(err)
	}
	texts := catalogs[defaultLanguage].texts
	want := map[string]bool{"error.an_application": true}
	for _, kind := range ErrorKinds() {
		for _, part := range []string{".title", ".text", ".do"} {
			want["error."+string(kind)+part] = true
		}
	}
	for _, file := range []string{"view.go", "view_account.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range regexp.MustCompile(`(Problem|Notice) += "([a-z_]+)"`).FindAllStringSubmatch(string(b), -1) {
			want[strings.ToLower(c[1])+"."+c[2]] = true
		}
	}
	for key := range want {
		if texts[key] == "" {
			t.Errorf("there is no text %q", key)
		}
	}
	for key := range texts {
		prefix, _, _ := strings.Cut(key, ".")
		if slices.Contains([]string{"error", "problem", "notice"}, prefix) && !want[strings.TrimSuffix(key, "_for")] {
			t.Errorf("no constant has the text %q", key)
		}
	}
}

var (
	action   = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	markup   = regexp.MustCompile(`(?s)<[^>]*>`)
	shownTo  = regexp.MustCompile(`\b(?:alt|title|placeholder|aria-label|aria-description|value)="([^"]*)"`)
	inline   = regexp.MustCompile(`(?i)\s(?:on[a-z]+|style)\s*=|<style|javascript:|srcdoc`)
	script   = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)
	external = regexp.MustCompile(`(?i)(?:src|href)="(?:https?:)?//`)
)

// No template has a text of its own: all are in the catalogs. L22.
func TestTemplates_HaveNoTextOfTheirOwn(t *testing.T) {
	for name, text := range templateTexts(t) {
		bare := action.ReplaceAllString(text, "")
		for _, a := range shownTo.FindAllStringSubmatch(bare, -1) {
			if strings.ContainsAny(a[1], " ") {
				t.Errorf("%s: the attribute %s is a text", name, a[0])
			}
		}
		if left := strings.TrimSpace(markup.ReplaceAllString(bare, "")); strings.ContainsFunc(left, func(r rune) bool { return r > ' ' }) {
			t.Errorf("%s: the text %q", name, left)
		}
	}
}

// Nothing is inline, and nothing comes from another server. L16, L23.
func TestTemplates_HaveNothingInline(t *testing.T) {
	for name, text := range templateTexts(t) {
		if found := inline.FindString(text); found != "" {
			t.Errorf("%s: %q", name, found)
		}
		if found := external.FindString(text); found != "" {
			t.Errorf("%s: %q", name, found)
		}
		for _, s := range script.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(s[1], "src=") || strings.TrimSpace(s[2]) != "" {
				t.Errorf("%s: a script inside the page", name)
			}
		}
	}
	for _, name := range []string{"assets/style.css", "assets/pages.js", "assets/icon.svg"} {
		b, err := assetFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`@import|url\(|eval\(|innerHTML|https?://[^w]`).Find(b); found != nil {
			t.Errorf("%s: %q", name, found)
		}
	}
}
