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

// kind is the type of a member of a body. Bodies are flat: nothing is nested
// deeper than a list of strings.
type kind int

const (
	kindString kind = iota
	kindBool
	kindInt     // a whole one
	kindStrings // of texts
)

var kindErrors = map[kind]string{kindString: "must be a string", kindBool: "must be true or false", kindInt: "must be a whole number", kindStrings: "must be a list of strings"}

// schema lists the members that a body may have. Any other is rejected.
type schema map[string]kind

// jsonObject holds the members that were sent: string, bool, int64 or []string.
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

// parseObject reads a body as one flat object. The decoder hands out tokens, so
// that depth costs nothing, and everything is read in one way only: a member
// given twice, a name in other letters or anything behind the object is refused.
func parseObject(body string, s schema) (jsonObject, error) {
	if !utf8.ValidString(body) {
		return nil, errJSONEncoding
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errJSON
	}
	o := jsonObject{}
	for dec.More() {
		if err := o.decodeMember(dec, s); err != nil {
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

func (o jsonObject) decodeMember(dec *json.Decoder, s schema) error {
	t, err := dec.Token()
	name, ok := t.(string)
	if err != nil || !ok {
		return errJSON
	}
	k, allowed := s[name]
	if !allowed {
		return s.unknownMember()
	}
	if _, duplicate := o[name]; duplicate {
		return errJSONDuplicate
	}
	v, err := decodeValue(dec, name, k)
	o[name] = v
	return err
}

// unknownMember returns an error that does not repeat the name: it may be a
// misplaced secret.
func (s schema) unknownMember() error {
	return &httpError{
		status: http.StatusUnprocessableEntity, code: codeInvalidField,
		description: "unknown member in the body; known are " + strings.Join(slices.Sorted(maps.Keys(s)), ", "),
	}
}

func decodeValue(dec *json.Decoder, name string, k kind) (any, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, errJSON
	}
	switch v := t.(type) {
	case string:
		if k == kindString {
			return requireWholeRunes(v)
		}
	case bool:
		if k == kindBool {
			return v, nil
		}
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil && k == kindInt {
			return n, nil
		}
	case json.Delim:
		if k == kindStrings && v == '[' {
			return decodeStrings(dec, name)
		}
	}
	return nil, kindError(name, k)
}

func decodeStrings(dec *json.Decoder, name string) ([]string, error) {
	list := []string{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, errJSON
		}
		text, ok := t.(string)
		if !ok {
			return nil, kindError(name, kindStrings)
		}
		if text, err = requireWholeRunes(text); err != nil {
			return nil, err
		}
		if list = append(list, text); len(list) > maxListEntries {
			return nil, &issuer.FieldError{Field: name, Reason: "has more than " + strconv.Itoa(maxListEntries) + " entries"}
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errJSON
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

func kindError(name string, k kind) error {
	return &issuer.FieldError{Field: name, Reason: kindErrors[k]}
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
