package status_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.org/signet/internal/testdir"
	"example.org/signet/issuer/status"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// sessions is how many sessions the lists are to hold: ten million where there
// is time for it.
func sessions() int {
	if os.Getenv("SIGNET_TEST_SLOW") == "1" {
		return 10_000_000
	}
	return 3 * storage.StatusListSize
}

func openLists(t testing.TB) (storage.Store, *status.Lists) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := keys.Open(t.Context(), store, master, keys.DefaultConfig(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	return store, status.New(status.Config{
		Prefix: "https://id.example.com/oauth2/status/", Issuer: "https://id.example.com",
		TTL: time.Minute, TokenTTL: 15 * time.Minute, MaxSessionTTL: 90 * 24 * time.Hour, Now: time.Now,
	}, store, keyring)
}

// TestSizeOfManySessions measures what so many sessions take, where so many of
// a hundred have ended, and demands that a list comes near the least that its
// information can take.
func TestSizeOfManySessions(t *testing.T) {
	lists := (sessions() + storage.StatusListSize - 1) / storage.StatusListSize
	raw := rawSignature(t)
	for _, ended := range []float64{0, 0.001, 0.01, 0.1} {
		store, statusLists := openLists(t)
		for id := range int64(lists) {
			if err := store.AddStatusList(t.Context(), id+1); err != nil {
				t.Fatal(err)
			}
			if err := store.SetStatus(t.Context(), id+1, 0, scattered(ended)); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		if err := statusLists.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		built, total := time.Since(begin), 0
		for id := range int64(lists) {
			d, err := statusLists.List(t.Context(), id+1)
			if err != nil {
				t.Fatal(err)
			}
			total += len(d.Body)
			if most := 1.5*entropy(ended)*16/9 + 1300; float64(len(d.Body)) > most {
				t.Errorf("%v ended: a list takes %d bytes, want at most %.0f", ended, len(d.Body), most)
			}
		}
		signed := time.Since(begin) - built
		t.Logf("%d sessions, %.1f %% ended: %d lists of %d bytes, %.2f MB in all; a list is read and compressed in %.2f S, signed in %.2f S",
			sessions(), 100*ended, lists, total/lists, float64(total)/1e6, float64(built)/float64(lists)/raw, float64(signed)/float64(lists)/raw)
	}
}

// entropy is how many bytes a list holds of information. In a JWT they are
// encoded in base64 twice.
func entropy(p float64) float64 {
	if p == 0 {
		return 0
	}
	return -(p*math.Log2(p) + (1-p)*math.Log2(1-p)) * storage.StatusListSize / 8
}

func scattered(share float64) []byte {
	bits := make([]byte, storage.StatusListSize/8)
	for i := range storage.StatusListSize {
		if mathrand.Float64() < share {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return bits
}

// rawSignature is how long one RSA-2048 signature takes here: the unit S.
func rawSignature(t testing.TB) float64 {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 50
	digest := sha256.Sum256(nil)
	begin := time.Now()
	for range rounds {
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
			t.Fatal(err)
		}
	}
	return float64(time.Since(begin)) / rounds
}

// BenchmarkPublishManyRevocations ends sessions and puts their bits into the lists; one
// operation is one session.
func BenchmarkPublishManyRevocations(b *testing.B) {
	store, statusLists := openLists(b)
	ctx := context.Background()
	for n := range b.N {
		index, err := statusLists.Next(ctx)
		if err != nil {
			b.Fatal(err)
		}
		s := storage.Session{
			ID: rand.Text(), UserID: "u", ClientID: "c", StatusIndex: index + int64(n%50)*storage.StatusListSize,
			RevokedAt: time.Now(), StatusPending: true, ExpiresAt: time.Now().Add(time.Hour),
		}
		if err := store.CreateSession(ctx, s); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	if err := statusLists.Refresh(ctx); err != nil {
		b.Fatal(err)
	}
}
