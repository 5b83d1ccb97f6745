//go:build !openssl

package openssl_test

import (
	"errors"
	"testing"

	"example.org/signet/internal/openssl"
)

func TestWithoutTheTag_NotBuilt(t *testing.T) {
	if version, err := openssl.Load(); version != "" || !errors.Is(err, openssl.ErrNotBuilt) {
		t.Errorf("load: %q, %v", version, err)
	}
	if signer, err := openssl.NewRSASigner(nil); signer != nil || !errors.Is(err, openssl.ErrNotBuilt) {
		t.Errorf("signer: %v, %v", signer, err)
	}
}
