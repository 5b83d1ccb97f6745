//go:build openssl

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Servers with and without libcrypto share a store and its keys: each takes the other's
// tokens, and its log says what signs.
func TestServe_SignsByOpenSSLWhereItIsThere(t *testing.T) {
	dir := newStoreDir(t)
	fast := startServer(t, dir, "serve")

	broken := t.TempDir() // the dynamic linker finds this first, and gives up
	writeFile(t, filepath.Join(broken, "libcrypto.so.3"), []byte("not a library"))
	writeFile(t, filepath.Join(broken, "libcrypto.3.dylib"), []byte("not a library"))
	t.Setenv("LD_LIBRARY_PATH", broken)
	t.Setenv("DYLD_LIBRARY_PATH", broken)
	slow := startServer(t, dir, "serve")

	a, b := fast.login(t), slow.login(t)
	if !slow.post(t, "/oauth2/introspect", 200, "token", a.AccessToken).Active || !fast.post(t, "/oauth2/introspect", 200, "token", b.AccessToken).Active {
		t.Error("one does not take the other's token")
	}
	if out := runSignet(t, dir, "", "version"); !strings.Contains(out, "Go crypto (") {
		t.Errorf("version without libcrypto: %s", out)
	}
	for _, s := range []*serverProcess{fast, slow} {
		if err := s.stop(t, os.Interrupt); err != nil {
			t.Error(err)
		}
	}
	const warning = "OpenSSL cannot be loaded, Go signs in its place"
	if log := fast.log.String(); !strings.Contains(log, `"signer":"OpenSSL 3.`) || strings.Contains(log, warning) {
		t.Errorf("with libcrypto: %s", log)
	}
	if log := slow.log.String(); !strings.Contains(log, `"signer":"Go crypto (`) || !strings.Contains(log, warning) || !strings.Contains(log, "libcrypto") {
		t.Errorf("without libcrypto: %s", log)
	}
}
