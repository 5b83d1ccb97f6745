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

// History is what the clients of one user were answered. It is safe for
// concurrent use.
type History struct {
	mu   sync.Mutex
	tick int64 // one clock for all, so that what came first in truth comes first here
	ops  []porcupine.Operation
}

// Call is a request under way.
type Call struct {
	history *History
	client  int
	input   Input
	begin   int64
}

// Begin notes that a client is about to send a request.
func (h *History) Begin(client int, in Input) *Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick++
	return &Call{h, client, in, h.tick}
}

// End notes the answer, when it is there. The session that a login opened is
// named only now.
func (c *Call) End(out Output) {
	h := c.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick++
	end := h.tick
	if out.Verdict == Unknown {
		end = math.MaxInt64
	}
	h.add(c, out, end)
	if c.input.Op == Refresh && out.Verdict == No {
		// A refresh reads its user after the update. Where it was refused for
		// what it read, the update has been made before, and can be seen.
		moved := *c
		moved.input.Op = mayHaveRotated
		h.add(&moved, Output{Verdict: Unknown}, end)
	}
}

// Opened is End for a login that was granted: it names the session.
func (c *Call) Opened(session int) {
	c.input.Session = session
	c.End(granted(0))
}

func (h *History) add(c *Call, out Output, end int64) {
	h.ops = append(h.ops, porcupine.Operation{ClientId: c.client, Input: c.input, Call: c.begin, Output: out, Return: end})
}

// Operations counts the answers and how many of them are unknown.
func (h *History) Operations() (all, unknown int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range h.ops {
		if op.Input.(Input).Op == mayHaveRotated {
			continue
		}
		all++
		if op.Output.(Output).Verdict == Unknown {
			unknown++
		}
	}
	return all, unknown
}

// Check lets porcupine search for an order that explains the answers, for
// patience at most. The user begins enabled, with password 0.
func (h *History) Check(r Rules, timeout time.Duration) porcupine.CheckResult {
	h.mu.Lock()
	defer h.mu.Unlock()
	return porcupine.CheckOperationsTimeout(r.model(), h.ops, timeout)
}

// model makes the specification porcupine's. What is unknown may have happened.
func (r Rules) model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{State{}} },
		Step: func(state, input, output any) []any {
			before, out := state.(State), output.(Output)
			after, want := r.Apply(before, input.(Input))
			switch {
			case out.Verdict == Unknown && after == before:
				return []any{before}
			case out.Verdict == Unknown:
				return []any{before, after}
			case out == want:
				return []any{after}
			}
			return nil
		},
	}
	return m.ToModel()
}

// String lists the operations by the time of their beginning.
func (h *History) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	sorted := slices.SortedFunc(slices.Values(h.ops), func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range sorted {
		end := fmt.Sprint(op.Return)
		if op.Return == math.MaxInt64 {
			end = "…"
		}
		in, out := op.Input.(Input), op.Output.(Output)
		fmt.Fprintf(&b, "%4d–%-4s client %d: %s -> %s\n", op.Call, end, op.ClientId, in, out)
	}
	return b.String()
}

func (in Input) String() string {
	switch in.Op {
	case Login, SetPassword:
		return fmt.Sprintf("%s(session %d, password %d)", opNames[in.Op], in.Session, in.Password)
	case EndSessions, Disable, Enable, Wait:
		return opNames[in.Op] + "()"
	}
	return fmt.Sprintf("%s(session %d, generation %d)", opNames[in.Op], in.Session, in.Generation)
}

func (out Output) String() string {
	return [...]string{"unknown", fmt.Sprintf("yes, %d", out.Generation), "no"}[out.Verdict]
}

var opNames = [...]string{
	Login: "login", Authorize: "authorize", RedeemCode: "redeem", RedeemCodeByOther: "redeem by another client", Refresh: "refresh", RefreshByOther: "refresh by another client", IntrospectRefresh: "introspect refresh token",
	IntrospectAccess: "introspect access token", Revoke: "revoke", EndSessions: "end sessions", SetPassword: "set password",
	Disable: "disable", Enable: "enable", Wait: "wait", mayHaveRotated: "(may have moved)",
}
