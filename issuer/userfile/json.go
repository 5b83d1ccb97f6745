package userfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"example.org/signet/internal/strictjson"
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
	inside bool // of an object, whose other members follow and are passed over
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
	case s.closed && s.inside && err == nil:
		s.ended = true
		if err := s.drain(); err != nil {
			return row{}, err
		}
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
	errNotUTF8     = errors.New("not valid UTF-8")
	errNotObject   = errors.New("not a JSON object")
	errTwice       = errors.New("a member is named twice")
	errManyMembers = fmt.Errorf("more than %d members in one object", maxMembers)
)

// maxMembers bounds the members of one object.
const maxMembers = 1024

// decodeObject reads text as exactly one JSON object without repeated names.
func decodeObject(text []byte) ([]member, error) {
	found, err := strictjson.Object(nil, text, maxMembers)
	if err != nil {
		return nil, describeJSONError(err)
	}
	members := make([]member, len(found))
	for n, m := range found {
		members[n].name = m.Name
		d := json.NewDecoder(strings.NewReader(m.Value))
		d.UseNumber()
		if err := d.Decode(&members[n].value); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// describeJSONError says where JSON breaks, not at what: that might be part of a
// password.
func describeJSONError(err error) error {
	var syntax *strictjson.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON near byte %d", syntax.Offset+1)
	case errors.Is(err, strictjson.ErrUTF8):
		return errNotUTF8
	case errors.Is(err, strictjson.ErrDuplicate):
		return errTwice
	case errors.Is(err, strictjson.ErrManyMembers):
		return errManyMembers
	}
	return errNotObject
}
