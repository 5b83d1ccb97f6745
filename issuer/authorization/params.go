package authorization

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxRequest bounds an authorization request, in bytes, and its canonical form. The stamp
// does not count.
const MaxRequest = 16 << 10

// maxPairs bounds the parameters of a request, unknown ones included.
const maxPairs = 200

// StampParam is the parameter of a page's URL that carries the stamp.
const StampParam = "t"

// parameter says what a known parameter may hold.
type parameter struct {
	max int // bytes of its value
	// optional: a value that is too long or has control characters counts as absent.
	// OpenID Connect Core §3.1.2.1 wants no error from hints.
	optional bool
}

// knownParameters are those that an authorization server reads. Every other one is ignored
// (RFC 6749 §3.1).
var knownParameters = map[string]parameter{
	"client_id": {max: 2048}, "redirect_uri": {max: MaxURI}, "response_mode": {max: 64},
	"response_type": {max: 256}, "scope": {max: MaxRequest}, "state": {max: 4 << 10}, "nonce": {max: 512},
	"code_challenge": {max: 256}, "code_challenge_method": {max: 64},
	"prompt": {max: 256}, "max_age": {max: 64}, "claims": {max: 4 << 10}, "resource": {max: 2048},
	"id_token_hint": {max: 8 << 10}, "request": {max: MaxRequest}, "request_uri": {max: MaxRequest},
	"registration": {max: MaxRequest}, DeviceParam: {max: maxDevice},
	"login_hint": {max: 255, optional: true}, "ui_locales": {max: 255, optional: true},
	"acr_values": {max: 255, optional: true},
	"display":    {optional: true}, "claims_locales": {optional: true},
}

// Params are the known parameters of one request as they were sent. An empty value is an
// absent one (RFC 6749 §3.1).
type Params struct {
	values  map[string]string
	doubled map[string]bool // given more than once
	invalid map[string]bool // too long, not UTF-8, or with control characters
	stamp   string
	size    int // of the request as it was sent
}

// ParseQuery takes a query, or the body of a form, apart. It refuses one that is longer
// than MaxRequest or not well-formed, by an error page.
func ParseQuery(raw string) (Params, *Refusal) {
	p := Params{values: map[string]string{}, doubled: map[string]bool{}, invalid: map[string]bool{}}
	size := 0
	for n := 0; raw != ""; n++ {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name == StampParam {
			p.addStamp(value)
			continue
		}
		if size += len(pair) + 1; size > MaxRequest+1 || n == maxPairs {
			return Params{}, errTooLarge
		}
		if !p.add(name, value) {
			return Params{}, errMalformed
		}
	}
	p.size = size
	return p, nil
}

// addStamp keeps the stamp. One that is doubled or too long counts as none.
func (p *Params) addStamp(value string) {
	if p.stamp != "" || len(value) > maxStamp {
		value = "-"
	}
	p.stamp = value
}

// add takes one pair. It returns false if the name, or the value of a known parameter, is
// not well-formed.
func (p *Params) add(name, value string) bool {
	name, err := url.QueryUnescape(name)
	if err != nil {
		return false
	}
	known, isKnown := knownParameters[name]
	if !isKnown {
		return true
	}
	if value, err = url.QueryUnescape(value); err != nil {
		return false
	}
	if _, again := p.values[name]; again {
		p.doubled[name] = true
		return true
	}
	if known.optional {
		value = hint(value, known.max)
	} else if len(value) > known.max || !isText(value) {
		p.invalid[name] = true
		value = ""
	}
	p.values[name] = value
	return true
}

// hint returns the text of a hint without control and format characters; "" where it is
// longer than the bound.
func hint(s string, limit int) string {
	if len(s) > limit {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return r
	}, s)
}

// isText tells whether s is UTF-8 without control characters.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Get returns the value of a known parameter; "" for an absent one, for one that is not
// valid text, and for one that was given twice.
func (p Params) Get(name string) string {
	if p.doubled[name] {
		return ""
	}
	return p.values[name]
}

// Stamp returns the sealed stamp; "" for none.
func (p Params) Stamp() string { return p.stamp }

// UILocales returns the languages that the request asks for, for pages that are shown
// before it is known to be valid.
func (p Params) UILocales() string { return p.Get("ui_locales") }

// faulty returns the first of the names, in their order, that was given twice or is
// not valid text, and what is wrong with it.
func (p Params) faulty(names ...string) (name, description string) {
	for _, name := range names {
		switch {
		case p.doubled[name]:
			return name, "a parameter is given twice"
		case p.invalid[name]:
			return name, "a parameter is too long, or holds control characters or bytes that are not UTF-8"
		}
	}
	return "", ""
}

// allParameters returns the names of the known parameters, sorted.
var allParameters = func() []string {
	names := make([]string, 0, len(knownParameters))
	for name := range knownParameters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

// HasRequest tells whether there is any parameter of a request, but for hints on the
// language.
func (p Params) HasRequest() bool {
	for name := range p.values {
		if name != "ui_locales" && name != "claims_locales" && name != "display" {
			return true
		}
	}
	return false
}
