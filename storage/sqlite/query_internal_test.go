package sqlite

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources parses what the package is made of, without its tests.
func sources(t *testing.T) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no source files: %v", err)
	}
	files, parsed := token.NewFileSet(), make(map[string]*ast.File)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if parsed[name], err = parser.ParseFile(files, name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files, parsed
}

// Go converts nothing but a constant to a query by itself. So a statement can
// only be built from a value by a conversion, which this test looks for, or by
// going past the type to SQLite, which these few functions do.
func TestStatementsAreConstants(t *testing.T) {
	may := map[string]bool{
		"conn.go: prepare": true, "conn.go: run": true, // they take a query
		"migrate.go: migrateOnce": true, // takes the embedded files
		"conn.go: script":         true, // of these two
	}
	files, parsed := sources(t)
	for name, file := range parsed {
		for _, d := range file.Decls {
			where := name
			if f, is := d.(*ast.FuncDecl); is {
				where = fmt.Sprintf("%s: %s", name, f.Name.Name)
			}
			ast.Inspect(d, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is {
					return true
				}
				switch callee := call.Fun.(type) {
				case *ast.Ident:
					if callee.Name == "query" && !isConstant(call.Args[0]) {
						t.Errorf("%s converts a value to a query", files.Position(call.Pos()))
					}
				case *ast.SelectorExpr:
					if runsText(callee.Sel.Name) && !may[where] {
						t.Errorf("%s hands a text to SQLite", files.Position(call.Pos()))
					}
				}
				return true
			})
		}
	}
}

func isConstant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return isConstant(e.X) && isConstant(e.Y)
	}
	return false
}

// runsText tells the methods that take a text to run.
func runsText(method string) bool {
	switch method {
	case "Prep", "Prepare", "PrepareTransient", "script":
		return true
	}
	return false
}

// SQLite prepares a statement anew at each call if its limit is a bare parameter, for it looks at
// the value to find a plan.
func TestLimitsAreNoBareParameters(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no source files: %v", err)
	}
	bare := regexp.MustCompile(`LIMIT \?\d*([^ \d]| [^+])`)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := bare.Find(text); found != nil {
			t.Errorf("%s has %s, want ? + 0", name, found)
		}
	}
}

// The store keeps each statement once; pages and filters make no new ones.
func TestStatementsAreFew(t *testing.T) {
	s := openTest(t)
	before := len(s.writer.conn.statements)
	for n := range 50 {
		name := fmt.Sprint(n)
		if err := insertNow(t, s, name); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Role(t.Context(), name); err != nil {
			t.Errorf("Role: %v", err)
		}
	}
	if n := len(s.writer.conn.statements) - before; n > 3 {
		t.Errorf("the writer holds %d statements, want begin, insert and commit", n)
	}
	if len(s.readers.idle) != 1 || len(s.readers.idle[0].statements) != 1 {
		t.Errorf("the readers hold %d connections, want one with one statement", len(s.readers.idle))
	}
}

// A connection keeps a bounded number of statements: the one that was not used for longest goes.
func TestStatementsAreBounded(t *testing.T) {
	c := openTest(t).writer.conn
	const kept = query("SELECT 4711")
	text := query("SELECT 1")
	for range 2 * maxStatements {
		text += " + 1"
		for _, q := range []query{kept, text} {
			if _, err := c.exec(q); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(c.statements); n > maxStatements {
		t.Errorf("the connection keeps %d statements, want at most %d", n, maxStatements)
	}
	if c.statements[kept] == nil {
		t.Error("a statement that is used all the time was given back")
	}
}

// A statement with fewer or more arguments than it has parameters does not run.
func TestArgumentsAreCounted(t *testing.T) {
	c := openTest(t).writer.conn
	for _, args := range [][]any{nil, {"a"}, {"a", "b", "c"}, {"a", 1.5}} {
		if _, err := c.exec("DELETE FROM logins WHERE name = ? AND user_id = ?", args...); err == nil {
			t.Errorf("%d arguments were accepted for two parameters", len(args))
		}
	}
	if _, err := c.exec("DELETE FROM logins WHERE name = ? AND user_id = ?", "a", "b"); err != nil {
		t.Errorf("two arguments: %v", err)
	}
}
