package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestInteroperabilityVersions: the versions that docs/interoperability.md
// names are those that are played, and none that is played is missing.
func TestInteroperabilityVersions(t *testing.T) {
	page := readAll(t, "../../docs/interoperability.md")
	_, page, _ = strings.Cut(page, "\n## Played by CI\n")
	page, _, _ = strings.Cut(page, "\n### ")
	named := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\S+) \\|").FindAllStringSubmatch(page, -1) {
		named[row[1]] = row[2]
	}
	played := playedVersions(t)
	for name, version := range named {
		if played[name] != version {
			t.Errorf("the page names %s %s, played is %q", name, version, played[name])
		}
	}
	for name, version := range playedVersions(t, "go/go.mod", "node/package.json", "python/requirements.txt") {
		helper := name == "github.com/golang-jwt/jwt/v5" || name == "github.com/lestrrat-go/httprc/v3" || name == "golang.org/x/oauth2" || name == "axe-core"
		if named[name] == "" && !helper {
			t.Errorf("the page does not name %s %s", name, version)
		}
	}
}

// pins finds a direct dependency's name and version in a manifest.
var pins = map[string]*regexp.Regexp{
	".mod":  regexp.MustCompile(`(?m)^\t(\S+) (v\S+)$`), // without // indirect
	".json": regexp.MustCompile(`(?m)^    "([^"]+)": "([0-9][^"]*)"`),
	".txt":  regexp.MustCompile(`(?m)^([a-z-]+)(?:\[[a-z]+\])?==(\S+)$`),
	".xml":  regexp.MustCompile(`<artifactId>(\S+)</artifactId>\s*<version>(\S+)</version>`),
}

// playedVersions reads manifests, by default all. What the packages of a
// requirements.txt need in turn stands below a comment.
func playedVersions(t *testing.T, files ...string) map[string]string {
	t.Helper()
	if len(files) == 0 {
		files = []string{"../../examples/spa/package.json", "../../examples/node-web/package.json", "../../examples/java/pom.xml", "../../examples/python/requirements.txt", "go/go.mod", "../../go.mod", "node/package.json", "python/requirements.txt"}
	}
	versions := map[string]string{}
	for _, file := range files {
		text, _, _ := strings.Cut(readAll(t, file), "\n#")
		found := pins[filepath.Ext(file)].FindAllStringSubmatch(text, -1)
		if len(found) == 0 {
			t.Errorf("%s pins nothing", file)
		}
		for _, m := range found {
			versions[m[1]] = m[2]
		}
	}
	return versions
}

func readAll(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
