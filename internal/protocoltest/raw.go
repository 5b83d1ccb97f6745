package protocoltest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// testTimeout bounds everything that a test waits for.
const testTimeout = 20 * time.Second

// Raw sends bytes as they are and reads one answer; closed tells whether the
// server then hung up. Write errors are ignored: the server may have
// closed the connection already.
func (q *requester) Raw(t testing.TB, request io.Reader) (a Response, closed bool) {
	t.Helper()
	conn, err := net.Dial("tcp", q.Server.Listener.Addr().String())
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(testTimeout)))
	go func() { _, _ = io.Copy(conn, request) }()
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	must(t, err)
	body, err := io.ReadAll(res.Body)
	must(t, err)
	a = Response{Status: res.StatusCode, Header: res.Header, Body: body}
	q.record(a)
	if !res.Close {
		return a, false
	}
	_, err = in.ReadByte()
	return a, err != nil
}

// rawAll sends bytes in pieces of the size and reads all answers until the server
// hangs up.
func (q *requester) rawAll(t testing.TB, request string, size int) []Response {
	t.Helper()
	conn, err := net.Dial("tcp", q.Server.Listener.Addr().String())
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(testTimeout)))
	go func() {
		for part := range slices.Chunk([]byte(request), size) {
			if _, err := conn.Write(part); err != nil {
				return
			}
		}
	}()
	in, all := bufio.NewReader(conn), []Response(nil)
	for {
		if _, err := in.Peek(1); err != nil {
			return all
		}
		res, err := http.ReadResponse(in, nil)
		must(t, err)
		body, err := io.ReadAll(res.Body)
		must(t, err)
		header := res.Header
		if res.Close {
			header.Set("Connection", "close")
		}
		all = append(all, Response{Status: res.StatusCode, Header: header, Body: body})
	}
}

// Head is the beginning of a raw request to the Signet.
func (q *requester) Head(method, path string, headers ...string) string {
	host := q.Server.Listener.Addr().String()
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n", method, path, host, strings.Join(headers, "\r\n"))
}

// repeatReader repeats the same bytes for ever.
type repeatReader struct{ part string }

func (e repeatReader) Read(b []byte) (int, error) { return copy(b, e.part), nil }
