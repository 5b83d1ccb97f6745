package main

import (
	"io"
	"net"
	"sync"
)

// A serializer is a proxy that lets one writing command through at a time, so
// that each is as atomic as on MongoDB. Two commands of one client still
// interleave with other clients' commands, as they do there: a test of code
// that reads and then writes still fails.
type serializer struct {
	backend  string // TCP address
	role     role
	accounts *accounts
	racy     bool         // holds no lock
	mu       sync.RWMutex // held from a command to its answer; for writing by those that write
}

func newSerializer(backend string, r role, a *accounts) *serializer {
	return &serializer{backend: backend, role: r, accounts: a}
}

// serve proxies every connection until the listener is closed.
func (s *serializer) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go s.proxy(c)
	}
}

// proxy gives the client's connection one of its own to the backend.
func (s *serializer) proxy(client net.Conn) {
	defer func() { _ = client.Close() }()
	backend, err := net.Dial("tcp", s.backend)
	if err != nil {
		return
	}
	defer func() { _ = backend.Close() }()
	visit := visit{accounts: s.accounts}
	var request, answer []byte
	for err == nil {
		if request, err = readMessage(client, request); err != nil {
			return
		}
		if refused := visit.intercept(request); refused != nil {
			_, err = client.Write(refused)
			continue
		}
		answer, err = s.step(client, backend, request, answer)
	}
}

// step carries one command to the backend and its answer, if there is one,
// back. It returns the answer's buffer for the next step.
func (s *serializer) step(client io.Writer, backend io.ReadWriter, request, buf []byte) ([]byte, error) {
	answer, err := s.exchange(backend, request, buf)
	if err != nil || !wantsAnswer(request) {
		return buf, err
	}
	mendDuplicate(answer)
	if isHello(request) {
		answer = s.role.describe(answer)
	}
	_, err = client.Write(answer)
	return answer, err
}

// exchange holds the lock from the command to its answer.
func (s *serializer) exchange(backend io.ReadWriter, request, buf []byte) ([]byte, error) {
	switch name := command(request); {
	case s.racy, continues(name):
	case writes(name):
		s.mu.Lock()
		defer s.mu.Unlock()
	default:
		s.mu.RLock()
		defer s.mu.RUnlock()
	}
	if _, err := backend.Write(request); err != nil {
		return nil, err
	}
	if !wantsAnswer(request) {
		return nil, nil
	}
	return readMessage(backend, buf)
}
