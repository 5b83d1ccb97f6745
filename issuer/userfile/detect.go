package userfile

import (
	"bytes"
	"fmt"
	"io"
)

// detect chooses the reader by the first byte that is not white space.
func detect(in *input) (rowReader, error) {
	if err := in.skipBOM(); err != nil {
		return nil, err
	}
	first, err := in.skipSpace()
	if err == io.EOF {
		return nil, ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	switch first {
	case '[':
		return newJSONArray(in)
	case '{':
		return newJSONLines(in)
	}
	return newCSVTable(in)
}

// newJSONLines refuses an object that is laid out over lines, which would give one
// error a line and no user.
func newJSONLines(in *input) (rowReader, error) {
	if bytes.Equal(bytes.TrimSpace(in.firstLine()), []byte("{")) {
		return nil, fmt.Errorf("%w: write one JSON object a line, or an array of objects", ErrFormat)
	}
	return &jsonLines{in: in}, nil
}
