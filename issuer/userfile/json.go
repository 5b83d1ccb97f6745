package userfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// jsonLines reads one JSON object a line. Empty lines are passed over.
type jsonLines struct{ in *input }

func (s *jsonLines) next() (row, error) {
	for {
		line := s.in.line
		text, tooLong, err := s.in.readLine()
		if err != nil {
			return row{}, err
		}
		if tooLong || len(bytes.TrimSpace(text)) > 0 {
			return objectRow(line, text, tooLong)
		}
	}
}

// jsonArray reads the elements of one JSON array. Only the array's own structure is
// followed here; each element is then judged like a line, so that a bad one does not
// spoil those after it.
type jsonArray struct {
	in     *input
	closed bool
	ended  bool
}

func newJSONArray(in *input) (rowReader, error) {
	_, err := in.readByte() // the opening bracket
	return &jsonArray{in: in}, err
}

func (s *jsonArray) next() (row, error) {
	first, err := s.in.skipSpace()
	switch {
	case s.ended:
		return row{}, io.EOF
	case s.closed:
		return row{}, s.finish(err, "there is text after the end of the array")
	case err == io.EOF:
		return row{}, s.finish(nil, "the array is not closed: the file may be cut off")
	case err != nil:
		return row{}, err
	case first == ']':
		s.closed = true
		if _, err := s.in.readByte(); err != nil {
			return row{}, err
		}
		return s.next()
	}
	line := s.in.line
	element, err := s.element()
	if err != nil {
		return row{}, err
	}
	return objectRow(line, element.text, element.tooLong())
}

// finish reports a last fault, if there is no error already, and ends the file.
func (s *jsonArray) finish(err error, reason string) error {
	if err != nil {
		return err
	}
	s.ended = true
	line := s.in.line
	if err := s.drain(); err != nil {
		return err
	}
	return &LineError{Line: line, Reason: reason}
}

// drain reads what is left, so that the offset ends where the file does.
func (s *jsonArray) drain() error {
	for {
		if _, err := s.in.readByte(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// element reads up to the comma or bracket that ends one element, and that too.
func (s *jsonArray) element() (*boundedBuffer, error) {
	var text boundedBuffer
	var at jsonNesting
	for {
		c, err := s.in.readByte()
		if err == io.EOF {
			return &text, nil // the next call finds the array open
		}
		if err != nil {
			return nil, err
		}
		if at.top() && (c == ',' || c == ']') {
			s.closed = c == ']'
			return &text, nil
		}
		text.add(c)
		at.step(c)
	}
}

// jsonNesting follows brackets and strings through JSON text, good or bad.
type jsonNesting struct {
	depth             int
	inString, escaped bool
}

func (n *jsonNesting) top() bool { return n.depth == 0 && !n.inString }

func (n *jsonNesting) step(c byte) {
	switch {
	case n.escaped:
		n.escaped = false
	case c == '"':
		n.inString = !n.inString
	case n.inString && c == '\\':
		n.escaped = true
	case n.inString && c == '\n':
		n.inString = false // no string spans lines: the fault ends here
	case n.inString:
	case c == '{' || c == '[':
		n.depth++
	case c == '}' || c == ']':
		n.depth = max(0, n.depth-1)
	}
}

// objectRow reads one object, or says what is wrong with the line.
func objectRow(line int, text []byte, tooLong bool) (row, error) {
	if tooLong {
		return row{}, lineTooLong(line)
	}
	members, err := decodeObject(text)
	if err != nil {
		return row{}, &LineError{Line: line, Reason: err.Error()}
	}
	return row{line: line, members: members}, nil
}

func lineTooLong(line int) error {
	return &LineError{Line: line, Reason: fmt.Sprintf("longer than %d KiB", MaxLine>>10)}
}

var (
	errNotUTF8   = errors.New("not valid UTF-8")
	errNotObject = errors.New("not a JSON object")
	errTwice     = errors.New("a member is named twice")
)

// decodeObject reads text as exactly one JSON object without repeated names.
func decodeObject(text []byte) ([]member, error) {
	if !utf8.Valid(text) {
		return nil, errNotUTF8
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if start, err := d.Token(); err != nil {
		return nil, syntaxError(d)
	} else if start != json.Delim('{') {
		return nil, errNotObject
	}
	members, err := decodeMembers(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, syntaxError(d)
	}
	return members, nil
}

// decodeMembers reads up to the object's closing bracket, and that too.
func decodeMembers(d *json.Decoder) ([]member, error) {
	var members []member
	seen := make(map[string]bool)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, syntaxError(d)
		}
		m := member{name: name.(string)} // an object's keys are strings, or Token fails
		if seen[m.name] {
			return nil, errTwice
		}
		seen[m.name] = true
		if err := d.Decode(&m.value); err != nil {
			return nil, syntaxError(d)
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, syntaxError(d)
	}
	return members, nil
}

// syntaxError says where JSON breaks, not at what: that might be part of a password.
func syntaxError(d *json.Decoder) error {
	return fmt.Errorf("not valid JSON near byte %d", d.InputOffset()+1)
}
