package sqlite_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests and finds what goroutines they left. In a process that
// a test started as another user of its database it plays that user instead.
func TestMain(m *testing.M) {
	if part := os.Getenv(childPart); part != "" {
		if err := runTask(part, os.Getenv(childPath)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
