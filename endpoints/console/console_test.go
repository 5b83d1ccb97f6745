package console_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.org/signet/endpoints/console"
	"example.org/signet/endpoints/pages"
)

// keysOf returns the keys of a language's texts, sorted, and checks where they stand.
func keysOf(t *testing.T, lang string) (keys []string) {
	t.Helper()
	files, err := filepath.Glob("texts/" + lang + "/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		part := strings.TrimSuffix(filepath.Base(file), ".json")
		for key, text := range texts {
			if own := strings.HasPrefix(key, part+"."); text == "" || !own && (part != "shell" || !strings.HasPrefix(key, "section.")) {
				t.Errorf("%s: %q: %q", file, key, text)
			}
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func TestTexts_AreInEveryLanguage(t *testing.T) {
	en, de := keysOf(t, "en"), keysOf(t, "de")
	for _, key := range en {
		if !slices.Contains(de, key) {
			t.Errorf("no German text for %s", key)
		}
	}
	for _, key := range de {
		if !slices.Contains(en, key) {
			t.Errorf("no English text for %s", key)
		}
	}
}

// Every key that the code names is there: whatever looks like one.
func TestTexts_AllThatAreNamedAreThere(t *testing.T) {
	keys := keysOf(t, "en")
	parts := map[string]bool{}
	for _, key := range keys {
		part, _, _ := strings.Cut(key, ".")
		parts[part] = true
	}
	files, err := filepath.Glob("../console*.go")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob("[^c]*.go")
	if err != nil {
		t.Fatal(err)
	}
	looksLikeKey := regexp.MustCompile(`^([a-z]+)\.[a-z_]+$`)
	n := 0
	for _, file := range append(files, own...) {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			lit, ok := node.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			key, _ := strconv.Unquote(lit.Value)
			if m := looksLikeKey.FindStringSubmatch(key); m != nil && parts[m[1]] {
				n++
				if !slices.Contains(keys, key) {
					t.Errorf("%s: no text for %q", file, key)
				}
			}
			return true
		})
	}
	if n < 20 {
		t.Errorf("only %d texts are named: the walk is broken", n)
	}
}

// sample has every block and every cell, with a text from outside in each.
func sample(s string) console.Page {
	lit := console.Lit(s)
	return console.Page{
		Name: "sample", Section: console.People, Title: lit, Trail: []console.Link{{Text: lit, URL: "/console"}}, Notice: lit, Problem: lit,
		Blocks: []console.Block{
			console.Paragraph{Text: lit}, console.Facts{{Name: lit, Value: console.Mono(s)}, {Name: lit}},
			console.Panel{ID: "a", Title: lit, Blocks: []console.Block{console.Actions{{Text: lit, URL: s}}}},
			console.Filter{Action: s, Fields: []console.Field{{Name: "a", Label: lit, Value: s}, {Name: "b", Kind: console.Select, Label: lit, Options: []console.Option{{Value: s, Text: lit}}}}},
			console.Timeline{Label: lit, Now: time.Unix(500, 0), NowText: lit, Rows: []console.TimelineRow{{Name: lit, Spans: []console.TimelineSpan{{Text: lit, Class: "active", From: time.Unix(0, 0), Until: time.Unix(900, 0)}, {Text: lit, Class: "retired", From: time.Unix(900, 0)}}}}},
			console.Table{
				Caption: lit, Tick: "id", TickForm: "bulk", Columns: []console.Column{{Title: lit}, {Title: lit, Number: true}},
				Rows: []console.Row{{Tick: s, Cells: []console.Cell{lit, console.Group{console.Badge{Text: lit, Kind: console.Warn}, console.Time(time.Unix(1e9, 0)), console.Dotted(s)}, nil}}}, First: s, Next: "/console/people?after=1",
			},
			console.Table{Caption: lit, Empty: lit},
			console.Form{ID: "bulk", Action: s, Revision: s, Confirm: s, Danger: true, Submit: lit, Fields: []console.Field{
				{Name: "c", Kind: console.Area, Label: lit, Hint: lit, Error: lit, Value: s}, {Name: "d", Kind: console.Boxes, Label: lit, Hint: lit, Options: []console.Option{{Value: s, Text: lit, Hint: lit}}, Values: []string{s}},
				{Name: "e", Kind: console.Radios, Label: lit, Options: []console.Option{{Value: s, Text: lit}}}, {Name: "f", Kind: console.Box, Label: lit, Hint: lit, Value: s}, {Name: "g", Kind: console.Hidden, Value: s},
				{Name: "h", Kind: console.Password, Label: lit, Value: "never shown"},
			}},
			console.Secret{ID: "s", Label: lit, Value: s, File: s, Text: s, Note: lit}, console.Pre{ID: "p", Label: lit, Text: s, File: s}, console.Progress{Label: lit, Done: 1, All: 2},
		},
	}
}

func render(t *testing.T, p console.Page, lang string) string {
	t.Helper()
	c, err := console.New("/id")
	if err != nil {
		t.Fatal(err)
	}
	all, err := pages.New(pages.Config{Issuer: "https://example.com/id"})
	if err != nil {
		t.Fatal(err)
	}
	view, err := c.View(p, lang, "/id/logout")
	if err != nil {
		t.Fatal(err)
	}
	body, err := all.Render(view, lang)
	if err != nil {
		t.Fatal(err)
	}
	if csp := all.CSP(view); !strings.Contains(csp, "; form-action 'self' https://example.com") || strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is %s", csp)
	}
	return string(body)
}

// A text from outside is text wherever it stands, and leads nowhere.
func TestView_EscapesEverything(t *testing.T) {
	for _, s := range []string{`<script>alert(1)</script>`, `" onclick="x`, `javascript:alert(1)`, `//evil.example/`, "\u202e{x}"} {
		body := render(t, sample(s), "en")
		for _, wrong := range []string{"<script>alert", `" onclick="`, `href="javascript:`, `href="//`, `action="//`, `action="javascript:`, "never shown", "\u202e{x}</bdi>"} {
			if strings.Contains(body, wrong) {
				t.Errorf("%q is in the page of %q", wrong, s)
			}
		}
	}
}

func TestView_InEveryLanguage(t *testing.T) {
	for lang, want := range map[string]string{"en": "Applications", "de": "Anwendungen", "fr": "Applications"} {
		body := render(t, sample("text"), lang)
		for part, n := range map[string]int{want: 1, "<h1>": 1, "<main": 1, `aria-current="page"`: 1, `scope="col"`: 2, `scope="row"`: 1, "<caption>": 1, "console.": 0, "style=": 0} {
			got := strings.Count(body, part)
			if part == "console." {
				got -= strings.Count(body, "/console.")
			}
			if got != n {
				t.Errorf("%s: %q occurs %d times, want %d", lang, part, got, n)
			}
		}
	}
}
