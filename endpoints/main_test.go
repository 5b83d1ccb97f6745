package endpoints_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Goroutines are back at the base line when all tests have ended.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
