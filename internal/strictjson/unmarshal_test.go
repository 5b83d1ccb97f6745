package strictjson_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/strictjson"
)

type inner struct {
	Name string `json:"name"`
}

type outer struct {
	inner
	At    time.Time         `json:"at"`
	One   *inner            `json:"one,omitempty"`
	Many  []inner           `json:"many"`
	Bytes []byte            `json:"bytes"`
	Map   map[string]string `json:"map"`
	Plain int
	No    string `json:"-"`
}

func TestUnmarshal(t *testing.T) {
	var got outer
	err := strictjson.Unmarshal([]byte(`{"name":"n","at":"2026-01-02T03:04:05Z","one":{"name":"a"},"many":[{"name":"b"},{}],"bytes":"AQI=","map":{"any":"thing"},"Plain":1}`), &got, maxMembers)
	want := outer{inner{"n"}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), &inner{"a"}, []inner{{"b"}, {}}, []byte{1, 2}, map[string]string{"any": "thing"}, 1, ""}
	if err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(outer{})) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestUnmarshal_Refused(t *testing.T) {
	for _, text := range []string{
		`{"Name":"n"}`, `{"x":1}`, `{"one":{"NAME":"a"}}`, `{"many":[{"name":"a"},{"nAme":"b"}]}`, `{"plain":1}`, `{"No":"x"}`, `{"-":"x"}`, `{"inner":{}}`,
	} {
		if err := strictjson.Unmarshal([]byte(text), new(outer), maxMembers); !errors.Is(err, strictjson.ErrUnknownMember) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`{"name":"a","name":"b"}`, `{"map":{"a":"","a":""}}`, `{"name":"a"}{}`, `{"name":1}`, `{"at":"x"}`, `{"many":1}`, `{"one":[]}`} {
		if err := strictjson.Unmarshal([]byte(text), new(outer), maxMembers); err == nil {
			t.Errorf("%s passes", text)
		}
	}
}
