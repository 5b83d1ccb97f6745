package bench

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.org/signet/internal/secret"
)

// Bounds of a run.
const (
	MaxConnections = 256
	MaxRequests    = 1_000_000
	MaxDuration    = 10 * time.Minute

	DefaultConnections = 16
	DefaultRequests    = 50_000
	DefaultDuration    = 3 * time.Second
)

// Config says what to measure.
type Config struct {
	Issuer      string
	MetricsURL  string // of the server that answers; "" where the cost shall stay unknown
	Account     Account
	Workloads   []string // names; empty for all
	Connections int
	Requests    int           // at most so many of each workload are measured
	Duration    time.Duration // at most so long is each workload measured
	Sessions    int           // of each connection, which it uses in turn; 0 stands for 1
	KeepRecords bool          // leave the sessions as they are: somebody deletes the store

	OnProgress func(Progress) // may be nil; called by many goroutines, often
}

// Progress is how far a run has come.
type Progress struct {
	Workload string
	Number   int // of the workload, from 1
	Of       int
	Part     float64 // of this workload, 0 to 1
}

// Check returns an error for values outside the bounds.
func (c *Config) Check() error {
	switch {
	case c.Connections < 1 || c.Connections > MaxConnections:
		return fmt.Errorf("connections must be 1 to %d", MaxConnections)
	case c.Requests < 1 || c.Requests > MaxRequests:
		return fmt.Errorf("requests must be 1 to %d", MaxRequests)
	case c.Duration <= 0 || c.Duration > MaxDuration:
		return fmt.Errorf("the duration must be above 0 and at most %s", MaxDuration)
	}
	for _, name := range c.Workloads {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("there is no workload %.40q, there are %s", name, strings.Join(Names(), ", "))
		}
	}
	return nil
}

// chosen returns the workloads to measure, in their order.
func (c *Config) chosen() []workload {
	if len(c.Workloads) == 0 {
		return workloads
	}
	return slices.DeleteFunc(slices.Clone(workloads), func(w workload) bool { return !slices.Contains(c.Workloads, w.name) })
}

// run is one run of the workloads.
type run struct {
	*oauth
	cfg      Config
	metrics  *http.Client
	unit     *unit
	sessions *sessions
	held     []held // by each worker

	adminToken secret.Text
}

// held is what a worker keeps from one workload to the next.
type held struct {
	sessions []*session
	browser  *browser
}
