package linear

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// Tally is what was judged.
type Tally struct {
	Histories, Operations, Unknown int
	Illegal, Undecided             int // histories
	slowest, judging               time.Duration
}

// hard is how long a history may keep the judge busy.
const hard = 20 * time.Second

// Judge checks a history and counts it.
func (y *Tally) Judge(h *History, r Rules) porcupine.CheckResult {
	begin := time.Now()
	got := h.Check(r, hard)
	took := time.Since(begin)
	all, unknown := h.Operations()
	y.Histories++
	y.Operations, y.Unknown = y.Operations+all, y.Unknown+unknown
	y.judging, y.slowest = y.judging+took, max(y.slowest, took)
	switch got {
	case porcupine.Illegal:
		y.Illegal++
	case porcupine.Unknown:
		y.Undecided++
	}
	return got
}

func (y *Tally) String() string {
	return fmt.Sprintf("%d histories of %d operations, %d of them with an unknown outcome: %d without an order, %d too hard to judge; judged in %s, the hardest in %s",
		y.Histories, y.Operations, y.Unknown, y.Illegal, y.Undecided, y.judging.Round(time.Millisecond), y.slowest.Round(time.Microsecond))
}
