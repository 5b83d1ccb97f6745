package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseObject(t *testing.T) {
	tests := []struct {
		text string
		want []member // nil: refused
	}{
		{`{}`, []member{}},
		{" \t\r\n{ \n} ", []member{}},
		{`{"a":1}`, []member{{"a", "1"}}},
		{`{"a" : "x" , "b" : [ 1 , {"c":2} ] , "d":{"a":{}} }`, []member{{"a", `"x"`}, {"b", `[ 1 , {"c":2} ]`}, {"d", `{"a":{}}`}}},
		{`{"a":"}","b":"\"]","c":"\\"}`, []member{{"a", `"}"`}, {"b", `"\"]"`}, {"c", `"\\"`}}},
		{`{"a":-1.5e+3,"b":true,"c":null}`, []member{{"a", "-1.5e+3"}, {"b", "true"}, {"c", "null"}}},
		{`{"\u0061\"":1}`, []member{{`a"`, "1"}}},
		{`{"":1,"A":2,"a":3}`, []member{{"", "1"}, {"A", "2"}, {"a", "3"}}},
		{``, nil}, {`[]`, nil}, {`"x"`, nil}, {`null`, nil}, {`{"a":1}x`, nil}, {`{"a":1}{}`, nil}, {`{"a":1,}`, nil}, {`{a:1}`, nil}, {`{"a":01}`, nil},
		{`{"a":1,"a":1}`, nil}, {`{"a":1,"\u0061":1}`, nil}, {`{"b":{"a":1,"a":1}}`, nil}, {`{"b":[[{"a":1,"a":1}]]}`, nil}, {"{\"a\":\"\xff\"}", nil},
	}
	for _, tt := range tests {
		got, err := parseObject(nil, []byte(tt.text))
		if (err == nil) != (tt.want != nil) {
			t.Errorf("%s: %v", tt.text, err)
		}
		if err == nil && fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %q", tt.text, got)
		}
	}
}

func TestMembersAreBounded(t *testing.T) {
	object := func(n int) string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf(`"%d":0`, i)
		}
		return "{" + strings.Join(names, ",") + "}"
	}
	for text, fits := range map[string]bool{
		object(maxMembers): true, object(maxMembers + 1): false,
		`{"a":` + object(maxMembers) + `,"b":` + object(maxMembers) + `}`: true,
		`{"a":[` + object(maxMembers+1) + `]}`:                            false,
	} {
		if _, err := parseObject(nil, []byte(text)); (err == nil) != fits {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}

func TestDeepNesting(t *testing.T) {
	deep := func(open, shut string, n int) []byte {
		return []byte(`{"a":` + strings.Repeat(open, n) + "0" + strings.Repeat(shut, n) + "}")
	}
	for _, data := range [][]byte{deep("[", "]", 5000), deep(`{"a":`, "}", 5000)} {
		if _, err := parseObject(nil, data); err != nil {
			t.Error(err)
		}
	}
	if _, err := parseObject(nil, deep("[", "]", 1_000_000)); err == nil {
		t.Error("a million levels pass")
	}
}

func TestStringArray(t *testing.T) {
	for value, want := range map[string][]string{
		`[]`: {}, `[ ]`: {}, `["a"]`: {"a"}, `[ "a" , "\u0062,]" ]`: {"a", "b,]"}, `[""]`: {""},
		`["a",1]`: nil, `["a",null]`: nil, `[["a"]]`: nil, `"a"`: nil, `null`: nil, `{"a":"b"}`: nil, `[{}]`: nil, `1`: nil,
	} {
		got, ok := stringArray(value)
		if ok != (want != nil) || ok && !cmp.Equal(got, want) {
			t.Errorf("%s: %q, %v", value, got, ok)
		}
	}
}

// FuzzParseObject compares with encoding/json: the same objects are accepted, but
// for repeated names, and every member has the same value.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":[{"c":"d"}],"e":{"f":null}}`, `{"a":1,"a":2}`, `{"a":{"b":1,"\u0062":2}}`, ` {"\ud83d\ude00":"\ud800"} `, `{"a":"\\\"}"}`,
		`[{"a":1}]`, `{"a":1}}`, `{"a":1e999}`, "{\"\x7f\":\"\\u0000\"}", `{"a":"b`, `{"a":[,]}`, "\ufeff{}", `{"a":tru}`, `{"é":"ü"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		members, err := parseObject(nil, data)
		var plain map[string]json.RawMessage
		plainErr := json.Unmarshal(data, &plain)
		if err != nil {
			if plainErr == nil && plain != nil && utf8.Valid(data) && !repeats(t, data) && bytes.Count(data, []byte(":")) < maxMembers {
				t.Fatalf("%q: refused for %v", data, err)
			}
			return
		}
		if plainErr != nil || len(plain) != len(members) || repeats(t, data) {
			t.Fatalf("%q: accepted with %q, encoding/json has %v, %q", data, members, plainErr, plain)
		}
		for _, m := range members {
			if string(plain[m.name]) != m.value {
				t.Fatalf("%q: %q is %q, not %q", data, m.name, m.value, plain[m.name])
			}
		}
	})
}

// repeats says whether valid JSON repeats a name in some object, by another way
// than the scanner's: token by token with encoding/json.
func repeats(t *testing.T, data []byte) bool {
	type level struct {
		names  map[string]bool // nil in an array
		inName bool
	}
	var stack []level
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	for decoder.More() || len(stack) > 0 {
		token, err := decoder.Token()
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		top := len(stack) - 1
		if name, ok := token.(string); ok && top >= 0 && stack[top].inName {
			if stack[top].names[name] {
				return true
			}
			stack[top].names[name], stack[top].inName = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{names: map[string]bool{}, inName: true})
			continue
		case json.Delim('['):
			stack = append(stack, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			top--
		}
		if top >= 0 && stack[top].names != nil {
			stack[top].inName = true
		}
	}
	return false
}
