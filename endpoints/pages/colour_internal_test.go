package pages

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// variables returns the variables of a style in one colour scheme: those of the dark one come
// over those of the light one.
func variables(t testing.TB, style string, dark bool) map[string]colour {
	t.Helper()
	found := map[string]colour{}
	block := regexp.MustCompile(`(@media ?\(prefers-color-scheme: ?dark\) ?\{\s*)?:root ?\{([^}]*)\}`)
	for _, b := range block.FindAllStringSubmatch(style, -1) {
		if b[1] != "" && !dark {
			continue
		}
		for _, v := range regexp.MustCompile(`--([a-z-]+): ?(#[0-9a-f]+)`).FindAllStringSubmatch(b[2], -1) {
			c, err := parseColour(v[2])
			if err != nil {
				t.Fatal(err)
			}
			found[v[1]] = c
		}
	}
	return found
}

// pairs are the colours that meet on the pages, and the contrast that they need.
var pairs = []struct {
	front, back string
	ratio       float64
}{
	{"text", "page", textContrast}, {"text", "surface", textContrast}, {"text", "note-surface", textContrast},
	{"muted", "page", textContrast}, {"muted", "surface", textContrast}, {"muted", "note-surface", textContrast},
	{"danger", "surface", textContrast}, {"danger", "danger-surface", textContrast},
	{"done", "done-surface", textContrast}, {"done", "surface", textContrast},
	{"link", "surface", textContrast}, {"link", "page", textContrast}, {"link", "note-surface", textContrast},
	{"on-accent", "accent", textContrast}, {"on-accent", "accent-hover", textContrast},
	{"edge", "surface", shapeContrast}, {"edge", "page", shapeContrast}, {"accent", "surface", shapeContrast},
}

// checkContrast returns every pair that cannot be read, in both colour schemes.
func checkContrast(t testing.TB, accent colour) (faults []string) {
	t.Helper()
	base, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	style := string(base) + accentStyle(accent)
	for _, dark := range []bool{false, true} {
		v := variables(t, style, dark)
		for _, p := range pairs {
			front, ok := v[p.front]
			back, also := v[p.back]
			if !ok || !also {
				t.Fatalf("no variable --%s or --%s", p.front, p.back)
			}
			if got := contrast(front, back); got < p.ratio {
				faults = append(faults, fmt.Sprintf("dark %v, accent %v: --%s %v on --%s %v is %.2f, needs %v", dark, accent, p.front, front, p.back, back, got, p.ratio))
			}
		}
	}
	return faults
}

// Every text can be read on what it stands on, in both colour schemes (WCAG 2.2, 1.4.3 and
// 1.4.11). L21.
func TestStyle_MeetsContrast(t *testing.T) {
	c, err := parseColour(defaultAccent)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range checkContrast(t, c) {
		t.Error(fault)
	}
}

// Whatever accent an operator chooses, every text can be read.
func TestStyle_MeetsContrastWithAnyAccent(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		part := rapid.IntRange(0, 255)
		c := colour{float64(part.Draw(r, "red")), float64(part.Draw(r, "green")), float64(part.Draw(r, "blue"))}
		if faults := checkContrast(t, c); len(faults) > 0 {
			r.Fatal(strings.Join(faults, "\n"))
		}
	})
}

// The accent is fitted to the surfaces that the style has.
func TestAccent_KnowsTheSurfaces(t *testing.T) {
	style, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark := variables(t, string(style), false), variables(t, string(style), true)
	if got := (surfaces{light["surface"], light["page"]}); got != lightSurfaces {
		t.Errorf("the light surfaces are %v, not %v", got, lightSurfaces)
	}
	if got := (surfaces{dark["surface"], dark["note-surface"]}); got != darkSurfaces {
		t.Errorf("the dark surfaces are %v, not %v", got, darkSurfaces)
	}
}

// WCAG's own examples: black on white is 21, and #777777 on white is just too little.
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000", "#fff", 21}, {"#fff", "#ffffff", 1}, {"#777777", "#fff", 4.48}} {
		a, errA := parseColour(c.a)
		b, errB := parseColour(c.b)
		if got := contrast(a, b); errA != nil || errB != nil || got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("%s on %s is %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
	for _, wrong := range []string{"", "#", "blue", "#12", "#1234", "#12345g", "123456", "#-12345", "#1234567"} {
		if _, err := parseColour(wrong); err == nil {
			t.Errorf("%q is taken for a colour", wrong)
		}
	}
}
