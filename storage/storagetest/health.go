package storagetest

import (
	"testing"

	"example.org/signet/storage"
)

var healthContracts = []contract{
	{"Ping", healthPing},
	{"Closed", healthClosed},
	{"CloseUnderLoad", healthCloseUnderLoad},
}

func healthPing(t *testing.T, s storage.Store) {
	for _, err := range race(racers, func(int) error { return s.Ping(t.Context()) }) {
		noErr(t, "Ping", err)
	}
}

// healthClosed: after Close every call is ErrUnavailable, and Close is harmless.
func healthClosed(t *testing.T, s storage.Store) {
	fillOne(t, s)
	noErr(t, "Close", s.Close())
	for name, call := range calls(s) {
		wantUnavailable(t, name+" after Close", call(t.Context()), nil)
	}
	noErr(t, "Close again", s.Close())
}

// healthCloseUnderLoad: calls that Close overtakes end, with a yes or a don't
// know.
func healthCloseUnderLoad(t *testing.T, s storage.Store) {
	for i, err := range race(racers, func(i int) error {
		switch {
		case i == racers/2:
			return s.Close()
		case i%2 == 0:
			return second(s.ListSessions(t.Context(), storage.SessionFilter{}, storage.Page{}))
		}
		return s.CreateSession(t.Context(), newSession(i))
	}) {
		if i == racers/2 {
			noErr(t, "Close", err)
		} else if err != nil {
			wantUnavailable(t, "a call that Close overtook", err, nil)
		}
	}
}
