package endpoints

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.org/signet/issuer"
)

const jsonType = "application/json"

// kind is what a member of a body may be. Bodies are flat: nothing is nested
// deeper than a list of texts.
type kind int

const (
	aText kind = iota
	aFlag
	aNumber // a whole one
	aList   // of texts
)

var kindNames = map[kind]string{aText: "must be a string", aFlag: "must be true or false", aNumber: "must be a whole number", aList: "must be a list of strings"}

// shape is the members that a body may have. No other is taken.
type shape map[string]kind

// object holds the members that were sent: string, bool, int64 or []string.
type object map[string]any

// maxList bounds a list, in entries.
const maxList = 200

var (
	errJSONType   = &fault{status: http.StatusUnsupportedMediaType, code: codeBadRequest, description: "the Content-Type must be " + jsonType}
	errJSON       = badRequest("the body is not one JSON object")
	errJSONTwice  = badRequest("the body has a member twice")
	errJSONString = badRequest("the body is not valid UTF-8, or has half a character as an escape")
)

// isJSON accepts exactly one Content-Type, in UTF-8.
func isJSON(values []string) bool {
	if len(values) != 1 {
		return false
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != jsonType {
		return false
	}
	charset, given := params["charset"]
	return len(params) == 0 || given && len(params) == 1 && strings.EqualFold(charset, "utf-8")
}

// parseObject reads a body as one flat object. The decoder hands out tokens, so
// that depth costs nothing, and everything is read in one way only: a member
// given twice, a name in other letters or anything behind the object is refused.
func parseObject(body string, s shape) (object, error) {
	if !utf8.ValidString(body) {
		return nil, errJSONString
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errJSON
	}
	o := object{}
	for dec.More() {
		if err := o.member(dec, s); err != nil {
			return nil, err
		}
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('}') {
		return nil, errJSON
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errJSON
	}
	return o, nil
}

func (o object) member(dec *json.Decoder, s shape) error {
	t, err := dec.Token()
	name, ok := t.(string)
	if err != nil || !ok {
		return errJSON
	}
	k, known := s[name]
	if !known {
		return s.unknown()
	}
	if _, again := o[name]; again {
		return errJSONTwice
	}
	v, err := value(dec, name, k)
	o[name] = v
	return err
}

// unknown refuses a member without repeating its name: a secret in the wrong
// place ends up in a name too.
func (s shape) unknown() error {
	return &fault{
		status: http.StatusUnprocessableEntity, code: codeBadField,
		description: "the body has a member that is not known here; known are " + strings.Join(slices.Sorted(maps.Keys(s)), ", "),
	}
}

func value(dec *json.Decoder, name string, k kind) (any, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, errJSON
	}
	switch v := t.(type) {
	case string:
		if k == aText {
			return whole(v)
		}
	case bool:
		if k == aFlag {
			return v, nil
		}
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil && k == aNumber {
			return n, nil
		}
	case json.Delim:
		if k == aList && v == '[' {
			return texts(dec, name)
		}
	}
	return nil, wrongKind(name, k)
}

func texts(dec *json.Decoder, name string) ([]string, error) {
	list := []string{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, errJSON
		}
		text, ok := t.(string)
		if !ok {
			return nil, wrongKind(name, aList)
		}
		if text, err = whole(text); err != nil {
			return nil, err
		}
		if list = append(list, text); len(list) > maxList {
			return nil, &issuer.FieldError{Field: name, Reason: "has more than " + strconv.Itoa(maxList) + " entries"}
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errJSON
	}
	return list, nil
}

// whole refuses what the decoder puts for half a surrogate pair: two different
// passwords would become one.
func whole(s string) (string, error) {
	if strings.ContainsRune(s, utf8.RuneError) {
		return "", errJSONString
	}
	return s, nil
}

func wrongKind(name string, k kind) error {
	return &issuer.FieldError{Field: name, Reason: kindNames[k]}
}

// member is the value of a member that was sent, else nil.
func member[T any](o object, name string) *T {
	v, there := o[name].(T)
	if !there {
		return nil
	}
	return &v
}

func (o object) text(name string) *string   { return member[string](o, name) }
func (o object) flag(name string) *bool     { return member[bool](o, name) }
func (o object) number(name string) *int64  { return member[int64](o, name) }
func (o object) list(name string) *[]string { return member[[]string](o, name) }

// str is the text, "" where none was sent.
func (o object) str(name string) string {
	s, _ := o[name].(string)
	return s
}

// is tells whether the flag was sent as true.
func (o object) is(name string) bool {
	v, _ := o[name].(bool)
	return v
}

func (o object) secret(name string) issuer.Secret { return issuer.Secret(o.str(name)) }
