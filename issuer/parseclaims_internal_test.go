package issuer

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/strictjson"
	"example.org/signet/issuer/status"
)

// claimsByReflection reads the claims but for status by encoding/json, each by its exact name: what parseClaims
// must agree with.
func claimsByReflection(payload []byte) (c accessClaims, ok bool) {
	members, err := strictjson.Object(nil, payload, maxClaims)
	if err != nil {
		return accessClaims{}, false
	}
	for name, into := range map[string]any{
		"iss": &c.Issuer, "sub": &c.Subject, "aud": &c.Audience, "client_id": &c.ClientID, "exp": &c.Expiry, "iat": &c.IssuedAt,
		"nbf": &c.NotBefore, "jti": &c.ID, "scope": &c.Scope, "sid": &c.SessionID, "roles": &c.Roles, "auth_time": &c.AuthTime,
		"acr": &c.ACR, "amr": &c.AMR, "client_epoch": &c.ClientEpoch,
	} {
		if value, given := strictjson.Find(members, name); given && json.Unmarshal([]byte(value), into) != nil {
			return accessClaims{}, false
		}
	}
	return c, true
}

// claimPayloads are payloads of every form and of most malformed ones.
var claimPayloads = []string{
	`{}`, `[]`, `null`, `"x"`, `{"iss":"a"}{}`, `{"iss":"a","iss":"b"}`, `{"x":{"y":1,"y":2}}`, `{"iss":"a",}`, "{\"iss\":\"\xff\"}",
	`{"iss":"https://id.example.org","sub":"u","aud":"a","client_id":"c","exp":1893553445,"iat":1893552545,"jti":"j","scope":"a b","sid":"s",` +
		`"roles":["user","editor"],"auth_time":5,"acr":"urn:signet:1fa","amr":["pwd"],"status":{"status_list":{"idx":1048575,"uri":"https://id.example.org/status/7"}}}`,
	`{"aud":["a","b"]}`, `{"aud":[]}`, `{"aud":null}`, `{"aud":1}`, `{"aud":{}}`, `{"aud":["a",1]}`, `{"aud":"\u0061\n"}`, `{"aud":""}`,
	`{"exp":0}`, `{"exp":-1}`, `{"exp":-0}`, `{"exp":1.0}`, `{"exp":1e3}`, `{"exp":"1"}`, `{"exp":null}`, `{"exp":true}`, `{"exp":9223372036854775807}`,
	`{"exp":9223372036854775808}`, `{"exp":1e308}`, `{"exp":[1]}`, `{"nbf":7,"client_epoch":8,"iat":9}`,
	`{"iss":null,"roles":null,"status":null}`, `{"iss":1}`, `{"iss":["a"]}`, `{"iss":"\ud800"}`, `{"iss":"\ud83d\ude00\u0000"}`,
	`{"roles":"admin"}`, `{"roles":[]}`, `{"roles":["\u0061"]}`, `{"roles":[["a"]]}`, `{"amr":{}}`, `{"roles":[ "a" , "b" ]}`,
	`{"status":{}}`, `{"status":{"status_list":{}}}`, `{"status":{"status_list":1}}`, `{"status":{"status_list":{"idx":"1"}}}`, `{"status":[]}`,
	`{"status":{"status_list":{"idx":1.5}}}`, `{"status":{"status_list":{"uri":1}}}`, `{"status":{"x":{"idx":1}}}`, `{"status":{"status_list":{"idx":-1,"uri":"\u0061"}}}`,
	`{"unknown":{"a":[1,2,{"b":null}]},"iss":"a"}`, `{"Exp":99,"EXP":98,"\u017fcope":"x","exp":1}`, ` { "iss" : "a" } `,
}

func TestParseClaims_AgreesWithReflection(t *testing.T) {
	for _, payload := range claimPayloads {
		checkClaims(t, []byte(payload))
	}
}

// checkClaims compares both ways to read a payload, but for its status. Of a token that nobody
// makes, with null in a list, parseClaims may read less, never more.
func checkClaims(t *testing.T, payload []byte) {
	t.Helper()
	want, wantOK := claimsByReflection(payload)
	got, ok := parseClaims(payload)
	got.Status = nil
	lessOnly := bytes.Contains(payload, []byte("null")) || bytes.Contains(payload, []byte("status"))
	switch {
	case ok && !wantOK:
		t.Errorf("%q is read, which encoding/json refuses", payload)
	case ok && !cmp.Equal(got, want):
		t.Errorf("%q: %s", payload, cmp.Diff(want, got))
	case !ok && wantOK && !lessOnly:
		t.Errorf("%q is refused, which encoding/json reads", payload)
	}
}

// The claim status is read as encoding/json does, but that names in other letters do not count.
func TestParseStatusClaim_AgreesWithReflection(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `1`, `"x"`, `{"status_list":{}}`, `{"status_list":1}`, `{"status_list":{"idx":7,"uri":"u"}}`, `{"status_list":{"idx":"7"}}`,
		`{"status_list":{"idx":1.5}}`, `{"status_list":{"uri":1}}`, `{"status_list":{"uri":"\u0061"}}`, `{"other":{"idx":1}}`, `{"status_list":{"idx":-1,"x":{}}}`,
		`{"status_list":{"idx":9223372036854775808}}`, ` { "status_list" : { "idx" : 1 } } `,
	} {
		var want status.Claim
		wantErr := json.Unmarshal([]byte(text), &want)
		got, ok := status.ParseClaim(text)
		if ok != (wantErr == nil) || ok && *got != want {
			t.Errorf("%s: got %+v, %t; want %+v, %v", text, got, ok, want, wantErr)
		}
	}
	for _, folded := range []string{`{"Status_list":{"idx":7}}`, `{"status_list":{"IDX":7}}`, `{"\u017ftatus_list":{"idx":7}}`} {
		if got, ok := status.ParseClaim(folded); !ok || *got != (status.Claim{}) {
			t.Errorf("%s: got %+v, %t", folded, got, ok)
		}
	}
}

func FuzzParseClaims(f *testing.F) {
	for _, payload := range claimPayloads {
		f.Add([]byte(payload))
	}
	f.Fuzz(checkClaims)
}

// What a token of the usual size costs.
func BenchmarkParseClaims(b *testing.B) {
	payload := []byte(claimPayloads[9])
	for b.Loop() {
		if _, ok := parseClaims(payload); !ok {
			b.Fatal("refused")
		}
	}
}
