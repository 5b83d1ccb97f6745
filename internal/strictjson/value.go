package strictjson

import (
	"encoding/json"
	"strings"
)

// String reads the value of a [Member] that must be a string. Half a surrogate
// pair becomes U+FFFD, as encoding/json has it.
func String(value string) (string, bool) {
	if !strings.HasPrefix(value, `"`) {
		return "", false
	}
	return unquote(value), true
}

// Strings reads the value of a [Member] that must be an array of nothing but
// strings. It is never nil for one that is.
func Strings(value string) ([]string, bool) {
	if !strings.HasPrefix(value, "[") {
		return nil, false
	}
	const most = 8 // elements that are allocated for before they are seen
	list := make([]string, 0, min(strings.Count(value, ",")+1, most))
	s := scanner{text: value, pos: 1}
	if s.skipSpace(); s.peek() == ']' {
		return list, true
	}
	for {
		quoted, ok := s.quoted()
		if !ok {
			return nil, false
		}
		list = append(list, unquote(quoted))
		if more, err := s.separator(']'); !more {
			return list, err == nil
		}
	}
}

// unquote reads a valid JSON string. One without escapes is not copied.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal([]byte(quoted), &text) // its grammar has been checked
	return text
}
