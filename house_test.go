// Package signet_test keeps the house in order: which room may import which.
package signet_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "example.org/signet/"

// floors orders the rooms from the top down: a package may import packages of
// its own floor's subtree and of the floors below, never one above.
var floors = []string{"cmd", "endpoints", "issuer", "keys", "storage"}

// alone are the rooms that import nothing of this module.
var alone = []string{"verify", "internal/mongotest", "internal/failpoint", "internal/linear"}

// quiet are the rooms that may not log: they return errors.
var quiet = []string{"issuer", "keys", "storage", "verify"}

type importLine struct {
	file, from, to string
	test           bool
}

func TestImportsPointOneWay(t *testing.T) {
	lines := imports(t)
	if len(lines) < 100 {
		t.Fatalf("only %d imports found: the walk is broken", len(lines))
	}
	for _, l := range lines {
		to, ours := strings.CutPrefix(l.to, module)
		if l.test || !ours {
			continue
		}
		if room := ownRoom(l.from); room != "" && ownRoom(to) != room {
			t.Errorf("%s: %s stands alone, it may not import %s", l.file, l.from, to)
		}
		from, below := floor(l.from), floor(to)
		if from >= 0 && below >= 0 && below < from {
			t.Errorf("%s: %s may not import %s, which lies above it", l.file, l.from, to)
		}
	}
}

// The checker judges the issuer, so it must not believe its code.
func TestCheckerIsIndependent(t *testing.T) {
	for _, l := range imports(t) {
		if l.from == "internal/checker" && !l.test && strings.HasPrefix(l.to, module) && l.to != module+"storage" {
			t.Errorf("%s imports %s", l.file, l.to)
		}
	}
}

// A storage backend is picked by cmd alone; nobody else knows a driver.
func TestOnlyCommandKnowsDrivers(t *testing.T) {
	for _, l := range imports(t) {
		backend := strings.HasPrefix(l.to, module+"storage/")
		if !l.test && backend && floor(l.from) != 0 && !strings.HasPrefix(l.from, "storage/") && !strings.HasSuffix(l.from, "test") {
			t.Errorf("%s: %s imports the backend %s", l.file, l.from, l.to)
		}
	}
}

func TestQuietRoomsDoNotLog(t *testing.T) {
	for _, l := range imports(t) {
		room := strings.SplitN(l.from, "/", 2)[0]
		if !l.test && slices.Contains(quiet, room) && (l.to == "log" || l.to == "github.com/rs/zerolog" || strings.HasPrefix(l.to, "github.com/rs/zerolog/")) {
			t.Errorf("%s: %s imports %s, it should return errors", l.file, l.from, l.to)
		}
	}
}

// verify is what other people import: go-jose and the standard library only.
func TestVerifyStaysLight(t *testing.T) {
	for _, l := range imports(t) {
		if l.test || l.from != "verify" {
			continue
		}
		foreign := strings.Contains(strings.SplitN(l.to, "/", 2)[0], ".")
		if foreign && !strings.HasPrefix(l.to, "github.com/go-jose/go-jose/v4") {
			t.Errorf("%s imports %s", l.file, l.to)
		}
	}
}

func floor(pkg string) int { return slices.Index(floors, strings.SplitN(pkg, "/", 2)[0]) }

func ownRoom(pkg string) string {
	for _, room := range alone {
		if pkg == room || strings.HasPrefix(pkg, room+"/") {
			return room
		}
	}
	return ""
}

// imports reads every import of every Go file of this module.
func imports(t *testing.T) []importLine {
	t.Helper()
	var lines []importLine
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || path == "examples" || path == "internal/mongotest/server") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			lines = append(lines, importLine{path, filepath.ToSlash(filepath.Dir(path)), to, strings.HasSuffix(path, "_test.go")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
