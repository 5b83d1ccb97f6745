package e2e_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
	"example.org/signet/keys"
	"example.org/signet/storage/mongo"
)

// TestClusterFirstStart: three processes that start at once on an empty
// database come to one signing key and one standby.
func TestClusterFirstStart(t *testing.T) {
	long(t)
	t.Parallel()
	server, rounds := mongotest.Start(t), often(5, 50)
	var slowest time.Duration
	for range rounds {
		t.Run("", func(t *testing.T) {
			uri := server.URI()
			f := newCluster(t, uri, []string{uri, uri, uri})
			begin := time.Now()
			f.start(t)
			slowest = max(slowest, time.Since(begin))
			f.wantOnePair(t)
		})
	}
	t.Logf("%d first starts of three processes, the slowest was ready after %s", rounds, slowest.Round(time.Millisecond))
}

// wantOnePair demands that the store holds one active and one standby key, and
// that every instance publishes these two.
func (f *cluster) wantOnePair(t *testing.T) {
	t.Helper()
	var list struct {
		Items []struct{ KID, State string }
	}
	f.front.decode(t, &list, append([]string{"keys", "list"}, f.store...)...)
	var kids, states []string
	for _, k := range list.Items {
		kids, states = append(kids, k.KID), append(states, k.State)
	}
	if slices.Sort(states); !slices.Equal(states, []string{"active", "standby"}) {
		t.Errorf("the keys are %v, want one active and one standby", states)
	}
	slices.Sort(kids)
	for n, node := range f.nodes {
		var published []string
		// The standby may be another instance's, and not read here yet.
		eventually(t, "an instance to publish two keys", func() bool { published = node.kids(t); return len(published) >= 2 })
		if slices.Sort(published); !slices.Equal(published, kids) {
			t.Errorf("instance %d publishes %v, the store holds %v", n, published, kids)
		}
	}
}

// TestClusterFirstStartOfKeyrings is the same without processes, and so with
// nothing that keeps the three apart.
func TestClusterFirstStartOfKeyrings(t *testing.T) {
	long(t)
	t.Parallel()
	const rounds = 50
	server, begin := mongotest.Start(t), time.Now()
	for range rounds {
		t.Run("", func(t *testing.T) {
			rings := openAtOnce(t, server.URI())
			for _, ring := range rings {
				if err := ring.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			wantSamePair(t, rings)
		})
	}
	t.Logf("%d first starts of three keyrings in %s", rounds, time.Since(begin).Round(time.Millisecond))
}

// openAtOnce opens three keyrings, each on a store of its own, on one database.
func openAtOnce(t *testing.T, uri string) []*keys.Manager {
	t.Helper()
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rings, errs := make([]*keys.Manager, 3), make([]error, 3)
	var racing sync.WaitGroup
	start := make(chan struct{})
	for i := range rings {
		store := openStore(t, uri)
		racing.Go(func() {
			<-start
			rings[i], errs[i] = keys.Open(t.Context(), store, master, ringConfig())
		})
	}
	close(start)
	racing.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return rings
}

// wantSamePair demands that all keyrings see the same active key and the same
// standby, and nothing else.
func wantSamePair(t *testing.T, rings []*keys.Manager) {
	t.Helper()
	for i, ring := range rings {
		infos := ring.List()
		if len(infos) != 2 || infos[0].State != keys.Active || infos[1].State != keys.Standby {
			t.Fatalf("keyring %d has %+v, want one active and one standby", i, infos)
		}
		if !slices.Equal(infos, rings[0].List()) {
			t.Fatalf("keyring %d has %+v, another %+v", i, infos, rings[0].List())
		}
	}
}

// ringConfig makes keys that cost next to nothing.
func ringConfig() keys.Config {
	cfg := keys.DefaultConfig(time.Now)
	cfg.Alg = keys.EdDSA
	return cfg
}

func openStore(t *testing.T, uri string) *mongo.Store {
	t.Helper()
	store, err := mongo.Open(context.WithoutCancel(t.Context()), uri, time.Now, mongo.WithTimeout(waitTimeout))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}
