package attribute

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/signet/storage"
)

// A Change sets attributes of a user by name, as JSON merge patch does (RFC 7396): nil removes a
// value, what is not named stays. Values are string, int64, bool, []string, [Text] or [Texts].
type Change map[string]any

// Text is a value as a person or a file writes it, to be read by the type of its attribute: a
// list is separated by commas. "" removes the value.
type Text string

// Texts is a list as a file has one. A list of one text is also that text: there are stores that
// keep a list of every attribute.
type Texts []string

// ValueError says that a value does not fit its attribute.
type ValueError struct {
	Name   string // of the attribute
	Reason string // what it must be or is not; never the value
}

func (e *ValueError) Error() string { return e.Name + " " + e.Reason }

// value is a value as it is stored.
type value struct {
	Since int64 `json:"since"` // when its attribute was defined, in milliseconds
	Value any   `json:"value"`
}

func since(a storage.Attribute) int64 { return a.CreatedAt.UnixMilli() }

// decode reads what is stored. Whole numbers become json.Number. What cannot be read counts as
// nothing.
func decode(stored string) map[string]value {
	if stored == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(stored))
	d.UseNumber()
	var values map[string]value
	if d.Decode(&values) != nil {
		return nil
	}
	return values
}

func encode(values map[string]value) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(values) // members are sorted
	return strings.TrimSuffix(b.String(), "\n"), err
}

// Names returns the names of the attributes whose values differ, sorted.
func Names(before, after string) (names []string) {
	a, b := decode(before), decode(after)
	for name := range merged(a, b) {
		x, inA := a[name]
		y, inB := b[name]
		if inA != inB || x.Since != y.Since || fmt.Sprintf("%q", x.Value) != fmt.Sprintf("%q", y.Value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func merged(a, b map[string]value) map[string]value {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]value{}
	}
	maps.Copy(all, b)
	return all
}

// Merge returns what is stored after the change, which a writer makes, Admin or User. Values of
// attributes that are gone are removed. The error names what is wrong, and is for people.
func (s *Schema) Merge(stored string, c Change, writer string) (string, error) {
	if err := s.checkNames(c, writer); err != nil {
		return stored, err
	}
	values := decode(stored)
	maps.DeleteFunc(values, func(name string, v value) bool {
		a, known := s.byName[name]
		return !known || v.Since != since(a)
	})
	if values == nil {
		values = map[string]value{}
	}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		a := s.byName[name]
		if c[name] == nil || c[name] == Text("") {
			delete(values, name)
			continue
		}
		v, reason := fit(a, c[name])
		if reason != "" {
			return stored, &ValueError{Name: name, Reason: reason}
		}
		values[name] = value{Since: since(a), Value: v}
	}
	text, err := encode(values)
	switch {
	case err != nil:
		return stored, err
	case len(text) > MaxBytes && len(text) > len(stored):
		return stored, fmt.Errorf("take %d bytes, at most %d", len(text), MaxBytes)
	}
	return text, nil
}

// maxNamed bounds how many unknown names an error has, and how long each is.
const maxNamed = 5

// checkNames refuses names that are no attributes, as far as the writer may know, and those that
// are not the writer's to set.
func (s *Schema) checkNames(c Change, writer string) error {
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		a, known := s.lookup(name, writer)
		switch {
		case !known && len(unknown) < maxNamed:
			unknown = append(unknown, strconv.QuoteToGraphic(shorten(name)))
		case known && writer == User && a.Writers != User:
			return fmt.Errorf("%s is for administrators to change", name)
		}
	}
	switch len(unknown) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s is no attribute", unknown[0])
	}
	return fmt.Errorf("%s are no attributes", strings.Join(unknown, ", "))
}

func shorten(name string) string {
	const most = 64
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// fit returns the value in the form of the attribute's type, or why it does not fit.
func fit(a storage.Attribute, v any) (any, string) {
	switch given := v.(type) {
	case Text:
		v = parse(a.Type, string(given))
	case Texts:
		if v = []string(given); len(given) == 1 && a.Type != TypeStrings {
			v = parse(a.Type, given[0])
		}
	}
	switch a.Type {
	case TypeString:
		if text, is := v.(string); is {
			return text, checkText(text, a.MaxLength)
		}
		return nil, "must be a string"
	case TypeInteger:
		if n, is := wholeNumber(v); is {
			return n, ""
		}
		return nil, "must be a whole number of at most 53 bits"
	case TypeBoolean:
		if _, is := v.(bool); is {
			return v, ""
		}
		return nil, "must be true or false"
	}
	list, is := stringList(v)
	switch {
	case !is:
		return nil, "must be a list of strings"
	case int64(len(list)) > a.MaxCount:
		return nil, fmt.Sprintf("has more than %d entries", a.MaxCount)
	}
	for _, text := range list {
		if reason := checkText(text, a.MaxLength); reason != "" {
			return nil, "has an entry that " + reason
		}
	}
	return list, ""
}

// parse reads a text by the type. What it cannot read stays a string, which then does not fit.
func parse(typ, text string) any {
	switch typ {
	case TypeInteger:
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
			return n
		}
	case TypeBoolean:
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true", "yes", "1":
			return true
		case "false", "no", "0":
			return false
		}
	case TypeStrings:
		list := strings.Split(text, ",")
		for n := range list {
			list[n] = strings.TrimSpace(list[n])
		}
		return slices.DeleteFunc(list, func(s string) bool { return s == "" })
	}
	return text
}

// maxInteger is the largest number that every reader of JSON keeps exactly (RFC 8259 §6).
const maxInteger = 1<<53 - 1

func wholeNumber(v any) (int64, bool) {
	if number, is := v.(json.Number); is {
		n, err := number.Int64()
		if err != nil {
			return 0, false
		}
		v = n
	}
	n, is := v.(int64)
	return n, is && n <= maxInteger && n >= -maxInteger
}

func stringList(v any) ([]string, bool) {
	if list, is := v.([]string); is {
		return append([]string{}, list...), true
	}
	anys, is := v.([]any)
	list := make([]string, len(anys))
	for n, one := range anys {
		text, isText := one.(string)
		list[n], is = text, is && isText
	}
	return list, is
}

// checkText returns why a text is refused: people read it, and it must not change how what
// follows is shown.
func checkText(text string, most int64) string {
	switch {
	case !utf8.ValidString(text):
		return "is not valid UTF-8"
	case int64(len(text)) > most:
		return fmt.Sprintf("is longer than %d bytes", most)
	case strings.ContainsFunc(text, isControl):
		return "has control characters"
	}
	return ""
}

// isControl reports control characters, line breaks, and what turns the reading direction
// (UAX #9 §2).
func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}
