package protocoltest

import (
	"time"

	"example.org/signet/internal/testclock"
)

// NewClock starts at a whole second, so that borders can be met exactly.
func NewClock() *testclock.Clock {
	return testclock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
}
