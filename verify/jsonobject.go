package verify

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// maxMembers bounds the members of one JSON object, so that looking for repeated
// names in a header that nobody has signed stays cheap.
const maxMembers = 256

// member is one name of a JSON object with its value, still as JSON text.
type member struct{ name, value string }

// parseObject returns the members of the JSON object in data, appended to dst.
// Names are exact; a name that is repeated in any object, however deep, is refused
// (RFC 7519 §4), as is text that is not UTF-8. The standard library checks the
// grammar, so that the scanner below only has to find where things end.
func parseObject(dst []member, data []byte) ([]member, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not utf-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("not json")
	}
	s := scanner{text: string(data), members: dst}
	s.skipSpace()
	if s.text[s.pos] != '{' {
		return nil, errors.New("not a json object")
	}
	if err := s.object(); err != nil {
		return nil, err
	}
	return s.members, nil
}

// scanner walks JSON text that is known to be valid.
type scanner struct {
	text    string
	pos     int
	members []member
}

// object reads the object at pos and leaves its members on s.members.
func (s *scanner) object() error {
	first := len(s.members)
	for s.pos++; s.more('}'); {
		name := unquote(s.string())
		s.skipSpace()
		s.pos++ // the colon
		s.skipSpace()
		start := s.pos
		if err := s.value(); err != nil {
			return err
		}
		if err := s.add(first, member{name, s.text[start:s.pos]}); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) add(first int, m member) error {
	if len(s.members)-first >= maxMembers {
		return errors.New("too many members in one object")
	}
	for i := first; i < len(s.members); i++ {
		if s.members[i].name == m.name {
			return errors.New("repeated member")
		}
	}
	s.members = append(s.members, m)
	return nil
}

// value moves behind the value at pos and checks the objects inside it.
func (s *scanner) value() error {
	switch s.text[s.pos] {
	case '{':
		before := len(s.members)
		err := s.object()
		s.members = s.members[:before]
		return err
	case '[':
		for s.pos++; s.more(']'); {
			if err := s.value(); err != nil {
				return err
			}
		}
	case '"':
		s.string()
	default: // a number or a word
		for s.pos < len(s.text) && !isDelimiter(s.text[s.pos]) {
			s.pos++
		}
	}
	return nil
}

// more moves to the next element of an array or object. At the end it moves behind
// the closing bracket and says so.
func (s *scanner) more(closing byte) bool {
	s.skipSpace()
	if s.text[s.pos] == ',' {
		s.pos++
		s.skipSpace()
	}
	if s.text[s.pos] != closing {
		return true
	}
	s.pos++
	return false
}

// string moves behind the string at pos and returns it with its quotes.
func (s *scanner) string() string {
	start := s.pos
	s.pos++
	s.pos += strings.IndexByte(s.text[s.pos:], '"') + 1
	if strings.IndexByte(s.text[start:s.pos], '\\') < 0 {
		return s.text[start:s.pos]
	}
	for s.pos = start + 1; s.text[s.pos] != '"'; s.pos++ {
		if s.text[s.pos] == '\\' {
			s.pos++ // whatever is escaped, it is not the end
		}
	}
	s.pos++
	return s.text[start:s.pos]
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.text) && isSpace(s.text[s.pos]) {
		s.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func isDelimiter(c byte) bool { return c == ',' || c == '}' || c == ']' || isSpace(c) }

// unquote reads a valid JSON string; one without escapes is not copied.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal([]byte(quoted), &text) // valid already
	return text
}

// stringValue reads a JSON value that must be a string.
func stringValue(value string) (string, bool) {
	if value[0] != '"' {
		return "", false
	}
	return unquote(value), true
}

// stringArray reads a JSON value that must be an array of nothing but strings.
func stringArray(value string) ([]string, bool) {
	if value[0] != '[' {
		return nil, false
	}
	out := []string{}
	s := scanner{text: value, pos: 1}
	for s.more(']') {
		if s.text[s.pos] != '"' {
			return nil, false
		}
		out = append(out, unquote(s.string()))
	}
	return out, true
}
