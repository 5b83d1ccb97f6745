package mongo_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// A relay stands between a store and its server and spoils what it is told to.
type relay struct {
	listener net.Listener
	backend  string

	mu    sync.Mutex
	conns map[net.Conn]bool
	spoil func(command string) fault
}

// A fault is what happens to one command.
type fault int

const (
	none       fault = iota
	loseAnswer       // the server carries it out; the connection breaks before the answer
	cutAnswer        // the same in the middle of the answer
	refuse           // the connection breaks before the server sees it
	silence          // nobody ever answers
)

// throughRelay returns the URI with the relay in the server's place.
func throughRelay(t *testing.T, uri string) (*relay, string) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, backend: u.Host, conns: map[net.Conn]bool{}}
	t.Cleanup(r.stop)
	go r.serve()
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("directConnection", "true") // not on to the members that the server names
	u.RawQuery = q.Encode()
	return r, u.String()
}

// on decides what happens to commands from now on; nil lets all pass.
func (r *relay) on(spoil func(command string) fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spoil = spoil
}

// next spoils the next command of that name only.
func (r *relay) next(name string, f fault) {
	var once sync.Once
	r.on(func(command string) (now fault) {
		if command == name {
			once.Do(func() { now = f })
		}
		return now
	})
}

// stop refuses new connections and breaks those that are open.
func (r *relay) stop() {
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *relay) serve() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns[c] = true
		r.mu.Unlock()
		go r.carry(c)
	}
}

func (r *relay) carry(client net.Conn) {
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
		f := r.fate(request)
		if f == silence {
			_, _ = io.Copy(io.Discard, client) // until the client gives up
			return
		}
		if f == refuse || !exchange(client, server, request, f) {
			return
		}
	}
}

func (r *relay) fate(request []byte) fault {
	r.mu.Lock()
	spoil := r.spoil
	r.mu.Unlock()
	if spoil == nil {
		return none
	}
	return spoil(commandOf(request))
}

// exchange tells whether the connection goes on.
func exchange(client, server net.Conn, request []byte, f fault) bool {
	if _, err := server.Write(request); err != nil {
		return false
	}
	answer, err := readWire(server)
	if err != nil {
		return false
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
