package main

import (
	"testing"
	"time"
)

func TestLimitValue(t *testing.T) {
	for text, want := range map[string]limitValue{
		"0": {}, "10/15m": {10, 15 * time.Minute}, "100/1h": {100, time.Hour}, "3/90s": {3, 90 * time.Second}, "5/24h": {5, 24 * time.Hour}, "7/1h30m": {7, 90 * time.Minute},
	} {
		var got limitValue
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		var again limitValue
		if err := again.Set(got.String()); err != nil || again != want {
			t.Errorf("%s is printed as %s", text, got.String())
		}
	}
	for _, text := range []string{"", "10", "10/", "/15m", "0/15m", "-1/15m", "10/15", "10/-15m", "10/25h", "1.5/15m", "10/15m/1", "99999999999/1m", "10 / 15m"} {
		was := limitValue{1, time.Minute}
		if err := was.Set(text); err == nil || was != (limitValue{1, time.Minute}) {
			t.Errorf("%q is taken as %s", text, was.String())
		}
	}
}
