package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// decodedToken is a token's header and claims. Nothing in it has been verified.
type decodedToken struct {
	header, claims json.RawMessage
	members        map[string]any // of both; a claim hides a header of its name
}

func decodeToken(token string) (decodedToken, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return decodedToken{}, fmt.Errorf("not a signed JWT: it has %d parts and should have 3, separated by dots", len(parts))
	}
	t := decodedToken{members: map[string]any{}}
	for n, into := range []*json.RawMessage{&t.header, &t.claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[n])
		if err != nil {
			return decodedToken{}, errors.New("not a signed JWT: a part is not base64url")
		}
		if err := json.Unmarshal(raw, &t.members); err != nil {
			return decodedToken{}, errors.New("not a signed JWT: a part is not a JSON object")
		}
		*into = raw
	}
	return t, nil
}

func (t decodedToken) stringParam(name string) string {
	s, _ := t.members[name].(string)
	return s
}

func (t decodedToken) issuer() string { return t.stringParam("iss") }

// audience is what the token says that it is for; never empty.
func (t decodedToken) audience() []string {
	var all []string
	list, _ := t.members["aud"].([]any)
	for _, member := range append(list, t.members["aud"]) {
		if s, ok := member.(string); ok && s != "" {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return []string{"none"}
	}
	return all
}

func (t decodedToken) timeParam(name string) time.Time {
	seconds, ok := t.members[name].(float64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// detail is what the token itself says about a check that it passed.
func (t decodedToken) detail(check string) string {
	switch check {
	case "type":
		return t.stringParam("typ")
	case "key":
		return t.stringParam("alg") + " " + t.stringParam("kid")
	case "issuer":
		return t.issuer()
	case "audience":
		return joinWords(t.audience())
	}
	return ""
}

// escapeForTerminal indents JSON and escapes control characters, which JSON
// allows and a terminal would act on.
func escapeForTerminal(raw json.RawMessage) string {
	var laid bytes.Buffer
	if err := json.Indent(&laid, raw, "", "  "); err != nil {
		return "(not JSON)"
	}
	var b strings.Builder
	for _, r := range laid.String() {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// jwksFromFile returns a URL and an HTTP client that serves the file as a JWKS,
// because package verify reads keys over HTTP only.
func jwksFromFile(path string) (url string, client *http.Client, err error) {
	content, err := readBounded(path, 1<<20)
	if err != nil {
		return "", nil, fmt.Errorf("--jwks: %w", err)
	}
	return "http://localhost/jwks.json", &http.Client{Transport: staticResponse(content)}, nil
}

// staticResponse is a transport that answers every request with the same body.
type staticResponse []byte

var _ http.RoundTripper = staticResponse{}

func (a staticResponse) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/jwk-set+json"}}, Body: io.NopCloser(bytes.NewReader(a)),
		ContentLength: int64(len(a)), Request: r,
	}, nil
}
