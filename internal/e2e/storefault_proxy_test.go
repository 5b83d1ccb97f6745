package e2e_test

import (
	"bytes"
	words "encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
)

// A networkFault is a fault between an instance and its database.
type networkFault struct {
	kind  faultKind
	delay time.Duration // of each answer, where it is late
}

type faultKind int

const (
	noFault   faultKind = iota
	refused             // nobody listens, and what was open is closed
	reset               // every connection is reset, new ones at once
	blackHole           // nothing passes; what is sent meanwhile arrives when it is over
	halfOpen            // as before, but the connections stay silent for ever
	late                // answers take their time
	cut                 // every answer breaks off, each time elsewhere
)

// faultProxy stands between one instance and its database and injects network
// faults.
type faultProxy struct {
	address string // ours
	backend string
	uri     string // by our address

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	fault    networkFault
	changed  chan struct{} // closed when now is another
	conns    map[*proxyConn]bool
	awaited  *awaited
	cuts     int
}

// awaited is the next command of a name, whose answer shall be seen or lost.
type awaited struct {
	command  string
	lose     bool
	answered chan struct{} // closed when the database has answered
}

// proxyConn is one connection through the proxy.
type proxyConn struct {
	client, server net.Conn
	silent         bool     // says nothing more, whatever comes
	awaited        *awaited // by its next answer
}

// newFaultProxy opens a proxy to the database that the connection string names. The
// driver is told not to go on to members that the server names.
func newFaultProxy(t *testing.T, uri string) *faultProxy {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mongodb" || u.Port() == "" || u.Query().Get("tls") == "true" {
		t.Skipf("%s names no single server in plain TCP, whose answers could be spoilt", mongotest.External)
	}
	s := &faultProxy{address: freeAddress(t), backend: u.Host, changed: make(chan struct{}), conns: map[*proxyConn]bool{}}
	u.Host = s.address
	q := u.Query()
	q.Set("directConnection", "true")
	u.RawQuery = q.Encode()
	s.uri = u.String()
	if err := s.listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.set(networkFault{kind: refused}) })
	return s
}

func (s *faultProxy) listen() error {
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.listener = l
	go s.serve(l)
	return nil
}

// set changes what is the matter, from now on and for what is under way.
func (s *faultProxy) set(now networkFault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.fault
	s.fault = now
	close(s.changed)
	s.changed = make(chan struct{})
	if before.kind == halfOpen || now.kind == halfOpen {
		for l := range s.conns {
			l.silent = true
		}
	}
	switch {
	case now.kind == refused && s.listener != nil:
		_ = s.listener.Close()
		s.listener = nil
		s.breakAll(false)
	case now.kind == reset:
		s.breakAll(true)
	case s.listener == nil && now.kind != refused:
		return s.listen()
	}
	return nil
}

// breakAll ends all connections, with a reset or properly. The caller holds mu.
func (s *faultProxy) breakAll(reset bool) {
	for l := range s.conns {
		l.end(reset)
	}
}

func (l *proxyConn) end(reset bool) {
	if tcp, ok := l.client.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = l.client.Close()
	_ = l.server.Close()
}

// loseNext loses the next answer to the command: the database carries it out,
// and the connection breaks. The channel is closed when that has happened.
func (s *faultProxy) loseNext(command string) <-chan struct{} { return s.await(command, true) }

// seeNext returns a channel that is closed when the next command of that name
// has been answered.
func (s *faultProxy) seeNext(command string) <-chan struct{} { return s.await(command, false) }

func (s *faultProxy) await(command string, lose bool) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited = &awaited{command, lose, make(chan struct{})}
	return s.awaited.answered
}

func (s *faultProxy) serve(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go s.connect(client)
	}
}

func (s *faultProxy) connect(client net.Conn) {
	server, err := net.Dial("tcp", s.backend)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &proxyConn{client: client, server: server}
	s.mu.Lock()
	s.conns[c] = true
	c.silent = s.fault.kind == halfOpen
	if s.fault.kind == reset {
		c.end(true)
	}
	s.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { s.pump(c, client, server, s.passCommand) })
	both.Go(func() { s.pump(c, server, client, s.passAnswer) })
	both.Wait()
	c.end(false)
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// pump carries messages one way for as long as pass lets it.
func (s *faultProxy) pump(c *proxyConn, from, to net.Conn, pass func(c *proxyConn, message []byte) (upTo int)) {
	for {
		message, err := readMessage(from)
		if err != nil {
			break
		}
		n := pass(c, message)
		if n < 0 { // dead: takes all and says nothing, until the other side gives up
			_, _ = io.Copy(io.Discard, from)
			break
		}
		_, err = to.Write(message[:n])
		if err != nil || n < len(message) {
			break
		}
	}
	s.mu.Lock()
	dead := c.silent
	s.mu.Unlock()
	if half, ok := to.(*net.TCPConn); ok && (!dead || to == c.server) { // an instance learns nothing of a silent connection
		_ = half.CloseWrite()
		_ = half.SetReadDeadline(time.Now().Add(time.Second)) // the other way may still have something to deliver
	}
}

// passCommand tells how much of a message reaches the database, once it may.
func (s *faultProxy) passCommand(c *proxyConn, message []byte) int {
	for {
		s.mu.Lock()
		now, changed, dead := s.fault, s.changed, c.silent
		if !dead && now.kind != blackHole && s.awaited != nil && commandOf(message) == s.awaited.command {
			s.awaited, c.awaited = nil, s.awaited
		}
		s.mu.Unlock()
		switch {
		case dead:
			return -1
		case now.kind != blackHole:
			return len(message)
		}
		<-changed
	}
}

// passAnswer tells how much of a message reaches the instance, once it may.
func (s *faultProxy) passAnswer(c *proxyConn, message []byte) int {
	for {
		s.mu.Lock()
		now, changed, dead, came := s.fault, s.changed, c.silent, c.awaited
		s.cuts++
		cuts := s.cuts
		c.awaited = nil
		s.mu.Unlock()
		if came != nil {
			close(came.answered)
		}
		switch {
		case dead:
			return -1
		case came != nil && came.lose:
			return 0
		case now.kind == cut:
			return []int{0, 3, 16, len(message) / 2, len(message) - 1}[cuts%5]
		case now.kind == late:
			select {
			case <-time.After(now.delay):
				return len(message)
			case <-changed:
			}
		case now.kind == blackHole:
			<-changed
		default:
			return len(message)
		}
	}
}

// readMessage reads one message of the MongoDB wire protocol: its length comes
// first.
func readMessage(c net.Conn) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	n := words.LittleEndian.Uint32(head)
	if n < 16 || n > 48<<20 {
		return nil, fmt.Errorf("message of %d bytes", n)
	}
	m := make([]byte, n)
	copy(m, head)
	_, err := io.ReadFull(c, m[4:])
	return m, err
}

// commandOf is the first key of a message's document (OP_MSG).
func commandOf(m []byte) string {
	const name = 16 + 4 + 1 + 4 + 1 // header, flags, section kind, document length, type
	if len(m) < name {
		return ""
	}
	key, _, _ := bytes.Cut(m[name:], []byte{0})
	return string(key)
}

// open counts the connections.
func (s *faultProxy) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
