package keys_test

import (
	"testing"
	"time"

	"example.org/signet/keys"
)

func TestStats(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	c.Advance(time.Hour)
	want := keys.Stats{ActiveKeyAge: time.Hour, NextChange: cfg.RotationInterval - cfg.StaleAfter() - time.Hour, SnapshotAge: time.Hour}
	if got := m.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	refresh(t, m)
	rotate(t, m, false)
	if got := m.Stats(); got.SnapshotAge != 0 || got.NextChange != cfg.PublishAhead-time.Hour {
		t.Errorf("with a rotation to come: %+v", got)
	}
	cfg.RotationInterval = 0
	if got := open(t, new(memoryStore), cfg).Stats(); got.NextChange >= 0 || got.ActiveKeyAge != 0 {
		t.Errorf("by hand only: %+v", got)
	}
}
