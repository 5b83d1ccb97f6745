package keys_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"example.org/signet/keys"
	"example.org/signet/storage/sqlite"
)

// K03: no file of the embedded store, its write-ahead log among them, holds a
// part of a private key in any spelling.
func TestStoreFilesHoldNoPrivateKey(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "signet.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	m := open(t, store, withAlg(newClock(), keys.RS256))
	rotate(t, m, true)
	records, err := store.ListKeys(t.Context())
	if err != nil || len(records) < 3 {
		t.Fatalf("%d keys, %v", len(records), err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("store files %v, %v", files, err)
	}
	published := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range records {
			private := keys.OpenForTest(t, testMasterKey(t), k).(*rsa.PrivateKey)
			for name, part := range map[string][]byte{"d": private.D.Bytes(), "p": private.Primes[0].Bytes(), "q": private.Primes[1].Bytes()} {
				if containsNumber(content, part) {
					t.Errorf("%s holds %s of key %s", filepath.Base(file), name, k.KID)
				}
			}
			if bytes.Contains(content, k.PublicJWK) {
				published++
			}
		}
	}
	if published == 0 {
		t.Error("the search does not even find a public key")
	}
}

// containsNumber looks for the middle of a number: raw, in hex and in base64url as
// a JWK would have it.
func containsNumber(content, number []byte) bool {
	middle := number[len(number)/2:][:16]
	text := base64.RawURLEncoding.EncodeToString(number)
	return bytes.Contains(content, middle) || bytes.Contains(content, []byte(hex.EncodeToString(middle))) ||
		bytes.Contains(content, []byte(text[len(text)/2:][:16]))
}
