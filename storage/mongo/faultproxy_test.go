package mongo_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// A faultProxy stands between a store and its server and spoils what it is told to.
type faultProxy struct {
	listener net.Listener
	backend  string

	mu         sync.Mutex
	conns      map[net.Conn]bool
	failureFor func(command string) failure
}

// A failure is what happens to one command.
type failure int

const (
	none       failure = iota
	loseAnswer         // the server carries it out; the connection breaks before the answer
	cutAnswer          // the same in the middle of the answer
	refuse             // the connection breaks before the server sees it
	silence            // nobody ever answers
)

// newFaultProxy returns the URI with the proxy in the server's place, also where the
// server names itself as the member of a replica set.
func newFaultProxy(t *testing.T, uri string) (*faultProxy, string) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	l := listenAsLong(t, u.Host)
	r := &faultProxy{listener: l, backend: u.Host, conns: map[net.Conn]bool{}}
	t.Cleanup(r.stop)
	go r.serve()
	u.Host = l.Addr().String()
	q := u.Query()
	if !q.Has("replicaSet") {
		q.Set("directConnection", "true") // not on to the members that the server names
	}
	u.RawQuery = q.Encode()
	return r, u.String()
}

// listenAsLong returns a listener whose address has as many characters as the
// other, so that it can be put in its place in a message.
func listenAsLong(t *testing.T, addr string) net.Listener {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Addr().String()) == len(addr) || !strings.HasPrefix(addr, "127.0.0.1:") {
			return l
		}
		_ = l.Close()
	}
	t.Fatalf("no port as long as that of %s", addr)
	return nil
}

// failWhen decides what happens to commands from now on; nil lets all pass.
func (r *faultProxy) failWhen(spoil func(command string) failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failureFor = spoil
}

// failNext spoils the next command of that name only.
func (r *faultProxy) failNext(name string, f failure) {
	var once sync.Once
	r.failWhen(func(command string) (now failure) {
		if command == name {
			once.Do(func() { now = f })
		}
		return now
	})
}

// stop refuses new connections and breaks those that are open.
func (r *faultProxy) stop() {
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *faultProxy) serve() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns[c] = true
		r.mu.Unlock()
		go r.proxy(c)
	}
}

func (r *faultProxy) proxy(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", r.backend)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	for {
		request, err := readWire(client)
		if err != nil {
			return
		}
		f := r.failureOf(request)
		if f == silence {
			_, _ = io.Copy(io.Discard, client) // until the client gives up
			return
		}
		if f == refuse || !r.exchange(client, server, request, f) {
			return
		}
	}
}

func (r *faultProxy) failureOf(request []byte) failure {
	r.mu.Lock()
	spoil := r.failureFor
	r.mu.Unlock()
	if spoil == nil {
		return none
	}
	return spoil(commandOf(request))
}

// exchange tells whether the connection goes on.
func (r *faultProxy) exchange(client, server net.Conn, request []byte, f failure) bool {
	if _, err := server.Write(request); err != nil {
		return false
	}
	answer, err := readWire(server)
	if err != nil {
		return false
	}
	if own := r.listener.Addr().String(); len(own) == len(r.backend) {
		answer = bytes.ReplaceAll(answer, []byte(r.backend), []byte(own))
	}
	switch f {
	case loseAnswer:
		return false
	case cutAnswer:
		_, _ = client.Write(answer[:len(answer)/2])
		return false
	}
	_, err = client.Write(answer)
	return err == nil
}

// readWire reads one message: its length comes first.
func readWire(c net.Conn) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head)
	if n < 16 || n > 48<<20 {
		return nil, io.ErrUnexpectedEOF
	}
	m := make([]byte, n)
	copy(m, head)
	_, err := io.ReadFull(c, m[4:])
	return m, err
}

// commandOf is the first key of a message's document.
func commandOf(m []byte) string {
	const name = 16 + 4 + 1 + 4 + 1 // header, flags, section kind, document length, type
	if len(m) < name {
		return ""
	}
	key, _, _ := bytes.Cut(m[name:], []byte{0})
	return string(key)
}
