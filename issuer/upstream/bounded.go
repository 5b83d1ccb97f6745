package upstream

import (
	"errors"
	"io"
	"net/http"
)

// maxBody bounds what is read of one answer of a provider, in bytes.
const maxBody = 1 << 20

var errTooLong = errors.New("the answer is too long")

// bounded is a transport whose bodies end in an error beyond maxBody: the libraries read
// whatever comes.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &boundedBody{res.Body, maxBody}
	return res, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
