package strictjson

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// ErrUnknownMember refuses a name that the Go type has no field for; one in
// other letters counts as unknown.
var ErrUnknownMember = errors.New("unknown member")

// Unmarshal reads the JSON object in data into the struct that into points to, by
// the rules of [Object]. Every name, also in the structs inside, must be that of
// a field, letter for letter. Types with an unmarshaler of their own read what is
// theirs.
func Unmarshal(data []byte, into any, maxMembers int) error {
	members, err := Object(nil, data, maxMembers)
	if err != nil {
		return err
	}
	if err := checkNames(reflect.TypeOf(into).Elem(), members, maxMembers); err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func checkNames(t reflect.Type, members []Member, maxMembers int) error {
	for _, m := range members {
		field, known := fieldOf(t, m.Name)
		if !known {
			return ErrUnknownMember
		}
		if err := checkValue(field, m.Value, maxMembers); err != nil {
			return err
		}
	}
	return nil
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// checkValue checks the names of a struct, or of the structs in a list.
func checkValue(t reflect.Type, value string, maxMembers int) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
		return nil
	}
	switch {
	case t.Kind() == reflect.Struct && value[0] == '{':
		members, err := Object(nil, []byte(value), maxMembers)
		if err != nil {
			return err
		}
		return checkNames(t, members, maxMembers)
	case t.Kind() == reflect.Slice && value[0] == '[':
		var elements []json.RawMessage
		if err := json.Unmarshal([]byte(value), &elements); err != nil {
			return err
		}
		for _, e := range elements {
			if err := checkValue(t.Elem(), string(e), maxMembers); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldOf returns the type of the struct's field that encoding/json calls name.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	for _, f := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "" {
			tag = f.Name
		}
		if f.IsExported() && !f.Anonymous && tag == name && f.Tag.Get("json") != "-" {
			return f.Type, true
		}
	}
	return nil, false
}
