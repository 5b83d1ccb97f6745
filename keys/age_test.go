package keys_test

import (
	"testing"
	"time"

	"example.org/signet/keys"
)

func TestAges(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memory), cfg)
	c.advance(time.Hour)
	want := keys.Ages{Signing: time.Hour, Change: cfg.RotationInterval - cfg.StaleAfter() - time.Hour, View: time.Hour}
	if got := m.Ages(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	refresh(t, m)
	rotate(t, m, false)
	if got := m.Ages(); got.View != 0 || got.Change != cfg.PublishAhead-time.Hour {
		t.Errorf("with a rotation to come: %+v", got)
	}
	cfg.RotationInterval = 0
	if got := open(t, new(memory), cfg).Ages(); got.Change >= 0 || got.Signing != 0 {
		t.Errorf("by hand only: %+v", got)
	}
}
