package endpointstest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Sink takes the log, and knows every secret of its Signet.
type Sink struct {
	mu     sync.Mutex
	text   bytes.Buffer
	traces map[string]struct{} // of all secrets, each traceSize bytes
}

func newSink() *Sink { return &Sink{traces: map[string]struct{}{}} }

func (s *Sink) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(line)
}

// Lines are the events logged so far, as they were written.
func (s *Sink) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.FieldsFunc(s.text.String(), func(r rune) bool { return r == '\n' })
}

// Events are the lines decoded; a line that is no JSON object fails the test.
func (s *Sink) Events(t testing.TB) []map[string]any {
	t.Helper()
	var events []map[string]any
	for _, line := range s.Lines() {
		e := map[string]any{}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

// Reset forgets the lines, not the secrets.
func (s *Sink) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Reset()
}

// traceSize is how much of a secret is too much: from this length on, in bytes,
// a text cannot occur by chance.
const traceSize = 12

// Secret marks a value that must never be seen again.
func (s *Sink) Secret(value string) {
	if len(value) < traceSize {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, trace := range traces(value) {
		s.traces[trace] = struct{}{}
	}
}

// leaks returns what of any secret, in any spelling, stands in the text.
func (s *Sink) leaks(text string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for at := 0; at+traceSize <= len(text); at++ {
		if _, leak := s.traces[text[at:at+traceSize]]; leak {
			found = append(found, text[at:at+traceSize])
		}
	}
	return found
}

// traces are the beginnings of all forms in which a secret could be written.
func traces(secret string) []string {
	quoted, _ := json.Marshal(secret)
	var found []string
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
		hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.URLEncoding.EncodeToString([]byte(secret)),
	} {
		found = append(found, form[:traceSize])
	}
	// The signature is the secret part of a token whose beginning all share.
	if cut := strings.LastIndexByte(secret, '.'); strings.Count(secret, ".") == 2 && len(secret)-cut > traceSize {
		found = append(found, secret[cut+1:cut+1+traceSize])
	}
	return found
}
