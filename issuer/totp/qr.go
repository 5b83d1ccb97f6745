package totp

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quietZone is the white around a QR code, in modules: readers need four.
const quietZone = 4

// QR is a QR code as the path of an SVG picture.
type QR struct {
	Size int    // of each side, in units of the path
	Path string // what is dark: the attribute d of a path
}

// NewQR returns the QR code of a text.
func NewQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}, fmt.Errorf("make a QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			first := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > first {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", first+quietZone, y+quietZone, x-first, x-first)
			}
		}
	}
	return QR{Size: code.Size + 2*quietZone, Path: path.String()}, nil
}
