package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// call is a call of a function in a file of this package.
type call struct {
	file, name string // such as el, g.Raw
	args       []ast.Expr
}

// calls returns all calls of functions that are named, but for methods of values.
func calls(t *testing.T) []call {
	t.Helper()
	var all []call
	for file, text := range sources(t) {
		f, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				all = append(all, call{file, callee(c), c.Args})
			}
			return true
		})
	}
	if len(all) < 500 {
		t.Fatalf("only %d calls: the walk is broken", len(all))
	}
	return all
}

// callee names what is called: el, g.Raw, .Format for a method.
func callee(c *ast.CallExpr) string {
	switch fun := c.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok && x.Name == "g" {
			return "g." + fun.Sel.Name
		}
		return "." + fun.Sel.Name
	}
	return ""
}

// literal returns the value of a string literal.
func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// words returns the string literals in an expression that a person would be shown: those that
// are no keys of texts.
func words(e ast.Expr) (found []string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && slices.Contains([]string{".plain", ".text"}, callee(c)) {
			return false
		}
		if expr, ok := n.(ast.Expr); ok {
			if text, ok := literal(expr); ok && strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
				found = append(found, text)
			}
		}
		return true
	})
	return found
}

// No page has a text of its own: all are in the catalogs. L22.
func TestPages_HaveNoTextOfTheirOwn(t *testing.T) {
	seen := 0
	for _, c := range calls(t) {
		switch c.name {
		case "textNode":
			seen++
			if found := words(c.args[0]); len(found) > 0 {
				t.Errorf("%s: the text %q", c.file, found)
			}
		case "attr":
			name, _ := literal(c.args[0])
			shown := slices.Contains([]string{"alt", "title", "placeholder", "aria-label", "aria-description"}, name)
			if found := words(c.args[1]); shown && len(found) > 0 || name == "value" && strings.Contains(strings.Join(found, ""), " ") {
				t.Errorf("%s: the attribute %s is the text %q", c.file, name, found)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d texts: the walk is broken", seen)
	}
}

// Every value is escaped: nothing but the operator's fragments is HTML already, and what is
// written to the page goes through elements.go.
func TestPages_EscapeEveryValue(t *testing.T) {
	allowed := map[string]string{"g.El": "elements.go", "g.Attr": "elements.go", "g.Text": "elements.go", "g.Raw": "fragments.go"}
	harmless := []string{"g.If", "g.Map", "g.Group", "g.Node"}
	seen := map[string]int{}
	for _, c := range calls(t) {
		if strings.HasPrefix(c.name, "g.") && !slices.Contains(harmless, c.name) {
			seen[c.name]++
			if allowed[c.name] != c.file {
				t.Errorf("%s calls %s", c.file, c.name)
			}
		}
	}
	if seen["g.Raw"] != 1 || seen["g.Text"] != 1 {
		t.Errorf("the calls are %v", seen)
	}
	for file, text := range sources(t) {
		if found := regexp.MustCompile(`g\.(?:Raw|NodeFunc)[^(\w]|gomponents/|(?:html|text)/template|func \(.*\) Render\(w io`).FindString(text); found != "" {
			t.Errorf("%s has %q", file, found)
		}
	}
}

// A URL gets into a page by urls.go alone, which lets through what may be led to.
func TestPages_CheckEveryURL(t *testing.T) {
	seen := 0
	for _, c := range calls(t) {
		switch c.name {
		case "attr", "flag", "el":
			if c.file == "elements.go" {
				continue
			}
			name, ok := literal(c.args[0])
			if c.name != "el" && ok && slices.Contains([]string{"href", "src", "action"}, name) {
				if seen++; c.file != "urls.go" {
					t.Errorf("%s sets %s", c.file, name)
				}
			}
			if !ok && !(c.file == "urls.go" || c.file == "elements.go") {
				t.Errorf("%s: the name of an element or attribute is no literal", c.file)
			}
			if c.name != "el" && (strings.HasPrefix(name, "on") || slices.Contains([]string{"style", "srcdoc", "formaction", "srcset", "poster", "data", "cite", "background"}, name)) ||
				c.name == "el" && slices.Contains([]string{"style", "iframe", "object", "embed", "base"}, name) {
				t.Errorf("%s: %s", c.file, name)
			}
		case "target":
			if c.file != "urls.go" && c.file != "assets.go" {
				t.Errorf("%s makes a target", c.file)
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d attributes with URLs", seen)
	}
}

var (
	inline   = regexp.MustCompile(`(?i)\s(?:on[a-z]+|style)\s*=|<style|javascript:|srcdoc`)
	script   = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)
	external = regexp.MustCompile(`(?i)src="(?:https?:)?//|<link[^>]*href="(?:https?:)?//`)
)

// Nothing is inline, and nothing comes from another server. L16, L23.
func TestPages_HaveNothingInline(t *testing.T) {
	p, err := New(Config{Issuer: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range samples() {
		body, err := p.Render(v, defaultLanguage)
		if err != nil {
			t.Fatal(err)
		}
		text := string(body)
		if found := inline.FindString(text); found != "" {
			t.Errorf("%T: %q", v, found)
		}
		if found := external.FindString(text); found != "" {
			t.Errorf("%T: %q", v, found)
		}
		scripts := script.FindAllStringSubmatch(text, -1)
		only := func(s []string) bool { return strings.Contains(s[1], "src=") && s[2] == "" }
		passkeys := strings.Contains(text, "data-needs-passkeys") && len(scripts) == 2 && only(scripts[1])
		if len(scripts) != 1 && !passkeys || !only(scripts[0]) {
			t.Errorf("%T: the scripts are %q", v, scripts)
		}
	}
	for _, name := range []string{"assets/style.css", "assets/pages.js", "assets/passkey.js", "assets/icon.svg"} {
		b, err := assetFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`@import|url\(|eval\(|innerHTML|https?://[^w]`).Find(b); found != nil {
			t.Errorf("%s: %q", name, found)
		}
	}
}
