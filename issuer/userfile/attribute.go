package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/signet/issuer/attribute"
)

// expand puts the members of an object called attributes, as exports have one, in its place,
// named attributes.NAME. Where the operator has said what the object is, it stays.
func (n fieldNames) expand(members []member) []member {
	at := slices.IndexFunc(members, func(m member) bool { return m.name+"." == attributesMember })
	if at < 0 || n.told(members[at].name) || n.of(members[at].name).field != fieldUnknown {
		return members
	}
	object, is := members[at].value.(map[string]any)
	if !is {
		return members
	}
	var inside []member
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inside = append(inside, member{attributesMember + name, object[name]})
	}
	return slices.Replace(slices.Clone(members), at, at+1, inside...)
}

// keepsEmpty tells whether an empty text is a value: in an export's object of attributes, which
// has no others.
func (a alias) keepsEmpty() bool {
	_, is := a.field.attribute()
	return is && a.rank != mappedRank
}

// setAttributes takes the attributes over. Their types are not known here.
func (v values) setAttributes(r *draft) error {
	for _, f := range slices.Sorted(maps.Keys(v)) {
		name, is := f.attribute()
		if !is {
			continue
		}
		column := printable(r.names[f])
		value, err := attributeValue(v[f])
		if err != nil {
			return fmt.Errorf("%s %w", column, err)
		}
		if r.Attributes == nil {
			r.Attributes, r.Columns = attribute.Change{}, map[string]string{}
		}
		r.Attributes[name], r.Columns[name] = value, column
	}
	return nil
}

var (
	errLost    = errors.New("holds a character that was lost in conversion")
	errNoValue = errors.New("is neither text, a number, true or false, nor a list of texts")
)

// attributeValue returns a value as the attribute's type can read it.
func attributeValue(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case json.Number:
		return attribute.Text(v.String()), nil
	case string:
		if v == "" {
			return v, nil
		}
		return attribute.Text(v), checkKept(v)
	case []any:
		list := make(attribute.Texts, len(v))
		for n, one := range v {
			text, is := one.(string)
			if !is {
				return nil, errNoValue
			}
			if err := checkKept(text); err != nil {
				return nil, err
			}
			list[n] = text
		}
		return list, nil
	}
	return nil, errNoValue
}

// checkKept refuses what the JSON decoder and other programs put in the place of what they could
// not read.
func checkKept(text string) error {
	if strings.ContainsRune(text, utf8.RuneError) {
		return errLost
	}
	return nil
}
