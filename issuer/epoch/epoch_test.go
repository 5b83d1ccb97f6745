package epoch_test

import (
	"testing"
	"time"

	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

func TestValidForUser(t *testing.T) {
	store := storage.Epoch{Number: 3}
	before := storage.User{ID: "u", Epoch: 7}
	session := storage.Session{ID: "s", UserEpoch: epoch.Session(before, store)}
	for _, tt := range []struct {
		name   string
		change func(u *storage.User, e *storage.Epoch)
		want   bool
	}{
		{"nothing changed", func(*storage.User, *storage.Epoch) {}, true},
		{"user disabled", func(u *storage.User, _ *storage.Epoch) { u.Disabled = true }, false},
		{"all sessions ended", func(u *storage.User, _ *storage.Epoch) { epoch.EndSessions(u) }, false},
		{"another session kept", func(u *storage.User, e *storage.Epoch) { epoch.EndOtherSessions(u, "other", *e) }, false},
		{"this session kept", func(u *storage.User, e *storage.Epoch) { epoch.EndOtherSessions(u, "s", *e) }, true},
		{"kept, then all ended", func(u *storage.User, e *storage.Epoch) { epoch.EndOtherSessions(u, "s", *e); epoch.EndSessions(u) }, false},
		{"kept, then everybody's ended", func(u *storage.User, e *storage.Epoch) { epoch.EndOtherSessions(u, "s", *e); e.Number++ }, false},
		{"everybody's ended", func(_ *storage.User, e *storage.Epoch) { e.Number++ }, false},
	} {
		u, e := before, store
		tt.change(&u, &e)
		if got := epoch.ValidForUser(u, e, session); got != tt.want {
			t.Errorf("%s: valid %t, want %t", tt.name, got, tt.want)
		}
		f := epoch.EndedByUser(u, e)
		ended := session.UserEpoch < f.UserEpochBelow && session.ID != f.Except
		if !u.Disabled && ended == tt.want {
			t.Errorf("%s: selected as ended %t", tt.name, ended)
		}
	}
}

func TestSession_GrowsWithEitherEpoch(t *testing.T) {
	last := int64(-1)
	for store := range int64(3) {
		for user := range int64(3) {
			next := epoch.Session(storage.User{Epoch: user}, storage.Epoch{Number: store})
			if next <= last {
				t.Errorf("store %d, user %d: %d after %d", store, user, next, last)
			}
			last = next
		}
	}
	if f := epoch.EndedByStore(storage.Epoch{Number: 3}); last >= f.UserEpochBelow {
		t.Errorf("a session of an earlier epoch of the store, %d, is not below %d", last, f.UserEpochBelow)
	}
}

func TestValidForClient(t *testing.T) {
	at := time.UnixMilli(1_000)
	c := storage.Client{ID: "c", Epoch: epoch.NewClient(at)}
	s := storage.Session{ClientEpoch: c.Epoch}
	if !epoch.ValidForClient(c, s.ClientEpoch) {
		t.Error("a new session is not valid")
	}
	ended := c
	epoch.EndClientSessions(&ended)
	if epoch.ValidForClient(ended, s.ClientEpoch) || s.ClientEpoch >= epoch.EndedByClient(ended).ClientEpochBelow {
		t.Error("the session of a client that ended its sessions is valid")
	}
	again := storage.Client{ID: "c", Epoch: epoch.NewClient(at.Add(time.Second))}
	if epoch.ValidForClient(again, s.ClientEpoch) {
		t.Error("the session of a deleted client is valid for a new one of its id")
	}
	c.Disabled = true
	if epoch.ValidForClient(c, s.ClientEpoch) {
		t.Error("the session of a disabled client is valid")
	}
}

func TestValidWithoutSession(t *testing.T) {
	raised := storage.Epoch{Number: 1, Since: time.UnixMilli(10_500)}
	for issuedAt, want := range map[int64]bool{9: false, 10: false, 11: true} {
		if got := epoch.ValidWithoutSession(raised, issuedAt); got != want {
			t.Errorf("issued at %d, epoch raised at 10.5: %t, want %t", issuedAt, got, want)
		}
	}
	if !epoch.ValidWithoutSession(storage.Epoch{}, 0) {
		t.Error("a token is not valid in an epoch that was never raised")
	}
}

func TestRenewed(t *testing.T) {
	u := storage.User{ID: "u", Epoch: 3}
	old := storage.BrowserSession{UserID: "u", UserEpoch: epoch.Session(u, storage.Epoch{Number: 2})}
	epoch.EndSessions(&u)
	renewed := storage.BrowserSession{UserID: "u", UserEpoch: epoch.Renewed(u, old)}
	if !epoch.ValidForBrowser(u, storage.Epoch{Number: 2}, renewed) || epoch.ValidForBrowser(u, storage.Epoch{Number: 2}, old) {
		t.Error("the new session does not take the place of the old one")
	}
	if epoch.ValidForBrowser(u, storage.Epoch{Number: 3}, renewed) {
		t.Error("a step on the store's epoch in between is lost")
	}
}
