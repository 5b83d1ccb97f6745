//go:build openssl && !cgo

package openssl

// The compiler prints the name: it is declared nowhere.
var _ = the_build_tag_openssl_needs_CGO_ENABLED_1_and_a_C_compiler
