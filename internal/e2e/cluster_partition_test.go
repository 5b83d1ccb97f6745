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
	long(t)
	t.Parallel()
	uri := mongotest.Start(t).URI()
	way := newFaultProxy(t, uri)
	// Four seconds are left of publish-ahead for an instance to sign on its own:
	// 64s - 0s of caching - 60s that clocks may differ.
	ahead := []string{"--publish-ahead", "64s", "--jwks-max-age", "0s", "--rotation-interval", "0"}
	f := newCluster(t, uri, []string{uri, uri, way.uri}, ahead...)
	f.start(t)
	f.seed(t)
	session := f.front.login(t, f.web, alice, alicePassword)
	before := f.nodes[2].kids(t)

	if err := way.set(networkFault{kind: blackHole}); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	f.wantReady(t, 2)
	t.Logf("out of the rotation after %s", rounded(time.Since(begin)))
	for range 10 {
		session = f.front.refresh(t, f.web, session.RefreshToken)
		f.front.wantActive(t, f.resource, session.AccessToken)
	}
	f.run(t, append([]string{"keys", "rotate", "--now"}, ahead...)...)
	f.wantSilence(t, f.nodes[2], before)

	if err := way.set(networkFault{}); err != nil {
		t.Fatal(err)
	}
	f.wantReturn(t, f.nodes[2], before)
	f.nodes[2].wantActive(t, f.web, session.AccessToken, session.RefreshToken)
	f.nodes[2].refresh(t, f.web, session.RefreshToken)
}

// wantSilence demands that an instance which is alone stops to sign, and goes on
// to publish what it knows.
func (f *cluster) wantSilence(t *testing.T, alone *server, known []string) {
	t.Helper()
	eventually(t, "the instance to say that its keys are old", func() bool {
		a, err := alone.fetch("/readyz")
		return err == nil && a.status == http.StatusServiceUnavailable && slices.Contains(failedChecks(t, a), "keys")
	})
	if a := alone.mustPost(t, "/oauth2/token", f.machine, machineForm()); !a.undecided() {
		t.Errorf("an instance with old keys answered %d %s", a.status, a.body)
	}
	if got := alone.kids(t); !slices.Equal(got, known) {
		t.Errorf("it publishes %v, before it was alone %v", got, known)
	}
}

// wantReturn demands that an instance comes back by itself, and that when it is
// ready it has the keys that the others have.
func (f *cluster) wantReturn(t *testing.T, alone *server, known []string) {
	t.Helper()
	begin := time.Now()
	eventually(t, "the instance to be ready again", alone.ready)
	t.Logf("ready again after %s", rounded(time.Since(begin)))
	if got, want := alone.kids(t), f.nodes[0].kids(t); !slices.Equal(got, want) || slices.Equal(got, known) {
		t.Errorf("when it is ready again it publishes %v, the others %v, all before %v", got, want, known)
	}
	if got, want := alone.signingKID(t, f.machine), f.nodes[0].signingKID(t, f.machine); got != want {
		t.Errorf("it signs with %s, another with %s", got, want)
	}
	f.wantReady(t, len(f.nodes))
}
