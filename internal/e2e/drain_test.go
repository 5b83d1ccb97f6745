package e2e_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// slowRequest is a refresh that the server has begun to read: the body is still
// to come.
type slowRequest struct {
	conn net.Conn
	body string
	r    *bufio.Reader
}

// beginRefresh sends the head of a refresh and waits until the handler asks for
// the body (RFC 9110 §10.1.1), so that the request is certainly in flight.
func (s *server) beginRefresh(t *testing.T, c credentials, token string) *slowRequest {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(waitTimeout)); err != nil {
		t.Fatal(err)
	}
	q := &slowRequest{conn: conn, body: refreshForm(token).Encode(), r: bufio.NewReader(conn)}
	_, err = fmt.Fprintf(conn, "POST /oauth2/token HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		s.address, base64.StdEncoding.EncodeToString([]byte(c.ID+":"+c.Secret)), len(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if got, err := q.r.ReadString('\n'); err != nil || got != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	return q
}

// finish sends the body and returns the answer.
func (q *slowRequest) finish(t *testing.T) answer {
	t.Helper()
	if _, err := io.WriteString(q.conn, q.body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(q.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// accepts tells whether the server takes new connections.
func (s *server) accepts() bool {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// TestDrainAnswersWhatIsInFlight: after SIGTERM readiness goes off first, then
// connections are refused, then what is in flight is answered, with the store
// still open, and only then the process ends.
func TestDrainAnswersWhatIsInFlight(t *testing.T) {
	long(t)
	t.Parallel()
	s := startServer(t, "--drain-delay", "2s")
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword)
	first := s.login(t, web, alice, alicePassword)
	inFlight := s.beginRefresh(t, web, first.RefreshToken)

	s.child.signal(t, syscall.SIGTERM)
	eventually(t, "readiness to go off", func() bool { return !s.ready() })
	if !s.accepts() {
		t.Error("connections are refused before a balancer could see that readiness is off")
	}
	eventually(t, "connections to be refused", func() bool { return !s.accepts() })
	if s.child.ended() {
		t.Fatal("the process has ended with a request in flight")
	}
	second := inFlight.finish(t).granted(t)
	if code := s.child.wait(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}

	s.start(t)
	s.wantActive(t, web, second.AccessToken, second.RefreshToken)
	s.refresh(t, web, second.RefreshToken)
}
