package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// mongoDate is the value of {"$date": …} in MongoDB's extended JSON: RFC 3339 text or a
// number of milliseconds.
type mongoDate struct{ value any }

// unwrapMongo takes a value out of the wrappers of MongoDB's extended JSON.
func unwrapMongo(value any) any {
	object, ok := value.(map[string]any)
	if !ok || len(object) != 1 {
		return value
	}
	for wrapper, inner := range object {
		switch text, isText := inner.(string); {
		case wrapper == "$date":
			return mongoDate{unwrapMongo(inner)}
		case !isText:
		case wrapper == "$oid":
			return text
		case wrapper == "$numberInt" || wrapper == "$numberLong" || wrapper == "$numberDouble":
			return json.Number(text)
		}
	}
	return value
}

// text returns a value as one line of text without surrounding white space, and "" if
// there is none.
func (v values) text(f field) (string, error) {
	s, err := v.secret(f)
	if err != nil {
		return "", err
	}
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("%s holds a control character", f)
	}
	return s, nil
}

// secret returns a value as text just as it is, and "" if there is none.
func (v values) secret(f field) (string, error) {
	if v[f] == nil {
		return "", nil
	}
	s, ok := v[f].(string)
	switch {
	case !ok:
		return "", fmt.Errorf("%s is not text", f)
	case len(s) > MaxField:
		return "", fmt.Errorf("%s is longer than %d bytes", f, MaxField)
	case strings.ContainsRune(s, 0):
		return "", fmt.Errorf("%s holds a NUL character", f)
	case strings.ContainsRune(s, utf8.RuneError):
		// The JSON decoder puts this in place of half a surrogate pair, and other
		// programs in place of what they could not read: the text is lost.
		return "", fmt.Errorf("%s holds a character that was lost in conversion", f)
	}
	return s, nil
}

var errNotBool = errors.New("is not true or false")

// toBool understands JSON's values and those that databases write as text or digit.
func toBool(value any) (bool, error) {
	switch value := value.(type) {
	case bool:
		return value, nil
	case json.Number:
		return toBool(value.String())
	case string:
		switch strings.ToLower(strings.TrimSpace(value)) {
		case "true", "t", "yes", "y", "1":
			return true, nil
		case "false", "f", "no", "n", "0":
			return false, nil
		}
	}
	return false, errNotBool
}

// wholeNumber returns the digits of a number that stands where text is expected.
func wholeNumber(value any) (string, bool) {
	n, ok := value.(json.Number)
	if !ok || strings.Trim(n.String(), "0123456789") != "" {
		return "", false
	}
	return n.String(), true
}

var errRoles = errors.New("roles is not a name or a list of names")

// parseRoles reads a list of names from a JSON array, from the text of one, as mongoexport
// writes it into CSV, or from text with separators. No role name holds any of them.
func parseRoles(value any) ([]string, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case []any:
		return rolesFromList(value)
	case string:
		if len(value) > MaxField {
			return nil, fmt.Errorf("roles is longer than %d bytes", MaxField)
		}
		if strings.HasPrefix(strings.TrimSpace(value), "[") {
			var list []any
			if json.Unmarshal([]byte(value), &list) != nil {
				return nil, errRoles
			}
			return rolesFromList(list)
		}
		return strings.FieldsFunc(value, isSeparator), nil
	}
	return nil, errRoles
}

func isSeparator(r rune) bool { return strings.ContainsRune(",;| \t", r) }

// maxRoles bounds a list of names; nobody holds as many.
const maxRoles = 64

func rolesFromList(list []any) ([]string, error) {
	if len(list) > maxRoles {
		return nil, fmt.Errorf("there are more than %d roles", maxRoles)
	}
	names := make([]string, 0, len(list))
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			return nil, errRoles
		}
		names = append(names, strings.TrimSpace(name))
	}
	return names, nil
}

var errTime = errors.New("created_at is not a time that is understood")

// timeLayouts of times, of which those without a zone mean UTC. Fractions of a second are
// read in all of them. What could be read in two ways, such as 03/04/2024, is in none.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700", // mongoexport, older versions
	"2006-01-02T15:04:05",      // Python, isoformat
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",           // Python, str; SQL
	"2006-01-02 15:04:05Z07",        // PostgreSQL
	"2006-01-02 15:04:05 Z07:00",    // SQL Server, datetimeoffset
	"2006-01-02 15:04:05 Z0700",     // Ruby, git
	"2006-01-02 15:04:05 Z0700 MST", // Go
	"2006-01-02 15:04:05 UTC",       // Rails
	"2006-01-02 15:04",
	"2006-01-02",
	"2006/01/02 15:04:05",
	"2006/01/02",
	"20060102T150405Z0700", // ISO 8601, basic
	"20060102150405Z0700",  // LDAP, generalized time
	"20060102",
	"02.01.2006 15:04:05",
	"02.01.2006 15:04",
	"02.01.2006",
	time.RFC1123,
	time.RFC1123Z,
	"Mon, 2 Jan 2006 15:04:05 Z0700", // e-mail
	"Monday, 02-Jan-06 15:04:05 MST",
	time.ANSIC,
	time.UnixDate,
	"Mon Jan 2 2006 15:04:05 GMT-0700", // JavaScript, Date.toString
	"2 Jan 2006 15:04:05",
	"2 January 2006 15:04:05",
	"2 Jan 2006",
	"2 January 2006",
	"Jan 2, 2006, 3:04:05 PM",
	"Jan 2, 2006 15:04:05",
	"Jan 2, 2006",
	"January 2, 2006",
}

// toTime understands text, seconds and MongoDB's dates. The zero time stands for none,
// also where a database wrote its own zero.
func toTime(value any) (time.Time, error) {
	switch value := value.(type) {
	case nil:
		return time.Time{}, nil
	case mongoDate:
		if n, ok := value.value.(json.Number); ok {
			return parseUnixTime(n.String(), time.Millisecond)
		}
		if text, ok := value.value.(string); ok {
			return parseTime(text)
		}
	case json.Number:
		return parseTime(value.String())
	case string:
		return parseTime(value)
	}
	return time.Time{}, errTime
}

func parseTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "0000-00-00") {
		return time.Time{}, nil
	}
	s, _, _ = strings.Cut(s, " (") // JavaScript names the zone once more
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil && knownZone(t, layout) {
			return inRange(t)
		}
	}
	return parseUnixTime(s, time.Second)
}

// knownZone refuses a zone that is only a name, which Go reads as UTC whatever it is.
func knownZone(t time.Time, layout string) bool {
	name, offset := t.Zone()
	return !strings.HasSuffix(layout, "MST") || strings.Contains(layout, "0700") || offset != 0 || name == "UTC" || name == "GMT"
}

// minSeconds is the least number that counts as seconds: those below are days of a
// spreadsheet, years, or dates without separators.
const minSeconds = 1e8

// parseUnixTime reads a time since 1970 in the unit given. Seconds that would lie beyond
// the year 5000 are milliseconds, as JavaScript counts. Zero stands for none.
func parseUnixTime(s string, unit time.Duration) (time.Time, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) {
		return time.Time{}, errTime
	}
	switch {
	case n == 0 && unit == time.Second:
		return time.Time{}, nil
	case n < minSeconds && unit == time.Second:
		return time.Time{}, errTime
	}
	if unit == time.Millisecond || n >= 1e11 {
		n /= 1000
	}
	if n < 0 || n >= 1e11 {
		return time.Time{}, errTime
	}
	seconds, fraction := math.Modf(n)
	return inRange(time.Unix(int64(seconds), int64(math.Round(fraction*1e3))*int64(time.Millisecond)))
}

// inRange refuses what JSON could not write again (RFC 3339) and what is before any
// account on any system.
func inRange(t time.Time) (time.Time, error) {
	t = t.UTC()
	if t.IsZero() {
		return time.Time{}, nil
	}
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, errTime
	}
	return t, nil
}
