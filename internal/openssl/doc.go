// Package openssl makes RSA signatures with the system's libcrypto, in builds with the tag
// openssl. Other builds contain nothing of it: [Load] and [NewRSASigner] return
// [ErrNotBuilt], and nothing here needs cgo.
//
// With the tag and without cgo the build fails, so that nobody gets a slow binary who has
// asked for the fast one.
//
// All cryptography is OpenSSL's, by way of github.com/golang-fips/openssl. ECDSA and
// Ed25519 are not here: Go's own signatures cost as little, or less.
package openssl

import "errors"

// ErrNotBuilt is the error of builds without the tag openssl.
var ErrNotBuilt = errors.New("built without OpenSSL")
