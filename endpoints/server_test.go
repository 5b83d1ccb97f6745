package endpoints_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"example.org/signet/endpoints"
	"example.org/signet/internal/protocoltest"
)

// testTimeout bounds everything that these tests wait for.
const testTimeout = 20 * time.Second

// serve runs a handler on the package's own server with short timeouts.
func serve(t *testing.T, h http.Handler, log io.Writer) string {
	t.Helper()
	srv := endpoints.NewServer(h, zerolog.New(log))
	srv.ReadHeaderTimeout, srv.ReadTimeout, srv.IdleTimeout = 150*time.Millisecond, 300*time.Millisecond, 150*time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(endpoints.LimitConnections(l, 8))
	}()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestServer_SetsEveryLimit(t *testing.T) {
	srv := endpoints.NewServer(http.NotFoundHandler(), zerolog.Nop())
	for name, d := range map[string]time.Duration{
		"header": srv.ReadHeaderTimeout, "read": srv.ReadTimeout, "write": srv.WriteTimeout, "idle": srv.IdleTimeout,
	} {
		if d <= 0 || d > 2*time.Minute {
			t.Errorf("%s timeout: %s", name, d)
		}
	}
	if srv.MaxHeaderBytes != 32<<10 || srv.HTTP2.MaxConcurrentStreams <= 0 {
		t.Errorf("%d header bytes, %d streams", srv.MaxHeaderBytes, srv.HTTP2.MaxConcurrentStreams)
	}
	if slack := srv.WriteTimeout - srv.ReadTimeout - endpoints.DefaultLoginTimeout; slack <= 0 {
		t.Errorf("an answer may take %s longer than it can be written", -slack)
	}
}

// A body or a header that trickles in is cut off, and nobody waits for it.
func TestSlowRequests_AreCutOff(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	addr := serve(t, s.Handler, io.Discard)
	for name, head := range map[string]string{
		"H01 header": "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nX: ",
		"T11 body":   "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, addr)
			go func() {
				_, err := io.WriteString(conn, head)
				for err == nil {
					time.Sleep(10 * time.Millisecond)
					_, err = io.WriteString(conn, "x")
				}
			}()
			res, err := http.Get("http://" + addr + "/.well-known/jwks.json")
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if _, err := io.ReadAll(conn); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Errorf("the connection was not closed: %v", err)
			}
		})
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestIdleConnections_AreClosed(t *testing.T) {
	conn := dial(t, serve(t, http.NotFoundHandler(), io.Discard))
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("the idle connection: %v, want EOF", err)
	}
}

func TestLimitConnections(t *testing.T) {
	var inside sync.WaitGroup
	inside.Add(8)
	release := make(chan struct{})
	entered := make(chan struct{}, 100)
	addr := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	}), io.Discard)
	for range 12 {
		_, _ = fmt.Fprintf(dial(t, addr), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	for range 8 {
		<-entered
	}
	select {
	case <-entered:
		t.Error("a ninth connection was taken")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	for range 4 { // the others have their turn when the first are idle for too long
		<-entered
	}
}

func TestServer_LogsNetHTTPErrors(t *testing.T) {
	var log lockedBuffer
	addr := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("trouble " + strings.Repeat("x", 5000)) }), &log)
	_, _ = io.WriteString(dial(t, addr), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	deadline := time.Now().Add(testTimeout)
	for !strings.Contains(log.String(), `"level":"warn"`) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is logged")
		}
		time.Sleep(time.Millisecond)
	}
	if line := log.String(); len(line) > 700 || strings.Count(line, "\n") != 1 {
		t.Errorf("%d bytes logged", len(line))
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// H07: over TLS every answer tells browsers to stay with it.
func TestStrictTransportSecurity(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	server := httptest.NewTLSServer(s.Handler)
	defer server.Close()
	for _, path := range []string{protocoltest.JWKS, protocoltest.Discovery, "/livez", "/nothing", protocoltest.UserInfo} {
		res, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
			t.Errorf("%s: Strict-Transport-Security %q", path, got)
		}
		if got := s.Get(path).Header.Get("Strict-Transport-Security"); got != "" {
			t.Errorf("%s without TLS: Strict-Transport-Security %q", path, got)
		}
	}
}
