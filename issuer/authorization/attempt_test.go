package authorization_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/issuer/authorization"
)

func TestAttempt_SealedAndOpened(t *testing.T) {
	sealer, now, age := newSealer(t, "https://id.example"), time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC), int64(60)
	a := authorization.Attempt{
		Connector: "company", Mark: [16]byte{1, 2}, Query: "client_id=app&state=" + strings.Repeat("x", 3000), Account: true, Remember: true, Link: [16]byte{3}, MaxAge: &age,
		Until: now.Add(authorization.AttemptTTL),
	}
	text, err := sealer.SealAttempt(a)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "client_id") {
		t.Error("the state is readable")
	}
	if diff := cmp.Diff(a, sealer.OpenAttempt(text)); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		connector string
		after     time.Duration
		valid     bool
	}{
		"at once":                {"company", 0, true},
		"in the last moment":     {"company", authorization.AttemptTTL - time.Millisecond, true},
		"too late":               {"company", authorization.AttemptTTL, false},
		"with a clock set back":  {"company", -time.Second, false},
		"at another provider":    {"other", 0, false},
		"at a provider of no id": {"", 0, false},
	} {
		if got := a.Valid(c.connector, now.Add(c.after)); got != c.valid {
			t.Errorf("%s: valid %v", name, got)
		}
	}
	a.Query = strings.Repeat("x", authorization.MaxAttemptQuery+1)
	if _, err := sealer.SealAttempt(a); !errors.Is(err, authorization.ErrAttemptTooLong) {
		t.Errorf("a query that is too long: %v", err)
	}
}

// None of the sealed texts can be taken for another one.
func TestAttempt_ForeignTexts(t *testing.T) {
	sealer := newSealer(t, "https://id.example")
	attempt, err := sealer.SealAttempt(authorization.Attempt{Connector: "company"})
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := sealer.SealClaimed(authorization.Claimed{Connector: "company", Subject: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	pending, err := sealer.SealPending(authorization.Pending{UserID: "u"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := newSealer(t, "https://id.example").SealAttempt(authorization.Attempt{Connector: "company"})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nothing": "", "an account": claimed, "a pending login": pending, "of another master key": other, "cut": attempt[:len(attempt)-4]} {
		if got := sealer.OpenAttempt(text); got.Connector != "" {
			t.Errorf("%s is opened as an attempt", name)
		}
	}
	for name, text := range map[string]string{"nothing": "", "an attempt": attempt, "a pending login": pending} {
		if got := sealer.OpenClaimed(text); got.Subject != "" {
			t.Errorf("%s is opened as an account", name)
		}
	}
	if sealer.OpenPending(attempt).UserID != "" || sealer.OpenPending(claimed).UserID != "" {
		t.Error("an attempt or an account is opened as a pending login")
	}
	if sealer.OpenClaimed(claimed).Subject != "ann" {
		t.Error("an account is not opened")
	}
}
