package pages

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sources returns the text of the files of this package, without tests.
func sources(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	texts := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
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
var builtKeys = []string{"problem.", "notice.", "error.", "status.", "scope.", "home.", "duration.", "meta.", "mail.", "maildone.", "devicedone."}

// Every key is used by the code, and what the code uses exists. L22.
func TestCatalogs_EveryKeyIsUsed(t *testing.T) {
	catalogs, err := loadCatalogs(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(slices.Collect(maps.Values(sources(t))), "\n")
	keys, areas := catalogs[defaultLanguage].texts, map[string]bool{}
	for key := range keys {
		area, _, _ := strings.Cut(key, ".")
		areas[area] = true
		built := slices.ContainsFunc(builtKeys, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		if !built && !strings.Contains(all, `"`+key+`"`) && !strings.Contains(all, `"`+strings.TrimPrefix(key, "details.")+`"`) {
			t.Errorf("nothing uses %q", key)
		}
	}
	for _, use := range regexp.MustCompile(`"(([a-z_]+)\.[a-z0-9_.]+)"`).FindAllStringSubmatch(all, -1) {
		begins := func(key string) bool { return key == use[1] || strings.HasPrefix(key, use[1]+".") || key == use[1]+"s" }
		if areas[use[2]] && !slices.ContainsFunc(slices.Collect(maps.Keys(keys)), begins) {
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
