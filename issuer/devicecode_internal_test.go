package issuer

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.org/signet/issuer/usercode"
	"example.org/signet/storage"
)

// Codes that were made under one master key are found under the next one, and the other way round.
func TestDeviceCodec_MasterKeyChange(t *testing.T) {
	first, second := newMaster(t), newMaster(t)
	before, during, after := newDeviceCodec(rand.Reader, first), newDeviceCodec(rand.Reader, second, first), newDeviceCodec(rand.Reader, second)
	h, err := newHandle(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	user := usercode.Code("BCDFGHJK")
	code := before.code(h, user)
	if len(code) != deviceLength {
		t.Errorf("a code of %d characters, want %d", len(code), deviceLength)
	}
	for name, c := range map[string]*deviceCodec{"before": before, "during": during} {
		if gotHandle, gotUser, ok := c.parse(code); !ok || gotHandle != h || gotUser != user {
			t.Errorf("%s: got %v, %q, %v", name, gotHandle, gotUser, ok)
		}
		if !slices.Contains(c.ids(user), before.ids(user)[0]) {
			t.Errorf("%s: the request is not found", name)
		}
	}
	if _, _, ok := after.parse(code); ok {
		t.Error("a code of a key that is not accepted any more is genuine")
	}
	if slices.Contains(after.ids(user), before.ids(user)[0]) || during.ids(user)[0] != after.ids(user)[0] {
		t.Error("ids of another key")
	}
}

func FuzzDeviceCode(f *testing.F) {
	c := newDeviceCodec(rand.Reader, newMaster(f))
	var h handle
	genuine := c.code(h, "BCDFGHJK")
	for _, seed := range []string{"", "sgd_", genuine, genuine[:len(genuine)-1], genuine + "A", "sgc_" + genuine[4:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		gotHandle, user, ok := c.parse(code)
		switch {
		case ok && c.code(gotHandle, user) != code:
			t.Errorf("%q is genuine, and is no code of %x and %q", code, gotHandle, user)
		case ok && code != genuine:
			t.Errorf("%q is forged", code)
		}
	})
}

func TestDecideDevice(t *testing.T) {
	at := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	pending := storage.DeviceRequest{ClientID: "tv", ExpiresAt: at.Add(time.Millisecond)}
	expired := storage.DeviceRequest{ClientID: "tv", ExpiresAt: at}
	decided := func(r storage.DeviceRequest, approved bool) storage.DeviceRequest {
		r.DecidedAt, r.Approved = at.Add(-time.Minute), approved
		return r
	}
	for n, c := range []struct {
		request storage.DeviceRequest
		client  string
		want    deviceOutcome
	}{
		{pending, "tv", devicePending}, {expired, "tv", deviceExpired},
		{decided(pending, false), "tv", deviceDenied}, {decided(expired, false), "tv", deviceDenied},
		{decided(pending, true), "tv", deviceApproved}, {decided(expired, true), "tv", deviceApproved},
		{pending, "other", deviceForeign}, {decided(pending, true), "other", deviceForeign}, {decided(pending, false), "other", deviceForeign},
	} {
		if got := decideDevice(c.request, c.client, at); got != c.want {
			t.Errorf("case %d: got %d, want %d", n, got, c.want)
		}
	}
}

// The pacer forgets devices rather than grow without bound, and lets what it has forgotten poll.
func TestPollPacer_IsBounded(t *testing.T) {
	now := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	p := newPollPacer(func() time.Time { return now })
	for n := range maxPolls + 100 {
		if p.tooSoon(fmt.Sprint(n)) {
			t.Fatalf("the first poll of device %d comes too soon", n)
		}
	}
	if n := p.polls.Len(); n > maxPolls {
		t.Errorf("%d devices are remembered, want at most %d", n, maxPolls)
	}
	if !p.tooSoon(fmt.Sprint(maxPolls + 99)) {
		t.Error("the last device is not remembered")
	}
	now = now.Add(-time.Hour) // a clock that is set back shuts nobody out
	if p.tooSoon(fmt.Sprint(maxPolls + 99)) {
		t.Error("too soon by a clock that was set back")
	}
}
