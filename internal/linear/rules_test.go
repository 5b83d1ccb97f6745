package linear_test

import (
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"example.org/signet/internal/linear"
)

// answered is one request of a history that is written down by hand. Requests
// follow each other, but those with the same number overlap.
type answered struct {
	at  int
	in  linear.Input
	out linear.Output
}

func yes(generation int) linear.Output {
	return linear.Output{Verdict: linear.Yes, Generation: generation}
}

var (
	no      = linear.Output{Verdict: linear.No}
	unknown = linear.Output{}
	opened  = answered{0, linear.Input{Op: linear.Login}, yes(0)}

	authorized = answered{0, linear.Input{Op: linear.Authorize}, yes(0)}
)

func use(at, generation int, out linear.Output) answered {
	return answered{at, linear.Input{Op: linear.Refresh, Generation: generation}, out}
}

func does(at int, op linear.Op, out linear.Output) answered {
	return answered{at, linear.Input{Op: op}, out}
}

func record(all []answered) *linear.History {
	h := &linear.History{}
	for len(all) > 0 {
		together := slices.IndexFunc(all, func(a answered) bool { return a.at != all[0].at })
		if together < 0 {
			together = len(all)
		}
		var calls []*linear.Call
		for n, a := range all[:together] {
			calls = append(calls, h.Begin(n, a.in))
		}
		for n, c := range calls {
			c.End(all[n].out)
		}
		all = all[together:]
	}
	return h
}

// The specification, by example.
func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		history []answered
		rules   linear.Rules
		want    porcupine.CheckResult
	}{
		"a chain":                                {history: []answered{opened, use(1, 0, yes(1)), use(2, 1, yes(2))}},
		"a retry":                                {history: []answered{opened, use(1, 0, yes(1)), use(2, 0, yes(1)), use(3, 1, yes(2))}},
		"a retry that ends the session":          {history: []answered{opened, use(1, 0, yes(1)), use(2, 0, no)}, want: porcupine.Illegal},
		"a retry without a window":               {history: []answered{opened, use(1, 0, yes(1)), use(2, 0, no), use(3, 1, no)}, rules: linear.Rules{Strict: true}},
		"a retry after the window":               {history: []answered{opened, use(1, 0, yes(1)), does(2, linear.Wait, yes(0)), use(3, 0, no), use(4, 1, no)}},
		"a late retry that goes through":         {history: []answered{opened, use(1, 0, yes(1)), does(2, linear.Wait, yes(0)), use(3, 0, yes(1))}, want: porcupine.Illegal},
		"two successors":                         {history: []answered{opened, use(1, 0, yes(1)), use(1, 0, yes(2))}, want: porcupine.Illegal},
		"a race":                                 {history: []answered{opened, use(1, 0, yes(1)), use(1, 0, yes(1)), use(2, 1, yes(2))}},
		"a race with the successor":              {history: []answered{opened, use(1, 0, yes(1)), use(2, 1, yes(2)), use(2, 0, no), use(3, 2, no)}},
		"a theft":                                {history: []answered{opened, use(1, 0, yes(1)), use(2, 1, yes(2)), use(3, 0, no), use(4, 2, no)}},
		"a theft that is missed":                 {history: []answered{opened, use(1, 0, yes(1)), use(2, 1, yes(2)), use(3, 0, no), use(4, 2, yes(3))}, want: porcupine.Illegal},
		"another client":                         {history: []answered{opened, does(1, linear.RefreshByOther, no), use(2, 0, yes(1))}},
		"a lost answer":                          {history: []answered{opened, use(1, 0, unknown), use(2, 0, yes(1)), use(3, 1, yes(2))}},
		"a lost answer that comes late":          {history: []answered{opened, use(1, 0, unknown), does(2, linear.IntrospectRefresh, yes(0)), does(3, linear.IntrospectRefresh, no)}},
		"gone and back":                          {history: []answered{opened, does(1, linear.IntrospectRefresh, no), does(2, linear.IntrospectRefresh, yes(0))}, want: porcupine.Illegal},
		"revoked":                                {history: []answered{opened, does(1, linear.Revoke, yes(0)), use(2, 0, no)}},
		"revoked, and it goes on":                {history: []answered{opened, does(1, linear.Revoke, yes(0)), use(2, 0, yes(1))}, want: porcupine.Illegal},
		"revoked in a race":                      {history: []answered{opened, does(1, linear.Revoke, yes(0)), use(1, 0, yes(1)), use(2, 1, no)}},
		"revoked in a race, and it goes on":      {history: []answered{opened, does(1, linear.Revoke, yes(0)), use(1, 0, yes(1)), use(2, 1, yes(2))}, want: porcupine.Illegal},
		"disabled, and enabled":                  {history: []answered{opened, does(1, linear.Disable, yes(0)), does(2, linear.Enable, yes(0)), use(3, 0, no)}},
		"revived":                                {history: []answered{opened, does(1, linear.Disable, yes(0)), does(2, linear.Enable, yes(0)), use(3, 0, yes(1))}, want: porcupine.Illegal},
		"moved, then refused":                    {history: []answered{opened, use(1, 0, no), does(1, linear.IntrospectRefresh, no), does(1, linear.IntrospectAccess, yes(0)), does(1, linear.Disable, yes(0))}},
		"refused for nothing":                    {history: []answered{opened, use(1, 0, no)}, want: porcupine.Illegal},
		"a code":                                 {history: []answered{authorized, does(1, linear.RedeemCode, yes(0)), use(2, 0, yes(1))}},
		"a code that is sent twice":              {history: []answered{authorized, does(1, linear.RedeemCode, yes(0)), does(1, linear.RedeemCode, no), use(2, 0, yes(1))}},
		"a code that is redeemed twice":          {history: []answered{authorized, does(1, linear.RedeemCode, yes(0)), does(1, linear.RedeemCode, yes(0))}, want: porcupine.Illegal},
		"a code that is stolen":                  {history: []answered{authorized, does(1, linear.RedeemCode, yes(0)), does(2, linear.Wait, yes(0)), does(3, linear.RedeemCode, no), use(4, 0, no)}},
		"a theft of a code that is missed":       {history: []answered{authorized, does(1, linear.RedeemCode, yes(0)), does(2, linear.Wait, yes(0)), does(3, linear.RedeemCode, no), use(4, 0, yes(1))}, want: porcupine.Illegal},
		"a code in another client's hands":       {history: []answered{authorized, does(1, linear.RedeemCodeByOther, no), does(2, linear.RedeemCode, yes(0))}},
		"a code of a user who was disabled":      {history: []answered{authorized, does(1, linear.Disable, yes(0)), does(2, linear.Enable, yes(0)), does(3, linear.RedeemCode, no)}},
		"a new password":                         {history: []answered{opened, {1, linear.Input{Op: linear.SetPassword, Password: 1}, yes(0)}, use(2, 0, no), {3, linear.Input{Op: linear.Login, Session: 1}, no}}},
		"an old password":                        {history: []answered{opened, {1, linear.Input{Op: linear.SetPassword, Password: 1}, yes(0)}, {2, linear.Input{Op: linear.Login, Session: 1}, yes(0)}}, want: porcupine.Illegal},
		"all ended, which may not have happened": {history: []answered{opened, does(1, linear.EndSessions, unknown), use(2, 0, yes(1)), use(3, 1, no)}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == "" {
				c.want = porcupine.Ok
			}
			h := record(c.history)
			if got := h.Check(c.rules, time.Minute); got != c.want {
				t.Errorf("%s, want %s\n%s", got, c.want, h)
			}
		})
	}
}
