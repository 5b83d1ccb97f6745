package strictjson

import (
	"errors"
	"unicode/utf8"
)

// MaxDepth is the deepest nesting that is read: that of encoding/json.
const MaxDepth = 10_000

// Reasons for which an object is refused; beside them *[SyntaxError].
var (
	ErrUTF8        = errors.New("not valid UTF-8")
	ErrNotObject   = errors.New("not a JSON object")
	ErrDuplicate   = errors.New("repeated member")
	ErrManyMembers = errors.New("too many members in one object")
)

// A SyntaxError refuses text that is not JSON, or nested too deeply.
type SyntaxError struct {
	Offset int // in bytes: where the member name or value begins that could not be read
}

func (e *SyntaxError) Error() string { return "not valid JSON" }

// Member is one member of a JSON object.
type Member struct {
	Name  string
	Value string // as JSON text, without space around it
}

// Object returns the members of the JSON object in data, in their order,
// appended to dst. Objects inside are checked by the same rules. maxMembers
// bounds each object; the check for repeated names is quadratic in it.
func Object(dst []Member, data []byte, maxMembers int) ([]Member, error) {
	if !utf8.Valid(data) {
		return nil, ErrUTF8
	}
	s := scanner{text: string(data), members: dst, maxMembers: maxMembers}
	s.skipSpace()
	if s.peek() != '{' {
		return nil, s.notObject()
	}
	if err := s.object(1); err != nil {
		return nil, err
	}
	if s.skipSpace(); s.pos < len(s.text) {
		return nil, &SyntaxError{Offset: s.pos + 1}
	}
	return s.members, nil
}

// Find returns the value of the member with exactly this name.
func Find(members []Member, name string) (value string, found bool) {
	for _, m := range members {
		if m.Name == name {
			return m.Value, true
		}
	}
	return "", false
}

// notObject tells another JSON value from text that is not JSON.
func (s *scanner) notObject() error {
	if s.token = s.pos; s.peek() == '[' {
		return ErrNotObject
	}
	if err := s.scalar(); err != nil {
		return err
	}
	return ErrNotObject
}

// object reads the object at pos, which nests depth deep, and appends its
// members.
func (s *scanner) object(depth int) error {
	first := len(s.members)
	s.pos++
	if s.skipSpace(); s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		name, err := s.name(first, depth)
		if err != nil {
			return err
		}
		start := s.pos
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.members = append(s.members, Member{name, s.text[start:s.pos]})
		more, err := s.separator('}')
		if !more {
			return err
		}
	}
}

// name reads a member name and moves to its value. The members of the same
// object begin at index first.
func (s *scanner) name(first, depth int) (string, error) {
	if depth == 1 {
		s.token = s.pos
	}
	quoted, ok := s.quoted()
	if !ok {
		return "", s.fail()
	}
	name := unquote(quoted)
	for i := first; i < len(s.members); i++ {
		if s.members[i].Name == name {
			return "", ErrDuplicate
		}
	}
	if len(s.members)-first >= s.maxMembers {
		return "", ErrManyMembers
	}
	if s.skipSpace(); s.peek() != ':' {
		return "", s.fail()
	}
	s.pos++
	s.skipSpace()
	if depth == 1 {
		s.token = s.pos
	}
	return name, nil
}

// array checks the array at pos, which nests depth deep.
func (s *scanner) array(depth int) error {
	s.pos++
	if s.skipSpace(); s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := s.value(depth + 1); err != nil {
			return err
		}
		more, err := s.separator(']')
		if !more {
			return err
		}
	}
}

// separator moves behind a comma, and to what follows it, or behind the closing
// bracket. It tells whether another element follows.
func (s *scanner) separator(closing byte) (more bool, err error) {
	s.skipSpace()
	switch s.peek() {
	case ',':
		s.pos++
		s.skipSpace()
		return true, nil
	case closing:
		s.pos++
		return false, nil
	}
	return false, s.fail()
}

// value moves behind the value at pos and checks it. Of the objects inside it
// no member is kept.
func (s *scanner) value(depth int) error {
	c := s.peek()
	if c != '{' && c != '[' {
		return s.scalar()
	}
	if depth > MaxDepth {
		return s.fail()
	}
	if c == '[' {
		return s.array(depth)
	}
	before := len(s.members)
	err := s.object(depth)
	s.members = s.members[:before]
	return err
}
