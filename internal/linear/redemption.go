package linear

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// CodeOp is a step of a store on one session that begins with an authorization code.
type CodeOp int

// The steps.
const (
	Redeem        CodeOp = iota // with a place of its own
	RedeemByOther               // as a client that the code does not belong to
	RedeemLate                  // when the code has expired
	CountFailure                // of a wrong verifier
	Rotate                      // from CodeInput.Generation
	EndSession
	ReadSession
)

var codeOpNames = [...]string{
	Redeem: "redeem", RedeemByOther: "redeem as another client", RedeemLate: "redeem late", CountFailure: "count failure", Rotate: "rotate",
	EndSession: "revoke", ReadSession: "read",
}

// CodeInput is one step. Place is that of a redemption in the status lists.
type CodeInput struct {
	Op         CodeOp
	Place      int64
	Generation int64
}

// CodeState is the record.
type CodeState struct {
	Generation int64 // -1 until the code is redeemed
	Place      int64
	Failures   int64
	Revoked    bool
}

// PendingCode is the state in which a session begins.
var PendingCode = CodeState{Generation: -1}

// CodeOutput is an answer; State is the record that came with it, if any.
type CodeOutput struct {
	Verdict Verdict
	State   CodeState
}

// Apply is the specification: what a step is answered in a state, and the state that it
// leaves. A step whose condition does not hold changes nothing.
func (s CodeState) Apply(in CodeInput) (CodeState, CodeOutput) {
	pending := s.Generation < 0
	after, holds := s, false
	switch in.Op {
	case Redeem:
		holds = pending && !s.Revoked
		after.Generation, after.Place, after.Failures = 0, in.Place, 0
	case RedeemByOther, RedeemLate:
	case CountFailure:
		holds = pending
		after.Failures++
	case Rotate:
		holds = in.Generation >= 0 && s.Generation == in.Generation && !s.Revoked
		after.Generation++
	case EndSession:
		after.Revoked = true
		return after, CodeOutput{Verdict: Yes}
	case ReadSession:
		holds = true
	}
	if !holds {
		return s, CodeOutput{Verdict: No}
	}
	return after, CodeOutput{Yes, after}
}

// CodeHistory is what the callers of a store were answered about one session. It is safe for
// concurrent use.
type CodeHistory struct {
	mu   sync.Mutex
	tick int64
	ops  []porcupine.Operation
}

// Do makes a step and notes its answer.
func (h *CodeHistory) Do(caller int, in CodeInput, step func(CodeInput) CodeOutput) {
	h.mu.Lock()
	h.tick++
	begin := h.tick
	h.mu.Unlock()
	out := step(in)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick++
	end := h.tick
	if out.Verdict == Unknown {
		end = math.MaxInt64
	}
	h.ops = append(h.ops, porcupine.Operation{ClientId: caller, Input: in, Call: begin, Output: out, Return: end})
}

// Redemptions counts the steps that redeemed the code, and the steps in all.
func (h *CodeHistory) Redemptions() (redeemed, all int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range h.ops {
		if op.Input.(CodeInput).Op == Redeem && op.Output.(CodeOutput).Verdict == Yes {
			redeemed++
		}
	}
	return redeemed, len(h.ops)
}

// Check searches for an order of single steps that explains the answers.
func (h *CodeHistory) Check(timeout time.Duration) porcupine.CheckResult {
	h.mu.Lock()
	defer h.mu.Unlock()
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{PendingCode} },
		Step: func(state, input, output any) []any {
			before, out := state.(CodeState), output.(CodeOutput)
			after, want := before.Apply(input.(CodeInput))
			switch {
			case out.Verdict == Unknown && after != before:
				return []any{before, after}
			case out.Verdict == Unknown:
				return []any{before}
			case out == want:
				return []any{after}
			}
			return nil
		},
	}
	return porcupine.CheckOperationsTimeout(model.ToModel(), h.ops, timeout)
}

// String lists the steps by the time of their beginning.
func (h *CodeHistory) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	sorted := slices.SortedFunc(slices.Values(h.ops), func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range sorted {
		in, out := op.Input.(CodeInput), op.Output.(CodeOutput)
		fmt.Fprintf(&b, "%4d–%-4d caller %d: %s(place %d, generation %d) -> %s %+v\n", op.Call, op.Return, op.ClientId,
			codeOpNames[in.Op], in.Place, in.Generation, [...]string{"unknown", "yes", "no"}[out.Verdict], out.State)
	}
	return b.String()
}
