package pages

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// colour is an sRGB colour, each part from 0 to 255.
type colour [3]float64

var (
	white = colour{255, 255, 255}
	ink   = colour{20, 22, 26}
)

// surfaces are what the accent is seen on: those of assets/style.css, which a test compares.
type surfaces struct {
	card colour // under buttons
	link colour // under links: of all that there are, the nearest to the text
}

var (
	lightSurfaces = surfaces{card: white, link: colour{0xf4, 0xf4, 0xf1}}
	darkSurfaces  = surfaces{card: colour{0x1d, 0x1f, 0x24}, link: colour{0x26, 0x2a, 0x33}}
)

const (
	defaultAccent = "#2a55c4"
	textContrast  = 4.5 // WCAG 2.2, 1.4.3
	shapeContrast = 3   // WCAG 2.2, 1.4.11
)

// parseColour reads #rgb or #rrggbb.
func parseColour(text string) (colour, error) {
	hex, ok := strings.CutPrefix(text, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || len(hex) != 6 || err != nil {
		return colour{}, fmt.Errorf("%q is not a colour such as #2a55c4", text)
	}
	return colour{float64(n >> 16), float64(n >> 8 & 0xff), float64(n & 0xff)}, nil
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

// luminance is WCAG's relative luminance.
func (c colour) luminance() float64 {
	weights := [3]float64{0.2126, 0.7152, 0.0722}
	var sum float64
	for n, part := range c {
		part = math.Round(part) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		sum += weights[n] * part
	}
	return sum
}

// contrast is WCAG's contrast ratio, from 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// reach returns c, moved as little as needed towards another colour until its contrast with a
// surface is enough.
func (c colour) reach(towards, surface colour, ratio float64) colour {
	for n := range 101 {
		var mixed colour
		for i := range mixed {
			mixed[i] = c[i] + (towards[i]-c[i])*float64(n)/100
		}
		if contrast(mixed, surface) >= ratio {
			return mixed
		}
	}
	return towards
}

// on returns the colour of text on c: white where that can be read, else nearly black.
func (c colour) on() colour {
	if contrast(white, c) >= textContrast {
		return white
	}
	return ink
}

// accentStyle returns the variables of an accent in both colour schemes. Whatever the accent,
// links reach the contrast of text, and buttons stand out from the surface; a hovered button
// keeps the contrast of its text.
func accentStyle(accent colour) string {
	variables := func(under surfaces, towards colour) string {
		button := accent.reach(towards, under.card, shapeContrast)
		on := button.on()
		if contrast(on, button) < textContrast {
			button = button.reach(white, ink, textContrast)
		}
		away := white
		if on == white {
			away = ink
		}
		hover := colour{}
		for n := range hover {
			hover[n] = button[n] + (away[n]-button[n])*0.14
		}
		return fmt.Sprintf("--accent:%v;--accent-hover:%v;--on-accent:%v;--link:%v", button, hover, on, accent.reach(towards, under.link, textContrast+0.1))
	}
	return ":root{" + variables(lightSurfaces, ink) + "}@media(prefers-color-scheme:dark){:root{" + variables(darkSurfaces, white) + "}}"
}
