package endpoints_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Goroutines are back at the base line when all tests have ended; the one that
// reads what a database server says, which all tests share, ends with the
// process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Start.func2"))
}
