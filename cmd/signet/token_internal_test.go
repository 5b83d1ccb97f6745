package main

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func encodePart(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }

func TestDecodeToken(t *testing.T) {
	got, err := decodeToken(encodePart(`{"typ":"at+jwt","kid":"k"}`) + "." + encodePart(`{"iss":"i","aud":["a","b"],"exp":1700000000}`) + ".x")
	if err != nil {
		t.Fatal(err)
	}
	if got.issuer() != "i" || !slices.Equal(got.audience(), []string{"a", "b"}) || got.timeParam("exp").Unix() != 1700000000 || !got.timeParam("nbf").IsZero() {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []string{"", "a.b", "a.b.c.d.e", "!.e30.x", encodePart("[]") + ".e30.x", encodePart("{") + ".e30.x"} {
		if _, err := decodeToken(bad); err == nil {
			t.Errorf("%q was decoded", bad)
		}
	}
}

// What a token holds cannot act on the terminal.
func TestEscapeForTerminal(t *testing.T) {
	got := escapeForTerminal(json.RawMessage("{\"a\":\"\u009b31m\u202e\u007f ü\"}"))
	if strings.ContainsAny(got, "\u009b\u202e\u007f") || !strings.Contains(got, `\u009b31m\u202e\u007f ü`) {
		t.Errorf("got %q", got)
	}
}

// No token makes inspection fail in another way than by a verdict or a clear
// refusal.
func FuzzInspect(f *testing.F) {
	f.Add(encodePart(`{"alg":"RS256","kid":"k","typ":"at+jwt"}`) + "." + encodePart(`{"iss":"http://localhost","aud":"a"}`) + ".AAAA")
	f.Add("sgr_x")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		out, status := runInProcess("token", "inspect", "--jwks", "testdata/empty-jwks.json", "--", token)
		if status == exitOK || strings.Contains(out, "the token is valid") {
			t.Errorf("%q passed: %s", token, out)
		}
	})
}
