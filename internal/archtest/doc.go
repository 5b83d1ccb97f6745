// Package archtest holds the tests that read the source of the whole module:
// which package may import which, who reads the clock, where secrets are compared, and whether
// docs/conformance.md names tests that exist. It has no code of its own.
package archtest
