package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/strictjson"
)

const maxMembers = 256

func TestObject_Members(t *testing.T) {
	for text, want := range map[string][]strictjson.Member{
		`{}`:                          {},
		" \t\r\n{ \n} ":               {},
		`{"a":1}`:                     {{"a", "1"}},
		"\t{\n\"a\" :\r 1 , \"b\":2}": {{"a", "1"}, {"b", "2"}},
		`{"a" : "x" , "b" : [ 1 , {"c":2} ] , "d":{"a":{}} }`: {{"a", `"x"`}, {"b", `[ 1 , {"c":2} ]`}, {"d", `{"a":{}}`}},
		`{"a":"x,}","b":"\"]","c":"\\"}`:                      {{"a", `"x,}"`}, {"b", `"\"]"`}, {"c", `"\\"`}},
		`{"a":{"b":[1,{"c":"]}"}],"d":{}},"e":[]}`:            {{"a", `{"b":[1,{"c":"]}"}],"d":{}}`}, {"e", "[]"}},
		`{"a":-1.5e+3,"b":true,"c":null,"d":-0,"e":0.1E2}`:    {{"a", "-1.5e+3"}, {"b", "true"}, {"c", "null"}, {"d", "-0"}, {"e", "0.1E2"}},
		`{"\u0061\"\n":1}`:                                    {{"a\"\n", "1"}},
		`{"":1,"A":2,"a":3}`:                                  {{"", "1"}, {"A", "2"}, {"a", "3"}},
		`{"a":[],"b":[[[{}]]]}`:                               {{"a", "[]"}, {"b", "[[[{}]]]"}},
	} {
		got, err := strictjson.Object(nil, []byte(text), maxMembers)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
}

func TestObject_Refused(t *testing.T) {
	for want, texts := range map[error][]string{
		strictjson.ErrUTF8:      {"{\"a\":\"\xff\"}", "{\"\xff\":1}", "\xc0\x80", "{\"a\":\"\xed\xa0\x80\"}"},
		strictjson.ErrNotObject: {`[]`, ` [{"a":1}]`, `"x"`, `null`, `true`, `1`, `-0.5e1`, strings.Repeat("[", 20_000)},
		strictjson.ErrDuplicate: {`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"a":{},"b":[],"a":0}`, `{"b":{"a":1,"a":1}}`, `{"b":[[{"a":1,"a":1}]]}`, `{"b":[{"a":{"c":1,"c":1}}]}`},
		errSyntax: {
			``, ` `, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `{"a" 1}`, `{"a":1]`, `{"a":[1}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":[`, `{"a":{`, `{a:1}`, `{1:1}`,
			`{}{}`, `{} x`, `{"a":1}]`, `{"a":1},`, "\ufeff{}", `nul`, `x`, `"a`, "{}\x00", "{\"a\":1\x00}",
			`{"a":01}`, `{"a":-}`, `{"a":+1}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`, `{"a":1e+}`, `{"a":--1}`, `{"a":0x1}`, `{"a":1_0}`, `{"a":NaN}`, `{"a":Infinity}`, `{"a":tru}`, `{"a":truex}`, `{"a":True}`,
			"{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u12g4"}`, `{"a":"\`, `{"a":"\u`, `{"a":"b`, `{"a":'b'}`, `{"a":1/**/}`, "{\u00a0}",
		},
	} {
		for _, text := range texts {
			got, err := strictjson.Object(nil, []byte(text), maxMembers)
			if s := new(strictjson.SyntaxError); errors.As(err, &s) {
				err = errSyntax
			}
			if got != nil || !errors.Is(err, want) {
				t.Errorf("%.60q: got %v, %v, want %v", text, got, err, want)
			}
		}
	}
}

var errSyntax = errors.New("a SyntaxError")

func TestObject_SyntaxErrorOffset(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `  x`: 2, `{"a`: 1, `{"a":1,}`: 7, `{"a":"b`: 5, `{"a":{"b":tru}}`: 5, `{"a":1} {}`: 9,
	} {
		var e *strictjson.SyntaxError
		if _, err := strictjson.Object(nil, []byte(text), maxMembers); !errors.As(err, &e) || e.Offset != want {
			t.Errorf("%s: %+v, want offset %d", text, e, want)
		}
	}
}

func TestObject_AppendsToDst(t *testing.T) {
	buf := make([]strictjson.Member, 1, 8)
	buf[0] = strictjson.Member{Name: "a", Value: "0"}
	got, err := strictjson.Object(buf, []byte(`{"a":{"a":2}}`), maxMembers)
	if err != nil || len(got) != 2 || &got[0] != &buf[0] {
		t.Errorf("got %v, %v", got, err)
	}
	if value, ok := strictjson.Find(got[1:], "a"); !ok || value != `{"a":2}` {
		t.Errorf("found %q", value)
	}
	if _, ok := strictjson.Find(got, "A"); ok {
		t.Error("found a name in other letters")
	}
}

func TestObject_MembersAreBounded(t *testing.T) {
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
		if _, err := strictjson.Object(nil, []byte(text), maxMembers); (err == nil) != fits || err != nil && !errors.Is(err, strictjson.ErrManyMembers) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}

func TestObject_DepthIsBounded(t *testing.T) {
	deep := func(open, shut string, n int) []byte {
		return []byte(`{"a":` + strings.Repeat(open, n) + "0" + strings.Repeat(shut, n) + "}")
	}
	const most = strictjson.MaxDepth - 1 // below the object itself
	for _, data := range [][]byte{deep("[", "]", most), deep(`{"a":`, "}", most)} {
		if _, err := strictjson.Object(nil, data, maxMembers); err != nil {
			t.Error(err)
		}
	}
	for _, data := range [][]byte{deep("[", "]", most+1), deep(`{"a":`, "}", most+1), deep("[", "]", 1_000_000)} {
		if _, err := strictjson.Object(nil, data, maxMembers); err == nil {
			t.Errorf("%d bytes pass", len(data))
		}
	}
}

func TestString(t *testing.T) {
	for value, want := range map[string]string{`""`: "", `"a"`: "a", `"\u0061\n\ud83d\ude00"`: "a\n😀", `"\ud800"`: "\ufffd"} {
		if got, ok := strictjson.String(value); !ok || got != want {
			t.Errorf("%s: %q, %v", value, got, ok)
		}
	}
	for _, value := range []string{`1`, `null`, `["a"]`, `{}`, ``} {
		if got, ok := strictjson.String(value); ok {
			t.Errorf("%s: %q", value, got)
		}
	}
}

func TestStrings(t *testing.T) {
	for value, want := range map[string][]string{
		`[]`: {}, `[ ]`: {}, `["a"]`: {"a"}, `[ "a" , "\u0062,]" ]`: {"a", "b,]"}, `[""]`: {""},
		`["a",1]`: nil, `["a",null]`: nil, `[["a"]]`: nil, `"a"`: nil, `null`: nil, `{"a":"b"}`: nil, `[{}]`: nil, `1`: nil, ``: nil,
	} {
		got, ok := strictjson.Strings(value)
		if ok != (want != nil) || ok && !cmp.Equal(got, want) {
			t.Errorf("%s: %q, %v", value, got, ok)
		}
	}
}

// FuzzObject compares with encoding/json: the same objects are accepted, but
// for repeated names, and every member has the same value.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":[{"c":"d"}],"e":{"f":null}}`, `{"a":1,"a":2}`, `{"a":{"b":1,"\u0062":2}}`, ` {"\ud83d\ude00":"\ud800"} `, `{"a":"\\\"}"}`,
		`[{"a":1}]`, `{"a":1}}`, `{"a":1e999}`, "{\"\x7f\":\"\\u0000\"}", `{"a":"b`, `{"a":[,]}`, "\ufeff{}", `{"a":tru}`, `{"é":"ü"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		members, err := strictjson.Object(nil, data, maxMembers)
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
			if string(plain[m.Name]) != m.Value {
				t.Fatalf("%q: %q is %q, not %q", data, m.Name, m.Value, plain[m.Name])
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
