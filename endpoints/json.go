package endpoints

import (
	"errors"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.org/signet/internal/strictjson"
	"example.org/signet/issuer"
	"example.org/signet/issuer/attribute"
)

const jsonType = "application/json"

// kind is the type of a member of a body. Bodies are flat: nothing is nested
// deeper than a list or an object of strings.
type kind int

const (
	kindString kind = iota
	kindBool
	kindInt     // a whole one
	kindStrings // of texts
	kindTexts   // an object whose members are strings

	kindAttributes // an object of values of attributes
)

var kindErrors = map[kind]string{kindString: "must be a string", kindBool: "must be true or false", kindInt: "must be a whole number", kindStrings: "must be a list of strings", kindTexts: "must be an object whose members are strings",
	kindAttributes: "must be an object whose members are strings, whole numbers, true, false, lists of strings or null"}

// schema lists the members that a body may have. Any other is rejected.
type schema map[string]kind

// jsonObject holds the members that were sent: string, bool, int64, []string,
// map[string]string or attribute.Change.
type jsonObject map[string]any

// maxListEntries bounds a list, in entries.
const maxListEntries = 200

var (
	errJSONType      = &httpError{status: http.StatusUnsupportedMediaType, code: codeInvalidRequest, description: "the Content-Type must be " + jsonType}
	errJSON          = badRequest("the body is not one JSON object")
	errJSONDuplicate = badRequest("the body has a member twice")
	errJSONEncoding  = badRequest("the body is not valid UTF-8, or has half a character as an escape")
)

// isJSONType accepts exactly one Content-Type, in UTF-8.
func isJSONType(values []string) bool {
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

// maxMembers bounds the members of a body.
const maxMembers = 256

// parseObject reads a body as one flat object with the members that s allows.
func parseObject(body string, s schema) (jsonObject, error) {
	members, err := strictjson.Object(nil, []byte(body), maxMembers)
	switch {
	case errors.Is(err, strictjson.ErrUTF8):
		return nil, errJSONEncoding
	case errors.Is(err, strictjson.ErrDuplicate):
		return nil, errJSONDuplicate
	case err != nil:
		return nil, errJSON
	}
	o := make(jsonObject, len(members))
	for _, m := range members {
		k, known := s[m.Name]
		if !known {
			return nil, s.unknownMember()
		}
		if o[m.Name], err = decodeValue(m, k); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// unknownMember returns an error that does not repeat the name: it may be a
// misplaced secret.
func (s schema) unknownMember() error {
	return &httpError{
		status: http.StatusUnprocessableEntity, code: codeInvalidField,
		description: "unknown member in the body; known are " + strings.Join(slices.Sorted(maps.Keys(s)), ", "),
	}
}

func decodeValue(m strictjson.Member, k kind) (any, error) {
	switch k {
	case kindString:
		if text, ok := strictjson.String(m.Value); ok {
			return requireWholeRunes(text)
		}
	case kindBool:
		if m.Value == "true" || m.Value == "false" {
			return m.Value == "true", nil
		}
	case kindInt:
		if n, err := strconv.ParseInt(m.Value, 10, 64); err == nil {
			return n, nil
		}
	case kindStrings:
		if list, ok := strictjson.Strings(m.Value); ok {
			return checkStrings(m.Name, list)
		}
	case kindTexts:
		if texts, err := decodeTexts(m.Value); err == nil || errors.Is(err, errJSONDuplicate) || errors.Is(err, errJSONEncoding) {
			return texts, err
		}
	case kindAttributes:
		if change, err := decodeAttributes(m.Value); err == nil || errors.Is(err, errJSONDuplicate) || errors.Is(err, errJSONEncoding) {
			return change, err
		}
	}
	return nil, &issuer.FieldError{Field: m.Name, Reason: kindErrors[k]}
}

// decodeTexts reads an object whose members are strings. An error that is none of this
// package's means that it is something else.
func decodeTexts(value string) (map[string]string, error) {
	members, err := strictjson.Object(nil, []byte(value), maxListEntries)
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		return nil, errJSONDuplicate
	case err != nil:
		return nil, err
	}
	texts := make(map[string]string, len(members))
	for _, m := range members {
		text, ok := strictjson.String(m.Value)
		if !ok {
			return nil, errNotText
		}
		if texts[m.Name], err = requireWholeRunes(text); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// decodeAttributes reads an object of values of attributes; null removes one. An error that is
// none of this package's means that it is something else.
func decodeAttributes(value string) (attribute.Change, error) {
	members, err := strictjson.Object(nil, []byte(value), maxMembers)
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		return nil, errJSONDuplicate
	case err != nil:
		return nil, err
	}
	c := make(attribute.Change, len(members))
	for _, m := range members {
		if m.Value == "null" {
			c[m.Name] = nil
			continue
		}
		if c[m.Name], err = decodeAttribute(m); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// decodeAttribute reads a value by what it is; which type the attribute has is not known here.
func decodeAttribute(m strictjson.Member) (any, error) {
	kind := kindInt
	switch m.Value[0] {
	case '"':
		kind = kindString
	case '[':
		kind = kindStrings
	case 't', 'f':
		kind = kindBool
	}
	return decodeValue(m, kind)
}

func (o jsonObject) optAttributes(name string) *attribute.Change {
	return optional[attribute.Change](o, name)
}

var errNotText = errors.New("a member is not a string")

func checkStrings(name string, list []string) (any, error) {
	if len(list) > maxListEntries {
		return nil, &issuer.FieldError{Field: name, Reason: "has more than " + strconv.Itoa(maxListEntries) + " entries"}
	}
	for _, text := range list {
		if _, err := requireWholeRunes(text); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// requireWholeRunes rejects the replacement character that the decoder puts for
// half a surrogate pair: two different passwords would become one.
func requireWholeRunes(s string) (string, error) {
	if strings.ContainsRune(s, utf8.RuneError) {
		return "", errJSONEncoding
	}
	return s, nil
}

// optional returns the value of a member, nil if it was not sent.
func optional[T any](o jsonObject, name string) *T {
	v, there := o[name].(T)
	if !there {
		return nil
	}
	return &v
}

func (o jsonObject) optString(name string) *string    { return optional[string](o, name) }
func (o jsonObject) optBool(name string) *bool        { return optional[bool](o, name) }
func (o jsonObject) optInt(name string) *int64        { return optional[int64](o, name) }
func (o jsonObject) optStrings(name string) *[]string { return optional[[]string](o, name) }

// texts returns the object, nil if it was not sent.
func (o jsonObject) texts(name string) map[string]string {
	texts, _ := o[name].(map[string]string)
	return texts
}

// str returns the string, "" if it was not sent.
func (o jsonObject) str(name string) string {
	s, _ := o[name].(string)
	return s
}

// isTrue tells whether the flag was sent as true.
func (o jsonObject) isTrue(name string) bool {
	v, _ := o[name].(bool)
	return v
}

func (o jsonObject) secret(name string) issuer.Secret { return issuer.Secret(o.str(name)) }
