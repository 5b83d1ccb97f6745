package linear

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// Stats counts what was checked.
type Stats struct {
	Histories, Operations, Unknown int
	Illegal, Undecided             int // histories
	slowest, checking              time.Duration
}

// checkTimeout is how long the check of one history may take.
const checkTimeout = 20 * time.Second

// Check checks a history and counts it.
func (y *Stats) Check(h *History, r Rules) porcupine.CheckResult {
	begin := time.Now()
	got := h.Check(r, checkTimeout)
	took := time.Since(begin)
	all, unknown := h.Operations()
	y.Histories++
	y.Operations, y.Unknown = y.Operations+all, y.Unknown+unknown
	y.checking, y.slowest = y.checking+took, max(y.slowest, took)
	switch got {
	case porcupine.Illegal:
		y.Illegal++
	case porcupine.Unknown:
		y.Undecided++
	}
	return got
}

func (y *Stats) String() string {
	return fmt.Sprintf("%d histories of %d operations, %d of them with an unknown outcome: %d without an order, %d undecided; checked in %s, the hardest in %s",
		y.Histories, y.Operations, y.Unknown, y.Illegal, y.Undecided, y.checking.Round(time.Millisecond), y.slowest.Round(time.Microsecond))
}
