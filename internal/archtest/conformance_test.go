package archtest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const conformancePage = "docs/conformance.md"

// TestConformancePage holds the page to the tree: every test that it names
// exists, every row gives a proof or a reason, and its counts are right.
func TestConformancePage(t *testing.T) {
	page, err := os.ReadFile(conformancePage)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range checkPage(string(page), readTests(t)) {
		t.Errorf("%s:%s", conformancePage, fault)
	}
}

// The states of a row, in the order of the page's counts, with what marks them.
var rowStates = []string{"", "**partly**", "**not met yet**", "**does not apply yet**"}

// chapters prefix the parts of a heading: two chapters use the same letters.
var chapters = map[string]string{"## Sign-in in a browser": "sign-in "}

// pageRow is one row of a table that is about demands or attacks.
type pageRow struct {
	part  string // of the counts: "clauses", the letter of the attack ids, or "sign-in" and the letter of the demand ids
	id    string // of an attack or a demand
	proof string
}

var (
	partHeading = regexp.MustCompile(`^### ([A-Z]): `)
	rowID       = regexp.MustCompile(`^[A-Z]\d\d$`)
	inTicks     = regexp.MustCompile("`([^`]+)`")
	citation    = regexp.MustCompile(`^(protocol|contract|reopen|script)/.|^[a-z0-9/]+\.(Test|Fuzz|Example)[A-Z]`)
)

// checkPage returns what is wrong with the page, each by its line.
func checkPage(page string, index testIndex) (errs []string) {
	report := func(line int, format string, args ...any) {
		errs = append(errs, fmt.Sprintf("%d: %s", line, fmt.Sprintf(format, args...)))
	}
	counts, said, last := map[string][4]int{}, map[string]string{}, ""
	part, chapter := "", ""
	for n, text := range strings.Split(page, "\n") {
		n++
		switch heading := partHeading.FindStringSubmatch(text); {
		case heading != nil:
			part, last = chapter+heading[1], ""
		case text == "## Clauses":
			part = "clauses"
		case strings.HasPrefix(text, "## "):
			chapter = chapters[text]
		}
		for _, cited := range citations(text) {
			if !index.has(cited) {
				report(n, "there is no test %s", cited)
			}
		}
		if cells := cellsOf(text); len(cells) == 5 && part == "" {
			said[cells[0]] = strings.Join(cells[1:], " ")
		}
		row, is := rowOf(text, part)
		if !is {
			continue
		}
		if row.id != "" && (!strings.HasSuffix(part, row.id[:1]) || row.id <= last) {
			report(n, "id %s is out of order or in the wrong section", row.id)
		}
		last = row.id
		state, reason := stateOf(row.proof)
		switch {
		case state < 2 && len(citations(row.proof)) == 0:
			report(n, "no test is named")
		case state > 0 && reason == "":
			report(n, "no reason is given")
		}
		for _, of := range []string{part, "all"} {
			c := counts[of]
			c[state]++
			counts[of] = c
		}
	}
	for of, c := range counts {
		if want := fmt.Sprintf("%d %d %d %d", c[0], c[1], c[2], c[3]); said[of] != want {
			report(1, "the counts of %s are %s, not %q", of, want, said[of])
		}
	}
	return errs
}

// cellsOf splits a row of a table; of anything else there is nothing.
func cellsOf(text string) (cells []string) {
	if !strings.HasPrefix(text, "| ") || !strings.HasSuffix(text, " |") {
		return nil
	}
	for _, cell := range strings.Split(strings.Trim(text, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

// rowOf reads a row of the part's tables, which are not their headings.
func rowOf(text, part string) (pageRow, bool) {
	cells := cellsOf(text)
	switch {
	case part == "clauses" && len(cells) == 5 && cells[0] != "clause":
		return pageRow{part, "", cells[4]}, true
	case strings.HasPrefix(part, "sign-in ") && len(cells) == 4 && rowID.MatchString(cells[0]):
		return pageRow{part, cells[0], cells[3]}, true
	case len(part) == 1 && len(cells) == 3 && rowID.MatchString(cells[0]):
		return pageRow{part, cells[0], cells[2]}, true
	}
	return pageRow{}, false
}

// stateOf tells what a proof amounts to, and the reason why no more.
func stateOf(proof string) (state int, reason string) {
	for i, mark := range rowStates[1:] {
		if _, why, marked := strings.Cut(proof, mark+": "); marked {
			return i + 1, why
		}
		if strings.Contains(proof, mark) {
			return i + 1, ""
		}
	}
	return 0, ""
}

// citations are the tests that a text names.
func citations(text string) (names []string) {
	for _, m := range inTicks.FindAllStringSubmatch(text, -1) {
		if citation.MatchString(m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// testIndex holds every name that may be cited.
type testIndex struct {
	functions map[string]bool   // package.TestName
	literals  map[string]bool   // package + "\x00" + a text in its tests: names of subtests are among them
	cases     map[string]bool   // cases of internal/protocoltest
	groups    map[string]string // contract group → variable that lists it
	listed    map[string]bool   // variable + "/" + name, and "reopen/" + name
}

func (x testIndex) has(name string) bool {
	kind, rest, _ := strings.Cut(name, "/")
	switch kind {
	case "protocol":
		return x.cases[rest]
	case "reopen":
		return x.listed[name]
	case "contract":
		group, promise, _ := strings.Cut(rest, "/")
		return x.groups[group] != "" && x.listed[x.groups[group]+"/"+promise]
	case "script":
		_, err := os.Stat(filepath.Join("cmd/signet/testdata/script", rest+".txtar"))
		return err == nil
	}
	pkg, rest, _ := strings.Cut(name, ".")
	function, part, divided := strings.Cut(rest, "/")
	return x.functions[pkg+"."+function] && (!divided || x.literals[pkg+"\x00"+part])
}

// suitePackages are the packages whose tests are no _test.go files.
var suitePackages = []string{"internal/protocoltest", "storage/storagetest"}

// readTests parses every file of this module that holds tests.
func readTests(t *testing.T) testIndex {
	t.Helper()
	x := testIndex{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]string{}, map[string]bool{}}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if !strings.HasSuffix(path, "_test.go") && (filepath.Ext(path) != ".go" || !slices.Contains(suitePackages, pkg)) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		x.read(pkg, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (x testIndex) read(pkg string, file *ast.File) {
	for _, d := range file.Decls {
		if f, is := d.(*ast.FuncDecl); is && f.Recv == nil {
			x.functions[pkg+"."+f.Name.Name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			x.literals[pkg+"\x00"+stringValue(n)] = true
		case *ast.KeyValueExpr:
			if key, is := n.Key.(*ast.Ident); is && key.Name == "name" && pkg == suitePackages[0] {
				x.cases[stringValue(n.Value)] = true
			}
		case *ast.ValueSpec:
			x.list(n)
		case *ast.CompositeLit:
			if name, value := pair(n); pkg == suitePackages[1] && strings.HasSuffix(value, "Contracts") {
				x.groups[name] = value
			} else if pkg == suitePackages[1] && strings.HasPrefix(value, "reopen") {
				x.listed["reopen/"+name] = true
			}
		}
		return true
	})
}

// list reads a variable that lists promises: names with their functions.
func (x testIndex) list(v *ast.ValueSpec) {
	for _, value := range v.Values {
		all, is := value.(*ast.CompositeLit)
		if !is {
			continue
		}
		for _, e := range all.Elts {
			if one, is := e.(*ast.CompositeLit); is {
				name, _ := pair(one)
				x.listed[v.Names[0].Name+"/"+name] = true
			}
		}
	}
}

// pair is a composite of a text and an identifier.
func pair(c *ast.CompositeLit) (name, value string) {
	if len(c.Elts) != 2 {
		return "", ""
	}
	if id, is := c.Elts[1].(*ast.Ident); is {
		return stringValue(c.Elts[0]), id.Name
	}
	return "", ""
}

// stringValue is the value of a text in the source, "" for anything else.
func stringValue(e ast.Expr) string {
	if lit, is := e.(*ast.BasicLit); is && lit.Kind == token.STRING {
		text, _ := strconv.Unquote(lit.Value) // it has been parsed
		return text
	}
	return ""
}
