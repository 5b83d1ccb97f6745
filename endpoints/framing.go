package endpoints

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// CheckFraming refuses HTTP/1 requests whose end is ambiguous: those with both
// Content-Length and Transfer-Encoding, and HTTP/1.0 ones with Transfer-Encoding
// (RFC 9112 §6.1, §6.3). A proxy that reads the one and a server that reads the
// other would disagree about where the next request begins. net/http accepts
// the first kind and drops the Content-Length before a handler could see it.
// Such a request is answered 400, and its connection is closed.
//
// The listener must be of plain connections. [ServeTLS] checks those of TLS.
func CheckFraming(l net.Listener) net.Listener { return framingListener{l} }

type framingListener struct{ net.Listener }

func (l framingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &framingConn{Conn: c}, nil
}

// framingConn checks what is read from a connection. In place of an ambiguous request
// it returns bytes that net/http refuses, and then io.EOF.
type framingConn struct {
	net.Conn
	scanner framingScanner
	refusal []byte // what remains of it to be read
	refused atomic.Bool
}

// framingRefusal is not a valid header field: net/http answers 400 and closes the
// connection.
const framingRefusal = "\x00\r\n\r\n"

// refusalLinger is how long a refused client has to read the answer: closing
// while it still sends would reset the connection and lose the answer.
const refusalLinger = 500 * time.Millisecond

func (c *framingConn) Read(b []byte) (int, error) {
	if c.refused.Load() {
		return c.readRefusal(b)
	}
	n, err := c.Conn.Read(b)
	sound := c.scanner.scan(b[:n])
	if sound == n {
		return n, err
	}
	c.refusal = []byte(framingRefusal)
	c.refused.Store(true)
	if sound == 0 {
		return c.readRefusal(b)
	}
	return sound, nil
}

func (c *framingConn) readRefusal(b []byte) (int, error) {
	if len(c.refusal) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.refusal)
	c.refusal = c.refusal[n:]
	return n, nil
}

// CloseWrite ends this side of a TCP connection; net/http looks for it.
func (c *framingConn) CloseWrite() error {
	if tcp, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return tcp.CloseWrite()
	}
	return nil
}

// Close reads and discards what a refused client still sends, for refusalLinger at most.
func (c *framingConn) Close() error {
	if c.refused.Load() && c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(refusalLinger)) == nil {
		_, _ = io.CopyN(io.Discard, c.Conn, maxBodyBytes)
	}
	return c.Conn.Close()
}

// framingState is the part of a request that the next byte belongs to.
type framingState int

const (
	inRequestLine framingState = iota // or in the blank lines before it
	inHeader
	inBody      // of a known length
	inChunkSize // the line before a chunk
	inChunk     // with the line break behind it
	inTrailer
	unframed // the length cannot be told: nothing more is passed on
)

// maxFramingLine is how much of a line is looked at, in bytes.
const maxFramingLine = 64

// framingScanner follows the requests of one HTTP/1 connection as net/http
// frames them.
type framingScanner struct {
	state     framingState
	line      []byte // the line so far, without its end and only its beginning
	tail      [8]byte
	colon     bool  // the line has had a colon
	remaining int64 // bytes of the body or of the chunk

	oldVersion bool // HTTP/1.0
	length     bool // there is a Content-Length
	chunked    bool // there is a Transfer-Encoding
}

// scan returns how many of the bytes are sound: all, or those before the colon of
// the field that makes the framing ambiguous, or those up to the end of the line of a
// length that cannot be read.
func (s *framingScanner) scan(b []byte) int {
	for i := 0; i < len(b); {
		switch s.state {
		case unframed:
			return i
		case inBody, inChunk:
			n := min(s.remaining, int64(len(b)-i))
			i += int(n)
			if s.remaining -= n; s.remaining == 0 {
				s.bodyRead()
			}
			continue
		}
		if !s.next(b[i]) {
			return i
		}
		i++
	}
	return len(b)
}

// next reads one byte of a line. It returns false if the byte must not be passed on.
func (s *framingScanner) next(c byte) bool {
	switch {
	case c == '\n':
		s.endLine(bytes.TrimSuffix(s.line, []byte("\r")))
		s.line, s.colon = s.line[:0], false
		return true
	case c == ':' && s.state == inHeader && !s.colon:
		s.colon = true
		if s.name(string(s.line)); s.chunked && (s.length || s.oldVersion) {
			return false
		}
	}
	if s.state == inRequestLine && c != '\r' {
		copy(s.tail[:], s.tail[1:])
		s.tail[len(s.tail)-1] = c
	}
	if len(s.line) < maxFramingLine {
		s.line = append(s.line, c)
	}
	return true
}

// name records the fields that say how long the body is.
func (s *framingScanner) name(name string) {
	switch strings.ToLower(name) {
	case "content-length":
		s.length = true
	case "transfer-encoding":
		s.chunked = true
	}
}

func (s *framingScanner) endLine(line []byte) {
	switch s.state {
	case inRequestLine:
		if len(line) > 0 {
			s.state, s.oldVersion, s.length, s.chunked, s.remaining = inHeader, string(s.tail[:]) == "HTTP/1.0", false, false, 0
		}
	case inHeader:
		s.endHeaderLine(line)
	case inChunkSize:
		s.endChunkSize(line)
	case inTrailer:
		if len(line) == 0 {
			s.state = inRequestLine
		}
	}
}

func (s *framingScanner) endHeaderLine(line []byte) {
	name, value, found := strings.Cut(string(line), ":")
	switch {
	case len(line) == 0 && s.chunked:
		s.state = inChunkSize
	case len(line) == 0 && s.remaining > 0:
		s.state = inBody
	case len(line) == 0:
		s.state = inRequestLine
	case found && strings.EqualFold(name, "content-length"):
		n, err := strconv.ParseInt(strings.Trim(value, " \t"), 10, 64)
		// One that is longer than what is kept, or goes on in the next line, net/http may read.
		if s.remaining = n; err != nil || n < 0 || len(s.line) == maxFramingLine {
			s.state = unframed
		}
	}
}

// endChunkSize reads the size before a chunk (RFC 9112 §7.1).
func (s *framingScanner) endChunkSize(line []byte) {
	size, _, _ := strings.Cut(string(line), ";")
	n, err := strconv.ParseInt(strings.Trim(size, " \t"), 16, 62)
	switch {
	case err != nil, n < 0:
		s.state = unframed
	case n == 0:
		s.state = inTrailer
	default:
		s.state, s.remaining = inChunk, n+int64(len("\r\n"))
	}
}

func (s *framingScanner) bodyRead() {
	if s.state == inChunk {
		s.state = inChunkSize
		return
	}
	s.state = inRequestLine
}
