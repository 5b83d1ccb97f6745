package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"example.org/signet/internal/secret"
)

// L04: a secret prints as a placeholder however it is formatted.
func TestText_NeverShows(t *testing.T) {
	const marker = "hunter2-marker"
	s := secret.Text(marker)
	holder := struct {
		Secret secret.Text
		hidden *secret.Text
		Map    map[string]secret.Text
	}{s, &s, map[string]secret.Text{"x": s}}
	if s.Reveal() != marker {
		t.Fatal("the secret is lost")
	}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	asXML, err := xml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "secret", s, "holder", holder)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "secret", s, "holder", holder)
	shown := []string{s.String(), s.GoString(), s.LogValue().String(), string(asJSON), string(asXML), logged.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, []secret.Text{s}), fmt.Sprintf(verb, holder))
	}
	for _, text := range shown {
		if strings.Contains(text, "hunter") || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", "hunter")) {
			t.Errorf("shown: %s", text)
		}
	}
}

func TestText_Placeholder(t *testing.T) {
	for s, want := range map[secret.Text]string{"": `|""|""`, "x": `[redacted]|"[redacted]"|"[redacted]"`} {
		asJSON, err := json.Marshal(s)
		if got := fmt.Sprintf("%v|%#v|%s", s, s, asJSON); err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
