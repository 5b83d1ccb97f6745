package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var deviceRequestContracts = []contract{
	{"CreateAndRead", deviceRequestCreateAndRead},
	{"CreateTwice", deviceRequestCreateTwice},
	{"Decide", deviceRequestDecide},
	{"DecideOnce", deviceRequestDecideOnce},
	{"DecideUntilItExpires", deviceRequestDecideUntilItExpires},
	{"DecideRace", deviceRequestDecideRace},
	{"Sweep", deviceRequestSweep},
	{"Injection", deviceRequestInjection},
}

// newDeviceRequest is pending until ten minutes after start.
func newDeviceRequest(n int) storage.DeviceRequest {
	return storage.DeviceRequest{
		ID:          fmt.Sprintf("device-request-%03d", n),
		SessionID:   fmt.Sprintf("device-session-%03d", n),
		ClientID:    fmt.Sprintf("client-%03d", n),
		ClientEpoch: int64(n),
		Scopes:      []string{"openid", "items:read"},
		Resource:    "https://api.example.com",
		CreatedAt:   start.Add(time.Duration(n) * time.Millisecond),
		ExpiresAt:   start.Add(10 * time.Minute),
		Device:      fmt.Sprintf("television %d", n),
		Network:     fmt.Sprintf("192.0.%d.0/24", n),
	}
}

func decisionOf(r storage.DeviceRequest, approved bool) storage.DeviceDecision {
	return storage.DeviceDecision{ID: r.ID, At: start.Add(time.Minute), Approved: approved, UserID: "user-id-001"}
}

// decided returns the request as the decision leaves it.
func decided(r storage.DeviceRequest, d storage.DeviceDecision) storage.DeviceRequest {
	r.DecidedAt, r.Approved, r.UserID = d.At, d.Approved, d.UserID
	return r
}

func createDeviceRequest(t *testing.T, s storage.Store, r storage.DeviceRequest) storage.DeviceRequest {
	t.Helper()
	noErr(t, "CreateDeviceRequest", s.CreateDeviceRequest(t.Context(), r))
	return r
}

func wantDeviceRequest(t *testing.T, s storage.Store, want storage.DeviceRequest) {
	t.Helper()
	got, err := s.DeviceRequest(t.Context(), want.ID)
	noErr(t, "DeviceRequest", err)
	wantEqual(t, "the device request", got, want)
}

func deviceRequestCreateAndRead(t *testing.T, s storage.Store) {
	first := createDeviceRequest(t, s, newDeviceRequest(1))
	bare := createDeviceRequest(t, s, storage.DeviceRequest{ID: "bare", CreatedAt: start, ExpiresAt: start})
	wantDeviceRequest(t, s, first)
	wantDeviceRequest(t, s, bare)
	wantErr(t, "DeviceRequest", second(s.DeviceRequest(t.Context(), "none")), storage.ErrNotFound)
	fine := newDeviceRequest(2)
	fine.CreatedAt, fine.ExpiresAt = subMillisecond, subMillisecond
	createDeviceRequest(t, s, fine)
	fine.CreatedAt, fine.ExpiresAt = start, start
	wantDeviceRequest(t, s, fine)
}

func deviceRequestCreateTwice(t *testing.T, s storage.Store) {
	first := createDeviceRequest(t, s, newDeviceRequest(1))
	again := newDeviceRequest(2)
	again.ID = first.ID
	wantDuplicate(t, "CreateDeviceRequest", s.CreateDeviceRequest(t.Context(), again), "id")
	wantDeviceRequest(t, s, first)
}

func deviceRequestDecide(t *testing.T, s storage.Store) {
	for n, approved := range []bool{true, false} {
		r, other := createDeviceRequest(t, s, newDeviceRequest(2*n)), createDeviceRequest(t, s, newDeviceRequest(2*n+1))
		d := decisionOf(r, approved)
		got, err := s.DecideDeviceRequest(t.Context(), d)
		noErr(t, "DecideDeviceRequest", err)
		wantEqual(t, "the answer of DecideDeviceRequest", got, decided(r, d))
		wantDeviceRequest(t, s, decided(r, d))
		wantDeviceRequest(t, s, other)
	}
	wantErr(t, "DecideDeviceRequest of none", second(s.DecideDeviceRequest(t.Context(), storage.DeviceDecision{ID: "none", At: start})), storage.ErrConflict)
}

func deviceRequestDecideOnce(t *testing.T, s storage.Store) {
	r := createDeviceRequest(t, s, newDeviceRequest(1))
	first := decisionOf(r, false)
	noErr(t, "DecideDeviceRequest", second(s.DecideDeviceRequest(t.Context(), first)))
	for _, approved := range []bool{true, false} {
		wantErr(t, "DecideDeviceRequest again", second(s.DecideDeviceRequest(t.Context(), decisionOf(r, approved))), storage.ErrConflict)
	}
	wantDeviceRequest(t, s, decided(r, first))
}

func deviceRequestDecideUntilItExpires(t *testing.T, s storage.Store) {
	r := createDeviceRequest(t, s, newDeviceRequest(1))
	d := decisionOf(r, true)
	for _, late := range []time.Time{r.ExpiresAt, r.ExpiresAt.Add(time.Millisecond)} {
		d.At = late
		wantErr(t, "DecideDeviceRequest of an expired one", second(s.DecideDeviceRequest(t.Context(), d)), storage.ErrConflict)
	}
	wantDeviceRequest(t, s, r)
	d.At = r.ExpiresAt.Add(-time.Millisecond)
	noErr(t, "DecideDeviceRequest", second(s.DecideDeviceRequest(t.Context(), d)))
	wantDeviceRequest(t, s, decided(r, d))
}

func deviceRequestDecideRace(t *testing.T, s storage.Store) {
	r := createDeviceRequest(t, s, newDeviceRequest(1))
	of := func(i int) storage.DeviceDecision {
		d := decisionOf(r, i%2 == 0)
		d.UserID = fmt.Sprint(i)
		return d
	}
	errs := race(racers, func(i int) error { return second(s.DecideDeviceRequest(t.Context(), of(i))) })
	wantDeviceRequest(t, s, decided(r, of(winner(t, errs, storage.ErrConflict))))
}

func deviceRequestSweep(t *testing.T, s storage.Store) {
	const requests = 6
	for n := range requests {
		r := newDeviceRequest(n)
		r.ExpiresAt = start.Add(time.Duration(n) * time.Second)
		createDeviceRequest(t, s, r)
	}
	for _, step := range []struct {
		before time.Time
		limit  int
		want   int64
	}{{start, 10, 0}, {start.Add(4 * time.Second), 0, 0}, {start.Add(4 * time.Second), 3, 3}, {start.Add(4 * time.Second), 3, 1}, {start.Add(4 * time.Second), 3, 0}} {
		n, err := s.SweepDeviceRequests(t.Context(), step.before, step.limit)
		noErr(t, "SweepDeviceRequests", err)
		wantEqual(t, "how many were deleted", n, step.want)
	}
	for n := range requests {
		_, err := s.DeviceRequest(t.Context(), newDeviceRequest(n).ID)
		if n < 4 {
			wantErr(t, "DeviceRequest", err, storage.ErrNotFound)
		} else {
			noErr(t, "DeviceRequest", err)
		}
	}
}

func deviceRequestInjection(t *testing.T, s storage.Store) {
	for _, v := range sampledStrings() {
		r := newDeviceRequest(1)
		r.ID, r.SessionID, r.ClientID, r.Scopes, r.Resource, r.Device, r.Network = v, v, v, []string{v, v + "#"}, v, v, v
		createDeviceRequest(t, s, r)
		wantDeviceRequest(t, s, r)
		d := decisionOf(r, true)
		d.UserID = v
		noErr(t, "DecideDeviceRequest", second(s.DecideDeviceRequest(t.Context(), d)))
		wantDeviceRequest(t, s, decided(r, d))
	}
}
