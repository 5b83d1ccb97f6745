package strictjson

import "strings"

// scanner walks through JSON text and checks its grammar (RFC 8259).
type scanner struct {
	text       string
	pos        int
	token      int // where the outermost name or value begins that is being read
	members    []Member
	maxMembers int
}

func (s *scanner) fail() error { return &SyntaxError{Offset: s.token} }

// peek returns the byte at pos, 0 at the end: no JSON text has one.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.text) && isSpace(s.text[s.pos]) {
		s.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// scalar moves behind a string, a number, true, false or null.
func (s *scanner) scalar() error {
	ok := false
	switch c := s.peek(); {
	case c == '"':
		_, ok = s.quoted()
	case c == '-' || isDigit(c):
		ok = s.number()
	default:
		ok = s.word("true") || s.word("false") || s.word("null")
	}
	if !ok {
		return s.fail()
	}
	return nil
}

func (s *scanner) word(word string) bool {
	if !strings.HasPrefix(s.text[s.pos:], word) {
		return false
	}
	s.pos += len(word)
	return true
}

// number moves behind a number (RFC 8259 §6).
func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		if s.pos++; !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return true
}

// digits moves behind one or more digits.
func (s *scanner) digits() bool {
	start := s.pos
	for isDigit(s.peek()) {
		s.pos++
	}
	return s.pos > start
}

// quoted moves behind the string at pos and returns it with its quotes
// (RFC 8259 §7).
func (s *scanner) quoted() (string, bool) {
	if s.peek() != '"' {
		return "", false
	}
	for i := s.pos + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			quoted := s.text[s.pos : i+1]
			s.pos = i + 1
			return quoted, true
		case c < ' ':
			return "", false
		case c == '\\':
			length := escapeLength(s.text[i:])
			if length == 0 {
				return "", false
			}
			i += length - 1
		}
	}
	return "", false
}

// escapeLength returns the length of the escape at the beginning of the text,
// 0 if there is none.
func escapeLength(text string) int {
	if len(text) < 2 {
		return 0
	}
	if text[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, text[1]) < 0 {
			return 0
		}
		return 2
	}
	const length = len(`\u0000`)
	if len(text) < length {
		return 0
	}
	for _, c := range []byte(text[2:length]) {
		if lower := c | 0x20; !isDigit(c) && (lower < 'a' || lower > 'f') {
			return 0
		}
	}
	return length
}
