package archtest_test

import (
	"os"
	"testing"
)

// TestMain runs the tests in the module's root, whose paths they name.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
