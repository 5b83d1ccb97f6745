package keys

import (
	"context"
	"crypto"
	"runtime"
	"testing"

	"example.org/signet/storage"
)

// OpenForTest unseals a record, so that tests can look for what it must hide
// and sign what it must not sign.
func OpenForTest(t testing.TB, master MasterKey, record storage.Key) crypto.Signer {
	t.Helper()
	p, err := sealer{wrapper: master}.unseal(t.Context(), record)
	if err != nil {
		t.Fatal(err)
	}
	return p.private()
}

// OccupyRSASlots takes every place for an RSA signature until released.
func OccupyRSASlots(m *Manager) (release func()) {
	for range cap(m.signing.rsaSlots) {
		m.signing.rsaSlots <- struct{}{}
	}
	return func() {
		for range cap(m.signing.rsaSlots) {
			<-m.signing.rsaSlots
		}
	}
}

// Reload is a reading that comes in between, as Verify may cause one.
func Reload(ctx context.Context, m *Manager) error { return m.snapshots.reload(ctx) }

// SignsByOpenSSL tells whether OpenSSL has the key.
func SignsByOpenSSL(m *Manager, kid string) bool {
	s, _ := m.snapshots.get()
	return s.pairs[kid].rsaSigner != nil
}

// OnFreed calls f when nothing refers to what OpenSSL holds of the key any more.
func OnFreed(m *Manager, kid string, f func()) {
	s, _ := m.snapshots.get()
	runtime.AddCleanup(s.pairs[kid].rsaSigner.(*opaqueSigner), func(f func()) { f() }, f)
}
