package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// Byte order marks, with which editors and shells on Windows let a text begin.
const (
	bomUTF8    = "\xEF\xBB\xBF"
	bomUTF16LE = "\xFF\xFE"
	bomUTF16BE = "\xFE\xFF"
)

// bomRune is the mark as a character.
const bomRune = '\uFEFF'

// readBounded reads a small file of at most limit bytes, as readBoundedFrom.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBoundedFrom(f, path, limit)
}

// readBoundedFrom reads a short text of at most limit bytes, without the byte order
// mark that may stand before it. Text in UTF-16 is refused: taken as it is it would be
// another password.
func readBoundedFrom(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%s is longer than %d bytes", name, limit)
	case bytes.HasPrefix(data, []byte(bomUTF16LE)), bytes.HasPrefix(data, []byte(bomUTF16BE)):
		return nil, fmt.Errorf("%s is text in UTF-16: save it as UTF-8", name)
	}
	return bytes.TrimPrefix(data, []byte(bomUTF8)), nil
}
