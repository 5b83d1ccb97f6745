package endpoints_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"example.org/signet/endpoints"
)

// tlsServer is a server by ServeTLS whose handler answers with the protocol.
type tlsServer struct {
	address string
	config  *tls.Config // of a client
	server  *http.Server
	done    chan error // what ServeTLS returned
}

func startTLS(t *testing.T) *tlsServer {
	t.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(certified.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.TLS == nil {
			http.Error(w, "not over TLS", http.StatusTeapot)
			return
		}
		_, _ = fmt.Fprintf(w, "protocol %d: %s", r.ProtoMajor, body)
	})
	s := &tlsServer{address: l.Addr().String(), server: endpoints.NewServer(h, zerolog.Nop()), done: make(chan error, 1)}
	s.config = certified.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	s.server.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates}
	go func() { s.done <- endpoints.ServeTLS(s.server, endpoints.LimitConnections(l, 0)) }()
	t.Cleanup(func() { _ = s.server.Close() })
	return s
}

// raw sends bytes over TLS and returns everything that is answered until the server hangs up.
func (s *tlsServer) raw(t *testing.T, request string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", s.address, s.config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// H05: over TLS as on plain connections, a request with two lengths is refused, and
// what follows it on the connection is not answered.
func TestServeTLS_TwoLengths_Refused(t *testing.T) {
	s := startTLS(t)
	const good = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
	const next = "0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, head := range map[string]string{
		"length first":   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"encoding first": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	} {
		answer := s.raw(t, good+head+next)
		if strings.Count(answer, "HTTP/1.1 200") != 1 || strings.Count(answer, "HTTP/1.1 400") != 1 || strings.Count(answer, "HTTP/1.1 ") != 2 || !strings.Contains(answer, "protocol 1: ok") {
			t.Errorf("%s: got %q, want 200 for the request before, 400, and no more", name, answer)
		}
	}
	chunked := "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
	if answer := s.raw(t, good+chunked); strings.Count(answer, "HTTP/1.1 200") != 2 || !strings.Contains(answer, "protocol 1: abc") {
		t.Errorf("requests of one length: %q", answer)
	}
}

func TestServeTLS_SpeaksBothProtocols(t *testing.T) {
	s := startTLS(t)
	idle, err := net.Dial("tcp", s.address) // its handshake never begins
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	for want, h2 := range map[string]bool{"protocol 1: ": false, "protocol 2: ": true} {
		c := http.Client{Transport: &http.Transport{TLSClientConfig: s.config.Clone(), ForceAttemptHTTP2: h2}}
		resp, err := c.Get("https://" + s.address)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != want || resp.StatusCode != http.StatusOK {
			t.Errorf("got %d %q, %v, want %q", resp.StatusCode, body, err, want)
		}
		_ = resp.Body.Close()
		c.CloseIdleConnections()
	}
}

func TestServeTLS_PlainHTTP_IsToldSo(t *testing.T) {
	resp, err := http.Get("http://" + startTLS(t).address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d, want 400", resp.StatusCode)
	}
}

func TestServeTLS_Shutdown_ClosesHandshakes(t *testing.T) {
	s := startTLS(t)
	idle, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	_ = s.raw(t, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") // so the earlier connection is accepted
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("ServeTLS: %v", err)
	}
	if err := idle.SetReadDeadline(time.Now().Add(3 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(idle).ReadByte(); isTimeout(err) {
		t.Errorf("the connection in its handshake is still open: %v", err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
