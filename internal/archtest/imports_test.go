package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "example.org/signet/"

// layers lists the top-level packages from the top down: a package may import
// its own subtree and the layers below, never one above.
var layers = []string{"cmd", "endpoints", "issuer", "keys", "storage"}

// standalone lists the packages that import nothing of this module but what
// standaloneImports names.
var standalone = []string{"verify", "internal/demoapp", "internal/mongotest", "internal/openssl", "internal/document", "internal/failpoint", "internal/fielderror", "internal/linear", "internal/random", "internal/safehttp", "internal/secret", "internal/strictjson", "internal/testclock", "internal/testdir", "internal/ttlcache"}

// standaloneImports lists what the standalone packages may import nevertheless.
var standaloneImports = map[string]string{"verify": "internal/strictjson"}

// noLogging lists the packages that may not log: they return errors.
var noLogging = []string{"issuer", "keys", "storage", "verify"}

// narrow lists packages with one job that need little of this module, and all that each may
// import of it. An entry that ends in a slash is a folder.
var narrow = map[string][]string{
	"endpoints/console":    {"endpoints/pages"},
	"endpoints/pages":      {"internal/"}, // a view in, HTML out: nothing of the protocol
	"issuer/account":       nil,
	"issuer/attribute":     {"internal/ttlcache", "issuer/account", "storage"},
	"issuer/authorization": {"internal/strictjson", "issuer/account", "keys", "storage"}, // decides, and calls no store
	"issuer/backchannel":   {"internal/safehttp", "issuer/audit", "issuer/outbox", "keys", "storage"},
	"issuer/connect":       nil,
	"issuer/epoch":         {"storage"},
	"issuer/mail":          {"internal/failpoint", "internal/random", "internal/secret", "issuer/audit", "issuer/mailtoken", "issuer/outbox", "storage"},
	"issuer/mailtoken":     {"keys", "storage"},
	"issuer/factor":        {"internal/failpoint", "issuer/passkey", "issuer/recovery", "issuer/totp", "keys", "storage"},
	"issuer/outbox":        {"internal/failpoint", "issuer/audit", "storage"},
	"issuer/passkey":       {"storage"},
	"issuer/recovery":      nil,
	"issuer/role":          {"internal/ttlcache", "storage"},
	"issuer/totp":          nil,
	"issuer/upstream":      {"internal/safehttp", "issuer/account", "issuer/role", "keys", "storage"},
	"internal/bench":       {"internal/secret"}, // speaks HTTP as any client does
	"internal/demoapp":     nil,
}

// httpBelowEndpoints lists the packages below endpoints that may send HTTP requests.
var httpBelowEndpoints = []string{"issuer/backchannel", "issuer/upstream"}

// randomDefaults lists the files below endpoints that may name a source of randomness: each
// is the default of a Config.
var randomDefaults = []string{"issuer/outbox/outbox.go", "issuer/password/config.go", "keys/config.go"}

type importLine struct {
	file, from, to string
	test           bool
}

func TestImports_FollowLayers(t *testing.T) {
	lines := imports(t)
	if len(lines) < 100 {
		t.Fatalf("only %d imports found: the walk is broken", len(lines))
	}
	for _, l := range lines {
		to, ours := strings.CutPrefix(l.to, module)
		if l.test || !ours {
			continue
		}
		if pkg := standaloneOf(l.from); pkg != "" && standaloneOf(to) != pkg && standaloneImports[pkg] != to {
			t.Errorf("%s: %s is standalone, it may not import %s", l.file, l.from, to)
		}
		from, below := layerOf(l.from), layerOf(to)
		if from >= 0 && below >= 0 && below < from {
			t.Errorf("%s: %s may not import %s, which lies above it", l.file, l.from, to)
		}
	}
}

// A package of the list narrow imports what stands there, and nothing else of this module.
func TestImports_NarrowPackagesStayNarrow(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range imports(t) {
		allowed, listed := narrow[l.from]
		seen[l.from] = true
		to, ours := strings.CutPrefix(l.to, module)
		if l.test || !listed || !ours {
			continue
		}
		if !slices.ContainsFunc(allowed, func(a string) bool { return a == to || strings.HasSuffix(a, "/") && strings.HasPrefix(to, a) }) {
			t.Errorf("%s: %s may not import %s", l.file, l.from, to)
		}
	}
	for pkg := range narrow {
		if !seen[pkg] {
			t.Errorf("%s is gone", pkg)
		}
	}
}

// What decides knows no HTTP, and gets its randomness given.
func TestImports_IssuerHasNoHTTPAndNoRandomness(t *testing.T) {
	for _, l := range imports(t) {
		pkg := strings.SplitN(l.from, "/", 2)[0]
		if l.test || pkg != "issuer" && pkg != "keys" {
			continue
		}
		switch l.to {
		case "net/http":
			if !slices.Contains(httpBelowEndpoints, l.from) {
				t.Errorf("%s: %s may not import %s", l.file, l.from, l.to)
			}
		case "crypto/rand", "math/rand", "math/rand/v2":
			if !slices.Contains(randomDefaults, filepath.ToSlash(l.file)) {
				t.Errorf("%s: randomness is given at construction: %s", l.file, l.to)
			}
		}
	}
}

// The wall clock is read by cmd alone; issuer and keys get a function.
func TestClock_IsGiven(t *testing.T) {
	for _, pkg := range []string{"issuer", "keys", "endpoints/pages"} {
		for path, file := range parsePackage(t, pkg) {
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"time.Now", "time.Since", "time.Until"}, types.ExprString(s)) {
					t.Errorf("%s reads the wall clock: %s", path, types.ExprString(s))
				}
				return true
			})
		}
	}
}

// The checker checks the issuer, so it must not import its code.
func TestCheckerIsIndependent(t *testing.T) {
	for _, l := range imports(t) {
		if l.from == "internal/checker" && !l.test && strings.HasPrefix(l.to, module) && l.to != module+"storage" {
			t.Errorf("%s imports %s", l.file, l.to)
		}
	}
}

// Only cmd imports a storage backend.
func TestImports_OnlyCommandKnowsDrivers(t *testing.T) {
	for _, l := range imports(t) {
		backend := strings.HasPrefix(l.to, module+"storage/")
		if !l.test && backend && layerOf(l.from) != 0 && !strings.HasPrefix(l.from, "storage/") && !strings.HasSuffix(l.from, "test") {
			t.Errorf("%s: %s imports the backend %s", l.file, l.from, l.to)
		}
	}
}

func TestImports_LibrariesDoNotLog(t *testing.T) {
	for _, l := range imports(t) {
		pkg := strings.SplitN(l.from, "/", 2)[0]
		if !l.test && slices.Contains(noLogging, pkg) && (l.to == "log" || l.to == "github.com/rs/zerolog" || strings.HasPrefix(l.to, "github.com/rs/zerolog/")) {
			t.Errorf("%s: %s imports %s, it should return errors", l.file, l.from, l.to)
		}
	}
}

// One package speaks WebAuthn: the library changes its interface with its minor versions.
func TestImports_OnePackageKnowsWebAuthn(t *testing.T) {
	found := false
	for _, l := range imports(t) {
		if l.test || !strings.HasPrefix(l.to, "github.com/go-webauthn/") {
			continue
		}
		if found = true; l.from != "issuer/passkey" {
			t.Errorf("%s imports %s, only issuer/passkey may", l.file, l.to)
		}
	}
	if !found {
		t.Error("nothing imports it")
	}
}

// A build without the tag openssl is pure Go: one file needs cgo, and the tag.
func TestImports_OpenSSLStaysBehindItsTag(t *testing.T) {
	const user = "internal/openssl/signer.go"
	found := false
	for _, l := range imports(t) {
		if l.to != "C" && !strings.HasPrefix(l.to, "github.com/golang-fips/") {
			continue
		}
		if found = true; filepath.ToSlash(l.file) != user {
			t.Errorf("%s imports %s, only %s may", l.file, l.to, user)
		}
	}
	text, err := os.ReadFile(user)
	if err != nil || !found || !strings.HasPrefix(string(text), "//go:build openssl && cgo\n") {
		t.Errorf("%s is not behind the tag, or imports nothing: %v", user, err)
	}
}

// verify is what other people import: go-jose, internal/strictjson and the standard
// library only. strictjson has the standard library alone.
func TestImports_VerifyStaysLight(t *testing.T) {
	for _, l := range imports(t) {
		if l.test || l.from != "verify" && l.from != "internal/strictjson" {
			continue
		}
		foreign := strings.Contains(strings.SplitN(l.to, "/", 2)[0], ".")
		allowed := strings.HasPrefix(l.to, "github.com/go-jose/go-jose/v4") || l.to == module+"internal/strictjson"
		if foreign && (l.from != "verify" || !allowed) {
			t.Errorf("%s imports %s", l.file, l.to)
		}
	}
}

func layerOf(pkg string) int { return slices.Index(layers, strings.SplitN(pkg, "/", 2)[0]) }

func standaloneOf(pkg string) string {
	for _, root := range standalone {
		if pkg == root || strings.HasPrefix(pkg, root+"/") {
			return root
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
