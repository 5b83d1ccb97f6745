package keys

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                             "",
		` { } `:                          "",
		`{"a":1}`:                        `a=1`,
		"\t{\n\"a\" :\r 1 , \"b\":2}":    `a=1 ;b=2`, // space behind a number is of no account
		`{"a":"x,}","b":"\"}","c":"\\"}`: `a="x,}";b="\"}";c="\\"`,
		`{"a":{"b":[1,{"c":"]}"}],"d":{}},"e":[]}`: `a={"b":[1,{"c":"]}"}],"d":{}};e=[]`,
		`{"a":null,"b":true,"c":-1.5e+3}`:          `a=null;b=true;c=-1.5e+3`,
		`{"\u0061\n":1}`:                           "a\n=1",
		`{"":0}`:                                   `=0`,
		`{"a":1,"A":2}`:                            `A=2;a=1`,
	} {
		got, err := parseObject([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(got)) {
			parts = append(parts, name+"="+string(got[name]))
		}
		if strings.Join(parts, ";") != want {
			t.Errorf("%s: got %s", in, strings.Join(parts, ";"))
		}
	}
	for _, in := range []string{
		``, ` `, `[]`, `null`, `1`, `"a"`, `{`, `{"a"}`, `{"a":1,}`, `{}{}`, `{} x`, `{"a":1}]`, `{a:1}`, `{"a":01}`, "{\"a\":\"\xff\"}", "{\"\xff\":1}", "{\"a\":\"\n\"}",
		`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"a":{},"b":[],"a":0}`, "\ufeff{}",
	} {
		if got, err := parseObject([]byte(in)); err == nil {
			t.Errorf("%q: accepted as %v", in, got)
		}
	}
}

// FuzzParseObject compares parseObject with the decoder of the standard library.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1}`, `{"a":{"b":[1,"]"]},"c":"\\\""}`, `{"a":1,"a":2}`, `[{"a":1}]`, `{"a": 1 , "b" : {} }`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := parseObject(raw)
		want, twice := decoded(raw)
		if err != nil {
			if want != nil && !twice && bytes.Equal(bytes.ToValidUTF8(raw, nil), raw) {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if want == nil || twice || len(got) != len(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for name, value := range want {
			if !bytes.Equal(bytes.TrimSpace(got[name]), value) {
				t.Fatalf("member %q: got %q, want %q", name, got[name], value)
			}
		}
	})
}

// decoded is the object as encoding/json reads it, member by member; nil if it
// is none.
func decoded(raw []byte) (fields map[string]json.RawMessage, twice bool) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	fields = map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return nil, false
		}
		_, again := fields[name.(string)]
		twice = twice || again
		fields[name.(string)] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, false
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, false
	}
	return fields, twice
}
