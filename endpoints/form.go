package endpoints

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Bounds of a request's form.
const (
	maxBodyBytes  = 64 << 10 // bytes
	maxParameters = 100
)

const formType = "application/x-www-form-urlencoded"

// knownParameters are the parameters that an endpoint reads, or will read in flows to come.
// Every other name is ignored (RFC 6749 §3.2).
var knownParameters = map[string]charset{
	"grant_type": lineText, "scope": lineText, "resource": lineText, "username": lineText, "password": anyText,
	"refresh_token": lineText, "client_id": lineText, "client_secret": lineText,
	"client_assertion": lineText, "client_assertion_type": lineText,
	"token": lineText, "token_type_hint": lineText, "access_token": lineText,
	"code": lineText, "redirect_uri": lineText, "code_verifier": lineText, "assertion": lineText, "device_code": lineText,
}

// charset says which characters the value of a parameter may hold.
type charset int

const (
	lineText charset = iota // UTF-8 without control characters
	anyText                 // UTF-8 without NUL
)

func (c charset) allows(s string) bool {
	return validText(s, c == anyText)
}

// form holds the known parameters of one request. An empty value is an absent
// one (RFC 6749 §3.2).
type form map[string]string

var (
	errQuery              = badRequest("parameters of this endpoint belong in the body, not in the URL")
	errFormType           = badRequest("the Content-Type must be " + formType)
	errFormCharset        = badRequest("the charset of the form must be UTF-8")
	errTooManyParameters  = badRequest("too many parameters")
	errEncoding           = badRequest("the form is not well-formed")
	errDuplicateParameter = badRequest("a parameter is given twice")
	errCharacters         = badRequest("a parameter holds invalid UTF-8 or control characters")
	errBodyRead           = &httpError{status: http.StatusBadRequest, code: "invalid_request", description: "the body could not be read", closeConnection: true}
	errTooLarge           = &httpError{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: "the body is larger than 64 KiB", closeConnection: true}
)

// readForm reads the body as application/x-www-form-urlencoded, in time linear in its
// size, which is bounded.
//
// opaque names the parameter that may hold any bytes, since the issuer decides whether it
// is a token; "" for none.
func readForm(r *http.Request, opaque string) (form, error) {
	if err := checkQuery(r.URL.RawQuery); err != nil {
		return nil, err
	}
	if err := checkFormType(r.Header.Values("Content-Type")); err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	return parseForm(body, opaque)
}

// checkQuery refuses known parameters in the URL, where they would end up in
// logs (RFC 6749 §2.3.1, §3.2). Others are ignored.
func checkQuery(query string) error {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if _, isParameter := knownParameters[name]; isParameter || err != nil {
			return errQuery
		}
	}
	return nil
}

// checkFormType accepts exactly one Content-Type, in UTF-8 where it names a
// charset.
func checkFormType(values []string) error {
	if len(values) != 1 {
		return errFormType
	}
	if values[0] == formType {
		return nil
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != formType {
		return errFormType
	}
	charset, given := params["charset"]
	switch {
	case given && !strings.EqualFold(charset, "utf-8"):
		return errFormCharset
	case len(params) > 1, len(params) == 1 && !given:
		return errFormType
	}
	return nil
}

func readBody(r *http.Request) (string, error) {
	if r.ContentLength > maxBodyBytes {
		return "", errTooLarge
	}
	body, err := readAll(r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return "", errTooLarge
	case err != nil:
		return "", errBodyRead
	}
	return body, nil
}

// shortBodies holds buffers for bodies that are short and say their length. What is put back
// is cleared: it held passwords and tokens.
var shortBodies = sync.Pool{New: func() any { return new([4 << 10]byte) }}

// readAll reads the body.
func readAll(r *http.Request) (string, error) {
	buffer := shortBodies.Get().(*[4 << 10]byte)
	defer shortBodies.Put(buffer)
	if r.ContentLength < 0 || r.ContentLength > int64(len(buffer)) {
		b, err := io.ReadAll(r.Body)
		return string(b), err
	}
	b := buffer[:r.ContentLength]
	defer clear(b)
	_, err := io.ReadFull(r.Body, b)
	return string(b), err
}

// parseForm takes a form apart. Every known parameter is given at most once,
// whatever its value (RFC 6749 §3.2).
func parseForm(body, opaque string) (form, error) {
	f := form{}
	for n := 0; body != ""; n++ {
		if n == maxParameters {
			return nil, errTooManyParameters
		}
		var pair string
		pair, body, _ = strings.Cut(body, "&")
		if err := f.add(pair, opaque); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f form) add(pair, opaque string) error {
	name, value, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	if err != nil {
		return errEncoding
	}
	allowed, isParameter := knownParameters[name]
	if !isParameter {
		return nil
	}
	if value, err = url.QueryUnescape(value); err != nil {
		return errEncoding
	}
	if name != opaque && !allowed.allows(value) {
		return errCharacters
	}
	if _, duplicate := f[name]; duplicate {
		return errDuplicateParameter
	}
	f[name] = value
	return nil
}

// validText demands UTF-8, so no lone surrogates and no overlong forms, and no
// control characters; allowControl permits all of them but NUL.
func validText(s string, allowControl bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	if allowControl {
		return !strings.ContainsRune(s, 0)
	}
	return !strings.ContainsFunc(s, unicode.IsControl)
}
