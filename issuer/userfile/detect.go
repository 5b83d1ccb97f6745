package userfile

import "io"

// detect chooses the reader by the first byte that is not white space.
func detect(in *input, names fieldNames) (rowReader, error) {
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
		return newJSONObjects(in)
	}
	return newCSVTable(in, names)
}
