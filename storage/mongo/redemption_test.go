package mongo_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
)

// A redemption is never repeated by the store. Where its answer is lost the session says
// whether it was carried out; if it says no, the outcome is unknown.
func TestRedemptionWithLostAnswer(t *testing.T) { onBoth(t, testLostRedemptions) }

func testLostRedemptions(t *testing.T, server func(*testing.T) string) {
	for what, c := range map[string]struct {
		f    failure
		then int64
	}{"lost": {loseAnswer, 0}, "cut": {cutAnswer, 0}, "never sent": {refuse, storage.PendingGeneration}} {
		t.Run(what, func(t *testing.T) {
			r, uri := newFaultProxy(t, server(t))
			var w commandLog
			s := open(t, uri, w.monitor())
			mustSucceed(t, pendingSession(t.Context(), s))
			w.take()
			r.failNext("findAndModify", c.f)
			redeemed, err := s.RedeemSession(t.Context(), testRedemption("p"))
			switch {
			case errors.Is(err, storage.ErrConflict):
				t.Errorf("%v claims to be certain", err)
			case c.f == refuse && !errors.Is(err, storage.ErrUnavailable):
				t.Errorf("got %v, want ErrUnavailable", err)
			case c.f != refuse && (err != nil || redeemed.Generation != 0 || redeemed.StatusIndex != 7 || redeemed.Code != storage.Code{}):
				t.Errorf("got %+v, %v; want the redemption that was carried out", redeemed, err)
			}
			if sent := w.take(); !slices.Equal(sent, []string{"findAndModify", "find"}) {
				t.Errorf("sent %v, want one findAndModify and one find", sent)
			}
			got, err := s.Session(t.Context(), "p")
			if err != nil || got.Generation != c.then {
				t.Errorf("generation %d, %v; want %d", got.Generation, err, c.then)
			}
			want := storage.ErrConflict
			if c.f == refuse {
				want = nil
			}
			if _, err := s.RedeemSession(t.Context(), testRedemption("p")); !errors.Is(err, want) {
				t.Errorf("again: %v, want %v", err, want)
			}
		})
	}
}

// Of two redemptions at the same moment, the one whose command was lost does not take the
// other's for its own: each has a place of its own in the status lists.
func TestRedemptionThatAnotherMadeIsUnknown(t *testing.T) {
	for what, change := range map[string]func(*storage.Redemption){
		"another place":            func(r *storage.Redemption) { r.StatusIndex = 8 },
		"another moment":           func(r *storage.Redemption) { r.At = r.At.Add(time.Millisecond) },
		"no place that tells them": func(r *storage.Redemption) { r.StatusIndex = 0 },
	} {
		t.Run(what, func(t *testing.T) {
			direct := mongotest.URI(t)
			other := open(t, direct)
			r, uri := newFaultProxy(t, direct)
			s := open(t, uri)
			mustSucceed(t, pendingSession(t.Context(), s))
			mine, theirs := testRedemption("p"), testRedemption("p")
			change(&theirs)
			if theirs.StatusIndex == 0 {
				mine.StatusIndex = 0
			}
			r.failWhen(func(command string) failure {
				if command != "findAndModify" {
					return none
				}
				if _, err := other.RedeemSession(t.Context(), theirs); err != nil {
					t.Error(err)
				}
				return refuse
			})
			if _, err := s.RedeemSession(t.Context(), mine); !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrConflict) {
				t.Errorf("got %v, want ErrUnavailable alone", err)
			}
		})
	}
}

// A lease whose answer is lost is found by owner, attempt and end. One that was never sent
// is not claimed: the next call gets the message.
func TestLeaseWithLostAnswer(t *testing.T) { onBoth(t, testLostLeases) }

func testLostLeases(t *testing.T, server func(*testing.T) string) {
	for what, f := range map[string]failure{"lost": loseAnswer, "cut": cutAnswer, "never sent": refuse} {
		t.Run(what, func(t *testing.T) {
			r, uri := newFaultProxy(t, server(t))
			s := open(t, uri)
			mustSucceed(t, s.Enqueue(t.Context(), testMessage("m")))
			r.failNext("findAndModify", f)
			got, err := s.LeaseMessages(t.Context(), testLease("a"))
			if f == refuse {
				if !errors.Is(err, storage.ErrUnavailable) || len(got) != 0 {
					t.Errorf("got %v, %v; want ErrUnavailable", got, err)
				}
				got, err = s.LeaseMessages(t.Context(), testLease("a"))
			}
			want := testMessage("m")
			want.Owner, want.Attempts, want.LeasedTo = "a", 1, start.Add(time.Minute)
			if diff := cmp.Diff([]storage.Message{want}, got); err != nil || diff != "" {
				t.Errorf("%v, leased (-want +got):\n%s", err, diff)
			}
			if again, err := s.LeaseMessages(t.Context(), testLease("a")); err != nil || len(again) != 0 {
				t.Errorf("leased again: %v, %v", again, err)
			}
		})
	}
}

// A message that somebody else leases between the search and the lease is not leased twice.
func TestLeaseThatAnotherTook(t *testing.T) {
	direct := mongotest.URI(t)
	other := open(t, direct)
	r, uri := newFaultProxy(t, direct)
	s := open(t, uri)
	mustSucceed(t, s.Enqueue(t.Context(), testMessage("m")))
	r.failWhen(func(command string) failure {
		if command == "findAndModify" {
			if got, err := other.LeaseMessages(t.Context(), testLease("b")); err != nil || len(got) != 1 {
				t.Errorf("the other leased %v, %v", got, err)
			}
		}
		return none
	})
	if got, err := s.LeaseMessages(t.Context(), testLease("a")); err != nil || len(got) != 0 {
		t.Errorf("leased %v, %v; want none", got, err)
	}
}

// A decision about a device whose answer is lost is found on the record. One that was never sent is
// not claimed.
func TestDeviceDecisionWithLostAnswer(t *testing.T) { onBoth(t, testLostDeviceDecisions) }

func testLostDeviceDecisions(t *testing.T, server func(*testing.T) string) {
	for what, f := range map[string]failure{"lost": loseAnswer, "cut": cutAnswer, "never sent": refuse} {
		t.Run(what, func(t *testing.T) {
			r, uri := newFaultProxy(t, server(t))
			s := open(t, uri)
			mustSucceed(t, s.CreateDeviceRequest(t.Context(), testDeviceRequest("d")))
			r.failNext("findAndModify", f)
			err := decideDevice(t.Context(), s)
			got, readErr := s.DeviceRequest(t.Context(), "d")
			mustSucceed(t, readErr)
			switch {
			case f == refuse && (!errors.Is(err, storage.ErrUnavailable) || got.Approved):
				t.Errorf("got %v and %+v, want ErrUnavailable and a pending request", err, got)
			case f != refuse && (err != nil || !got.Approved):
				t.Errorf("got %v and %+v, want the decision that was carried out", err, got)
			}
		})
	}
}
