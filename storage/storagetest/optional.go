package storagetest

import (
	"testing"

	"example.org/signet/storage"
)

// The stores that hold the records of sign-in in a browser. Each contract of them is skipped
// where the backend does not have the interface.
type (
	codeStore interface {
		storage.Store
		storage.Codes
	}
	browserSessionStore interface {
		storage.Store
		storage.BrowserSessions
	}
	consentStore interface {
		storage.Store
		storage.Consents
	}
	scopeTextStore interface {
		storage.Store
		storage.ScopeTexts
	}
	clientLogoStore interface {
		storage.Store
		storage.ClientLogos
	}
	outboxStore interface {
		storage.Store
		storage.Outbox
	}
)

// ifHas returns a check that is skipped where the store is no S.
func ifHas[S storage.Store](check func(t *testing.T, s S)) func(t *testing.T, s storage.Store) {
	return func(t *testing.T, s storage.Store) {
		t.Helper()
		has, ok := s.(S)
		if !ok {
			t.Skip("the store does not have the interface yet")
		}
		check(t, has)
	}
}
