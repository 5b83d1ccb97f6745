package sqlite

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
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
// going past the type to database/sql, which these few functions do.
func TestStatementsAreConstants(t *testing.T) {
	may := map[string]bool{
		"query.go: prepare": true, "migrate.go: run": true, "migrate.go: pragma": true, // they take a query
		"migrate.go: migrateOnce": true, // takes the embedded files
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
					if runsText(callee.Sel.Name, call) && !may[where] {
						t.Errorf("%s hands a text to database/sql", files.Position(call.Pos()))
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

// runsText tells calls on a database or connection, which take a text as their
// second argument, from those on a statement, which has its own.
func runsText(method string, call *ast.CallExpr) bool {
	switch method {
	case "Exec", "Query", "QueryRow", "Prepare", "PrepareContext":
		return true
	case "ExecContext", "QueryContext", "QueryRowContext":
		callee, _ := call.Fun.(*ast.SelectorExpr)
		on, named := callee.X.(*ast.Ident)
		return !named || on.Name != "stmt"
	}
	return false
}

// The store keeps each statement once; pages and filters make no new ones.
func TestStatementsAreFew(t *testing.T) {
	s := openTest(t)
	for n := range 50 {
		name := fmt.Sprint(n)
		if err := insertNow(t, s, name); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Role(t.Context(), name); err != nil {
			t.Errorf("Role: %v", err)
		}
	}
	if n := len(s.writer.tx.statements.cache); n > 3 {
		t.Errorf("the writer holds %d statements, want begin, insert and commit", n)
	}
	if n := len(s.readers.statements.cache); n != 1 {
		t.Errorf("the readers hold %d statements, want one", n)
	}
}
