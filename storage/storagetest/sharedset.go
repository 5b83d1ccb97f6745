package storagetest

import (
	"fmt"
	"testing"

	"example.org/signet/storage"
)

var sharedSetContracts = []contract{
	{"CreateAndRead", sharedSetCreateAndRead},
	{"Swap", sharedSetSwap},
	{"CreateRace", sharedSetCreateRace},
	{"SwapRace", sharedSetSwapRace},
}

func sharedSetCreateAndRead(t *testing.T, s storage.Store) {
	ctx := t.Context()
	_, err := s.SharedSet(ctx, "one")
	wantErr(t, "SharedSet", err, storage.ErrNotFound)
	_, err = s.SwapSharedSet(ctx, storage.SharedSet{Name: "one", Version: 1})
	wantErr(t, "SwapSharedSet of none", err, storage.ErrConflict)
	for name, members := range map[string][]string{"one": {"a", "b"}, "none": nil, "$odd.": {"$x", "y.z", `"`}} {
		made, err := s.SwapSharedSet(ctx, storage.SharedSet{Name: name, Members: members})
		noErr(t, "SwapSharedSet", err)
		want := storage.SharedSet{Name: name, Members: members, Version: 1}
		wantEqual(t, "the answer of SwapSharedSet", made, want)
		got, err := s.SharedSet(ctx, name)
		noErr(t, "SharedSet", err)
		wantEqual(t, "shared set", got, want)
	}
	_, err = s.SwapSharedSet(ctx, storage.SharedSet{Name: "one", Members: []string{"c"}})
	wantErr(t, "SwapSharedSet that makes it again", err, storage.ErrConflict)
}

func sharedSetSwap(t *testing.T, s storage.Store) {
	ctx := t.Context()
	g, err := s.SwapSharedSet(ctx, storage.SharedSet{Name: "set", Members: []string{"a"}})
	noErr(t, "SwapSharedSet", err)
	stale := g
	g.Members = []string{"a", "b"}
	g, err = s.SwapSharedSet(ctx, g)
	noErr(t, "SwapSharedSet", err)
	wantEqual(t, "the answer of SwapSharedSet", g, storage.SharedSet{Name: "set", Members: []string{"a", "b"}, Version: 2})
	stale.Members = nil
	_, err = s.SwapSharedSet(ctx, stale)
	wantErr(t, "SwapSharedSet of an old version", err, storage.ErrConflict)
	got, err := s.SharedSet(ctx, "set")
	noErr(t, "SharedSet", err)
	wantEqual(t, "shared set", got, g)
	g.Members = nil
	g, err = s.SwapSharedSet(ctx, g)
	noErr(t, "SwapSharedSet", err)
	wantEqual(t, "an empty set", g, storage.SharedSet{Name: "set", Version: 3})
}

func sharedSetCreateRace(t *testing.T, s storage.Store) {
	errs := race(racers, func(n int) error {
		_, err := s.SwapSharedSet(t.Context(), storage.SharedSet{Name: "set", Members: []string{fmt.Sprintf("member-%02d", n)}})
		return err
	})
	won := winner(t, errs, storage.ErrConflict)
	got, err := s.SharedSet(t.Context(), "set")
	noErr(t, "SharedSet", err)
	wantEqual(t, "shared set", got, storage.SharedSet{Name: "set", Members: []string{fmt.Sprintf("member-%02d", won)}, Version: 1})
}

// sharedSetSwapRace takes members away, each by one goroutine, from a set that must
// not become empty: exactly one stays.
func sharedSetSwapRace(t *testing.T, s storage.Store) {
	const members = 16
	g := storage.SharedSet{Name: "set"}
	for n := range members {
		g.Members = append(g.Members, fmt.Sprintf("member-%02d", n))
	}
	_, err := s.SwapSharedSet(t.Context(), g)
	noErr(t, "SwapSharedSet", err)
	left := race(members, func(n int) bool { return leaveUnlessLast(t, s, fmt.Sprintf("member-%02d", n)) })
	gone := 0
	for _, went := range left {
		if went {
			gone++
		}
	}
	got, err := s.SharedSet(t.Context(), "set")
	noErr(t, "SharedSet", err)
	if gone != members-1 || len(got.Members) != 1 || got.Version != members {
		t.Errorf("%d went, %v stayed in version %d", gone, got.Members, got.Version)
	}
}

func leaveUnlessLast(t *testing.T, s storage.Store, member string) bool {
	for {
		g, err := s.SharedSet(t.Context(), "set")
		noErr(t, "SharedSet", err)
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
		if _, err := s.SwapSharedSet(t.Context(), g); err == nil {
			return true
		}
	}
}
