package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
)

// TestClusterPartition: an instance that is cut off from the database leaves
// the rotation by its readiness, signs nothing when its view of the keys has
// become too old, and is ready again only with the keys that the others have.
func TestClusterPartition(t *testing.T) {
	t.Parallel()
	uri := mongotest.Start(t).URI()
	way := through(t, uri)
	// Two seconds are left of publish-ahead for an instance to sign on its own:
	// 62.6s - 0s of caching - 60s that clocks may differ.
	ahead := []string{"--publish-ahead", "62600ms", "--jwks-max-age", "0s", "--rotation-interval", "0"}
	f := newFleet(t, uri, []string{uri, uri, way.uri}, ahead...)
	f.start(t)
	f.people(t)
	first := f.front.login(t, f.web, alice, alicePassword)
	alone := f.nodes[2]
	before := alone.kids(t)

	if err := way.set(trouble{kind: blackHole}); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	f.wantIn(t, 2)
	t.Logf("out of the rotation after %s", time.Since(begin).Round(time.Millisecond))
	for range 10 {
		first = f.front.refresh(t, f.web, first.RefreshToken)
		f.front.wantActive(t, f.resource, first.AccessToken)
	}
	f.run(t, append([]string{"keys", "rotate", "--now"}, ahead...)...)
	eventually(t, "the instance to say that its keys are old", func() bool {
		a, err := alone.fetch("/readyz")
		return err == nil && a.status == http.StatusServiceUnavailable && slices.Contains(faults(t, a), "keys")
	})
	if a := alone.mustPost(t, "/oauth2/token", f.machine, machineForm()); !a.undecided() {
		t.Errorf("an instance with old keys answered %d %s", a.status, a.body)
	}
	if got := alone.kids(t); !slices.Equal(got, before) {
		t.Errorf("it publishes %v, before it was alone %v", got, before)
	}

	if err := way.set(trouble{}); err != nil {
		t.Fatal(err)
	}
	begin = time.Now()
	eventually(t, "the instance to be ready again", alone.ready)
	t.Logf("ready again after %s", time.Since(begin).Round(time.Millisecond))
	if got, want := alone.kids(t), f.nodes[0].kids(t); !slices.Equal(got, want) || slices.Equal(got, before) {
		t.Errorf("when it is ready again it publishes %v, the others %v, all before %v", got, want, before)
	}
	if got, want := alone.signingKID(t, f.machine), f.nodes[0].signingKID(t, f.machine); got != want {
		t.Errorf("it signs with %s, another with %s", got, want)
	}
	f.wantIn(t, 3)
	alone.wantActive(t, f.web, first.AccessToken, first.RefreshToken)
	alone.refresh(t, f.web, first.RefreshToken)
}
