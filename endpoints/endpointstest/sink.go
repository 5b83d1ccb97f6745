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
	mu      sync.Mutex
	text    bytes.Buffer
	secrets map[string]struct{}
}

func newSink() *Sink { return &Sink{secrets: map[string]struct{}{}} }

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

// Secret marks a value that must never be seen again.
func (s *Sink) Secret(value string) {
	if len(value) < shortestSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[value] = struct{}{}
}

// shortestSecret is from which length on a text cannot occur by chance.
const shortestSecret = 12

// leaks returns what of any secret, in any spelling, stands in the text.
func (s *Sink) leaks(text string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for secret := range s.secrets {
		for _, form := range spellings(secret) {
			if strings.Contains(text, form) {
				found = append(found, form)
			}
		}
	}
	return found
}

// spellings are the forms in which a secret could have been written, each cut
// to the length that is already too much.
func spellings(secret string) []string {
	quoted, _ := json.Marshal(secret)
	var forms []string
	for _, f := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
		hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.URLEncoding.EncodeToString([]byte(secret)),
	} {
		forms = append(forms, f[:min(len(f), shortestSecret)])
	}
	// The signature is the secret part of a token whose beginning all share.
	if cut := strings.LastIndexByte(secret, '.'); strings.Count(secret, ".") == 2 && len(secret)-cut > shortestSecret {
		forms = append(forms, secret[cut+1:cut+1+shortestSecret])
	}
	return forms
}
