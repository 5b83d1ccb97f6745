package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary stand in for signet, and for a small HTTP
// client and one that panics, in processes of their own: scripts and tests run both by name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"signet": main, "fetch": fetch, "panics": panicInJob})
}
