package bench

import (
	"slices"
	"strconv"
	"time"
)

// Report is what a run has measured.
type Report struct {
	Issuer      string    `json:"issuer"`
	Connections int       `json:"connections"`
	Signature   Signature `json:"-"`
	CPUKnown    bool      `json:"cpu_known"`           // S is known
	CPUError    string    `json:"cpu_error,omitempty"` // why it is not
	RSS         int64     `json:"rss_bytes,omitempty"` // resident memory of the server at the end; 0 where it is unknown
	Results     []Result  `json:"workloads"`           // in the order in which they ran
	Stopped     string    `json:"stopped,omitempty"`   // why the run ended early
	LeftOver    int       `json:"left_over,omitempty"` // sessions that could not be ended
	BusyStatus  int       `json:"-"`                   // 429 or 503, of which the run was stopped
	BusyPart    string    `json:"-"`                   // the workload in which it was
}

// Result is what one workload has measured.
type Result struct {
	Name     string         `json:"name"`
	Skipped  string         `json:"skipped,omitempty"`   // why it did not run
	Requests int            `json:"requests"`            // answered as they should be
	Errors   map[string]int `json:"errors,omitempty"`    // by status, or "no answer"
	Seconds  float64        `json:"seconds"`             // of measured time
	Rate     float64        `json:"rate"`                // requests a second
	TooShort bool           `json:"too_short,omitempty"` // the server used too little in all for S to be told
	S        float64        `json:"s,omitempty"`         // 0 where it is unknown
	CPU      float64        `json:"cpu_us,omitempty"`    // of the server for one request, in microseconds
	P50      float64        `json:"p50_ms"`
	P99      float64        `json:"p99_ms"`
	Max      float64        `json:"max_ms"`
	Alone    *Result        `json:"alone,omitempty"` // the same on the same connections, where Result is beside something else
}

// tally collects what one worker measures.
type tally struct {
	latencies []time.Duration
	errors    map[string]int
}

// count counts one error.
func (t *tally) count(err error) {
	if t.errors == nil {
		t.errors = map[string]int{}
	}
	t.errors[errorKind(err)]++
}

// errorKind is the status of the answer, or what there was in its place.
func errorKind(err error) string {
	if status := statusOf(err); status != 0 {
		return strconv.Itoa(status)
	}
	if isNoAnswer(err) {
		return "no answer"
	}
	return "unexpected answer"
}

// summarize fills in what the tallies of all workers amount to.
func (r *Result) summarize(tallies []tally, measured time.Duration) {
	var all []time.Duration
	for _, t := range tallies {
		all = append(all, t.latencies...)
		for kind, n := range t.errors {
			if r.Errors == nil {
				r.Errors = map[string]int{}
			}
			r.Errors[kind] += n
		}
	}
	r.Requests, r.Seconds = len(all), measured.Seconds()
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	r.Rate = float64(len(all)) / r.Seconds
	r.P50, r.P99, r.Max = milliseconds(quantile(all, .5)), milliseconds(quantile(all, .99)), milliseconds(all[len(all)-1])
}

// quantile returns the value below which that part of the sorted values lies.
func quantile(sorted []time.Duration, part float64) time.Duration {
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
