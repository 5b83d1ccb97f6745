package audit

import (
	"fmt"
	"time"
)

// Report is what a verification found.
type Report struct {
	OK        bool      `json:"ok"`
	Events    int64     `json:"events"`
	Chains    int64     `json:"chains"`
	Unchained int64     `json:"unchained,omitempty"` // each is a fault
	Began     time.Time `json:"began,omitzero"`      // when the log was begun, by its anchor
	Since     time.Time `json:"since,omitzero"`      // of the oldest event
	Until     time.Time `json:"until,omitzero"`      // of the newest event
	Swept     time.Time `json:"swept,omitzero"`      // what is older was deleted because of its age

	// ChainHeads hold the whole log: from them every event can be reached. A later
	// verification against them shows whether anything was taken away since.
	ChainHeads []string `json:"chain_heads"`

	Faults     []Fault `json:"faults,omitempty"` // the first of them, newest first
	FaultCount int64   `json:"fault_count,omitempty"`
}

// Kinds of faults.
const (
	FaultAltered   = "altered"   // its content is not what it was
	FaultMissing   = "missing"   // another event links to it and it is not there
	FaultLoose     = "loose"     // later events of its chain do not lead to it
	FaultUnchained = "unchained" // it has no chain
	FaultUnproven  = "unproven"  // made under another master key, and no event under a known one leads to it
)

// Fault is one trace of a change.
type Fault struct {
	Kind   string    `json:"kind"`
	Event  string    `json:"event"`
	Writer string    `json:"writer,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Detail string    `json:"detail"`
}

func (f Fault) String() string { return fmt.Sprintf("%s %s: %s", f.Kind, f.Event, f.Detail) }

// maxFaults bounds the faults that are listed.
const maxFaults = 100

func (r *Report) fault(f Fault) {
	r.FaultCount++
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, f)
	}
}
