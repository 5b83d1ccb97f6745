package archtest_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// templateUsers lists the packages of the binary that may import text/template or html/template.
// They call nothing of them but functions that escape (gomponents), or templates that Signet never
// sets (cobra, go-mail), so that the linker leaves the rest out.
var templateUsers = []string{"github.com/spf13/cobra", "github.com/wneessen/go-mail", "html/template", "maragu.dev/gomponents"}

// A program that executes templates keeps every exported method of every type in it, since
// text/template looks methods up by name (reflect.Value.MethodByName): 3.6 MB of the binary.
func TestImports_BinaryHasNoTemplates(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./cmd/signet").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < 100 {
		t.Fatalf("only %d packages found", len(lines))
	}
	for _, line := range lines {
		pkg, imports, _ := strings.Cut(line, " ")
		for _, to := range strings.Fields(imports) {
			if (to == "text/template" || to == "html/template") && !slices.Contains(templateUsers, pkg) {
				t.Errorf("%s imports %s", pkg, to)
			}
		}
	}
}

// What the imports cannot show: the linked binary has no code that executes a template.
func TestBinary_ExecutesNoTemplates(t *testing.T) {
	if testing.Short() {
		t.Skip("links the binary")
	}
	binary := filepath.Join(t.TempDir(), "signet")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/signet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	symbols, err := exec.Command("go", "tool", "nm", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(symbols, []byte("example.org/signet/endpoints/pages.(*Pages).Render")) {
		t.Fatal("the binary has no symbols to look at")
	}
	for line := range strings.Lines(string(symbols)) {
		if strings.Contains(line, "text/template.(*state)") || strings.Contains(line, "text/template.(*Template)") {
			t.Errorf("the binary has %s", strings.TrimSpace(line))
		}
	}
}
