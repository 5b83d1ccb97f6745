package verify

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const tokenParameter = "access_token" // RFC 6750 §2.2, §2.3

// bearerToken returns the token in the Authorization header (RFC 6750 §2.1), the only
// place where it is accepted. Another scheme counts as no token.
func bearerToken(r *http.Request) (string, error) {
	if r.URL.RawQuery != "" && r.URL.Query().Has(tokenParameter) {
		return "", fmt.Errorf("%w: token in the query", ErrInvalidRequest)
	}
	values := r.Header["Authorization"]
	if len(values) > 1 {
		return "", fmt.Errorf("%w: more than one Authorization header", ErrInvalidRequest)
	}
	if len(values) == 0 {
		return "", ErrNoToken
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") { // RFC 9110 §11.1: in any case
		return "", ErrNoToken
	}
	token = strings.Trim(token, " ")
	if !isToken68(token) {
		return "", fmt.Errorf("%w: malformed Bearer token", ErrInvalidRequest)
	}
	return token, nil
}

// isToken68 reports whether the value is a b64token (RFC 6750 §2.1). A value with a space
// or comma would be two credentials in one header.
func isToken68(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~+/=", c) >= 0:
		default:
			return false
		}
	}
	return text != ""
}

const maxFormPeek = 64 << 10

// formHasToken reports whether a form body has a token beside the header's (RFC 6750 §2:
// one method for each request). It reads up to 64 KiB, and the handler still gets the
// whole body.
func formHasToken(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return false
	}
	if r.PostForm != nil { // parsed by a handler before this one
		return r.PostForm.Has(tokenParameter)
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" {
		return false
	}
	start, err := io.ReadAll(io.LimitReader(r.Body, maxFormPeek))
	r.Body = &prefixedBody{rest: r.Body, Reader: io.MultiReader(bytes.NewReader(start), &resumedReader{r.Body, err})}
	form, _ := url.ParseQuery(string(start))
	return form.Has(tokenParameter)
}

// prefixedBody is a body of which the beginning was read and is read again.
type prefixedBody struct {
	io.Reader
	rest io.Closer
}

func (b *prefixedBody) Close() error { return b.rest.Close() }

// resumedReader reads the rest of a body, or returns the error that reading it gave.
type resumedReader struct {
	rest io.Reader
	err  error
}

func (b *resumedReader) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return b.rest.Read(p)
}

var (
	_ io.ReadCloser = (*prefixedBody)(nil)
	_ io.Reader     = (*resumedReader)(nil)
)
