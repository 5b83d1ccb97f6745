package protocoltest

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

// LogCapture records the log, and holds fragments of every secret.
type LogCapture struct {
	mu        sync.Mutex
	text      bytes.Buffer
	fragments map[string]struct{} // of all secrets, each fragmentSize bytes
}

func newLogCapture() *LogCapture { return &LogCapture{fragments: map[string]struct{}{}} }

func (s *LogCapture) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(line)
}

// Lines are the events logged so far, as they were written.
func (s *LogCapture) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.FieldsFunc(s.text.String(), func(r rune) bool { return r == '\n' })
}

// Events are the lines decoded; a line that is no JSON object fails the test.
func (s *LogCapture) Events(t testing.TB) []map[string]any {
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
func (s *LogCapture) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Reset()
}

// fragmentSize is the length of a fragment in bytes: long enough not to occur
// by chance.
const fragmentSize = 12

// MarkSecret registers a value that must never occur in output.
func (s *LogCapture) MarkSecret(value string) {
	if len(value) < fragmentSize {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, trace := range secretFragments(value) {
		s.fragments[trace] = struct{}{}
	}
}

// leaks returns the fragments of secrets that occur in the text.
func (s *LogCapture) leaks(text string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for at := 0; at+fragmentSize <= len(text); at++ {
		if _, leak := s.fragments[text[at:at+fragmentSize]]; leak {
			found = append(found, text[at:at+fragmentSize])
		}
	}
	return found
}

// secretFragments returns the beginnings of all encodings of a secret.
func secretFragments(secret string) []string {
	quoted, _ := json.Marshal(secret)
	var found []string
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
		hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.URLEncoding.EncodeToString([]byte(secret)),
	} {
		found = append(found, form[:fragmentSize])
	}
	// The signature is the secret part of a token whose beginning all share.
	if cut := strings.LastIndexByte(secret, '.'); strings.Count(secret, ".") == 2 && len(secret)-cut > fragmentSize {
		found = append(found, secret[cut+1:cut+1+fragmentSize])
	}
	return found
}
