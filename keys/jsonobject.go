package keys

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

var errNotObject = errors.New("not a JSON object in UTF-8")

// parseObject splits a JSON object into its members: the raw values by their
// names, which are compared exactly. It refuses anything else, and a name that
// is given twice, in whatever spelling (RFC 7515 §4, RFC 7519 §4). Objects
// inside are not looked into.
func parseObject(raw []byte) (map[string]json.RawMessage, error) {
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return nil, errNotObject
	}
	at := skipSpace(raw, 0)
	if raw[at] != '{' {
		return nil, errNotObject
	}
	fields := make(map[string]json.RawMessage, 12)
	for at = skipSpace(raw, at+1); raw[at] != '}'; {
		end := skipString(raw, at)
		name, err := parseString(raw[at:end])
		if err != nil {
			return nil, err
		}
		if _, twice := fields[name]; twice {
			return nil, errors.New("a member is given twice")
		}
		at = skipSpace(raw, skipSpace(raw, end)+1) // over the colon
		end = skipValue(raw, at)
		fields[name] = raw[at:end]
		if at = skipSpace(raw, end); raw[at] == ',' {
			at = skipSpace(raw, at+1)
		}
	}
	return fields, nil
}

// parseString reads a JSON string.
func parseString(raw []byte) (string, error) {
	if raw[0] != '"' { // null would pass for a string
		return "", errors.New("not a string")
	}
	for _, c := range raw {
		if c == '\\' {
			var s string
			err := json.Unmarshal(raw, &s)
			return s, err
		}
	}
	return string(raw[1 : len(raw)-1]), nil
}

// The functions below walk through JSON that is known to be valid: each takes
// the index at which something begins and returns the one behind it.

func skipSpace(raw []byte, at int) int {
	for raw[at] == ' ' || raw[at] == '\t' || raw[at] == '\n' || raw[at] == '\r' {
		at++
	}
	return at
}

func skipString(raw []byte, at int) int {
	for at++; raw[at] != '"'; at++ {
		if raw[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// skipValue passes a value: to the comma, brace or bracket that ends it.
func skipValue(raw []byte, at int) int {
	for depth := 0; ; {
		switch raw[at] {
		case '"':
			if at = skipString(raw, at); depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				return at
			}
			if raw[at] != ',' {
				if depth--; depth == 0 {
					return at + 1
				}
			}
		}
		at++
	}
}
