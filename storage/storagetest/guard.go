package storagetest

import (
	"fmt"
	"testing"

	"example.org/signet/storage"
)

var guardContracts = []contract{
	{"MakeAndRead", guardMakeAndRead},
	{"Swap", guardSwap},
	{"MakeRace", guardMakeRace},
	{"SwapRace", guardSwapRace},
}

func guardMakeAndRead(t *testing.T, s storage.Store) {
	ctx := t.Context()
	_, err := s.Guard(ctx, "one")
	fails(t, "Guard", err, storage.ErrNotFound)
	_, err = s.SwapGuard(ctx, storage.Guard{Name: "one", Version: 1})
	fails(t, "SwapGuard of none", err, storage.ErrConflict)
	for name, members := range map[string][]string{"one": {"a", "b"}, "none": nil, "$odd.": {"$x", "y.z", `"`}} {
		made, err := s.SwapGuard(ctx, storage.Guard{Name: name, Members: members})
		ok(t, "SwapGuard", err)
		want := storage.Guard{Name: name, Members: members, Version: 1}
		same(t, "the answer of SwapGuard", made, want)
		got, err := s.Guard(ctx, name)
		ok(t, "Guard", err)
		same(t, "guard", got, want)
	}
	_, err = s.SwapGuard(ctx, storage.Guard{Name: "one", Members: []string{"c"}})
	fails(t, "SwapGuard that makes it again", err, storage.ErrConflict)
}

func guardSwap(t *testing.T, s storage.Store) {
	ctx := t.Context()
	g, err := s.SwapGuard(ctx, storage.Guard{Name: "set", Members: []string{"a"}})
	ok(t, "SwapGuard", err)
	stale := g
	g.Members = []string{"a", "b"}
	g, err = s.SwapGuard(ctx, g)
	ok(t, "SwapGuard", err)
	same(t, "the answer of SwapGuard", g, storage.Guard{Name: "set", Members: []string{"a", "b"}, Version: 2})
	stale.Members = nil
	_, err = s.SwapGuard(ctx, stale)
	fails(t, "SwapGuard of an old version", err, storage.ErrConflict)
	got, err := s.Guard(ctx, "set")
	ok(t, "Guard", err)
	same(t, "guard", got, g)
	g.Members = nil
	g, err = s.SwapGuard(ctx, g)
	ok(t, "SwapGuard", err)
	same(t, "an empty guard", g, storage.Guard{Name: "set", Version: 3})
}

func guardMakeRace(t *testing.T, s storage.Store) {
	errs := race(racers, func(n int) error {
		_, err := s.SwapGuard(t.Context(), storage.Guard{Name: "set", Members: []string{fmt.Sprintf("member-%02d", n)}})
		return err
	})
	won := winner(t, errs, storage.ErrConflict)
	got, err := s.Guard(t.Context(), "set")
	ok(t, "Guard", err)
	same(t, "guard", got, storage.Guard{Name: "set", Members: []string{fmt.Sprintf("member-%02d", won)}, Version: 1})
}

// guardSwapRace takes members away, each by one goroutine, from a set that must
// not become empty: exactly one stays.
func guardSwapRace(t *testing.T, s storage.Store) {
	const members = 16
	g := storage.Guard{Name: "set"}
	for n := range members {
		g.Members = append(g.Members, fmt.Sprintf("member-%02d", n))
	}
	_, err := s.SwapGuard(t.Context(), g)
	ok(t, "SwapGuard", err)
	left := race(members, func(n int) bool { return leaveUnlessLast(t, s, fmt.Sprintf("member-%02d", n)) })
	gone := 0
	for _, went := range left {
		if went {
			gone++
		}
	}
	got, err := s.Guard(t.Context(), "set")
	ok(t, "Guard", err)
	if gone != members-1 || len(got.Members) != 1 || got.Version != members {
		t.Errorf("%d went, %v stayed in version %d", gone, got.Members, got.Version)
	}
}

func leaveUnlessLast(t *testing.T, s storage.Store, member string) bool {
	for {
		g, err := s.Guard(t.Context(), "set")
		ok(t, "Guard", err)
		if len(g.Members) == 1 {
			return false
		}
		var rest []string
		for _, m := range g.Members {
			if m != member {
				rest = append(rest, m)
			}
		}
		g.Members = rest
		if _, err := s.SwapGuard(t.Context(), g); err == nil {
			return true
		}
	}
}
