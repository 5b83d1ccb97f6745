package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// millis is how a time is kept. The zero time is a number like any other.
func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// nullableMillis is how a time is kept that may be unset: NULL for the zero time.
func nullableMillis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return millis(t)
}

// The types below scan a column straight into a record's field.

type timeColumn struct{ to *time.Time }

func (c timeColumn) setMillis(ms int64) { *c.to = fromMillis(ms) }

func (c timeColumn) Scan(src any) error {
	switch ms := src.(type) {
	case nil:
		*c.to = time.Time{}
	case int64:
		*c.to = fromMillis(ms)
	default:
		return fmt.Errorf("unexpected column type %T for time", src)
	}
	return nil
}

type listColumn struct{ to *[]string }

func (c listColumn) Scan(src any) error { return scanText(c, src) }

func (c listColumn) setText(text string) (err error) {
	*c.to, err = decodeList(text)
	return err
}

// A textTarget is set by a column that is always a text.
type textTarget interface{ setText(text string) error }

func scanText(to textTarget, src any) error {
	text, isText := src.(string)
	if !isText {
		return fmt.Errorf("unexpected column type %T for %T", src, to)
	}
	return to.setText(text)
}

// wordsColumn is a list in the fewest bytes.
type wordsColumn struct{ to *[]string }

func (c wordsColumn) Scan(src any) error { return scanText(c, src) }

func (c wordsColumn) setText(text string) (err error) {
	switch {
	case text == "":
		*c.to = nil
	case text[0] == '[':
		*c.to, err = decodeList(text)
	default:
		*c.to = strings.Split(text, " ")
	}
	return err
}

func encodeWords(list []string) string {
	text := strings.Join(list, " ")
	plain := !slices.Contains(list, "") && strings.Count(text, " ") == max(len(list), 1)-1 && !strings.HasPrefix(text, "[")
	if !plain {
		return encodeList(list)
	}
	return text
}

// bytesColumn keeps nil where there are no bytes.
type bytesColumn struct{ to *[]byte }

func (c bytesColumn) Scan(src any) error {
	*c.to = nil
	switch b := src.(type) {
	case nil:
	case []byte:
		if len(b) > 0 {
			*c.to = bytes.Clone(b) // the driver may use its own again
		}
	default:
		return fmt.Errorf("unexpected column type %T for bytes", src)
	}
	return nil
}

type objectColumn struct{ to *map[string]string }

func (c objectColumn) Scan(src any) error {
	text, isText := src.(string)
	if !isText {
		return fmt.Errorf("unexpected column type %T for object", src)
	}
	*c.to = nil
	if text == "{}" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), c.to); err != nil {
		return fmt.Errorf("object: %w", err)
	}
	return nil
}

func encodeObject(texts map[string]string) string {
	if len(texts) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(texts) // strings: it cannot fail
	return string(text)
}

// encodeList writes a JSON array. JSON rather than a joined string, because no
// separator is safe from turning up in a value. Lists without escapes, which is nearly all, are
// written in a fraction of the time that encoding/json takes.
func encodeList(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	if !slices.ContainsFunc(list, needsEscape) {
		return `["` + strings.Join(list, `","`) + `"]`
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(list) // strings into memory: neither can fail
	return strings.TrimSuffix(b.String(), "\n")
}

// needsEscape tells whether a text may be written otherwise than it is in JSON.
func needsEscape(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
}

func decodeList(text string) ([]string, error) {
	if text == "[]" {
		return nil, nil
	}
	if list := splitList(text); list != nil {
		return list, nil
	}
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return list, nil
}

// splitList reads the lists that have no escapes, which is nearly all, in a
// fraction of the time: without escapes a quote begins or ends a string. It
// returns nil where it cannot tell.
func splitList(text string) []string {
	inner, begins := strings.CutPrefix(text, `["`)
	inner, ends := strings.CutSuffix(inner, `"]`)
	if !begins || !ends || strings.Contains(inner, `\`) {
		return nil
	}
	list := strings.Split(inner, `","`)
	if 2*(len(list)-1) != strings.Count(inner, `"`) {
		return nil // not as encodeList writes it
	}
	return list
}

// prefixEnd is the least value above all texts that begin with prefix, in the
// order of bytes.
func prefixEnd(prefix string) any {
	b := []byte(prefix)
	for len(b) > 0 && b[len(b)-1] == 0xff {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return []byte{0} // SQLite sorts every blob after every text
	}
	b[len(b)-1]++
	return string(b)
}
