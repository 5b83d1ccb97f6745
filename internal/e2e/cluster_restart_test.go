package e2e_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
)

// TestClusterRollingRestart: instances that are replaced one after the other
// under load fail no request and lose no session.
func TestClusterRollingRestart(t *testing.T) {
	long(t)
	t.Parallel()
	f := startCluster(t, mongotest.Start(t).URI(), "--drain-delay", "1s")
	c := newLoadGroup(t, f, 6, false)
	restarts := often(3, 60)
	started := make([]time.Duration, restarts)
	for n := range restarts {
		f.truncate(t, "audit")
		c.waitTurns(t, 3)
		if n == 1 { // which no verifier notices
			f.run(t, "keys", "rotate", "--now")
		}
		started[n] = rounded(f.replace(t, f.nodes[n%3], syscall.SIGTERM, 0))
	}
	c.waitTurns(t, 3)
	c.finish(t)
	f.balancer.wantShared(t)
	t.Logf("%d restarts, from start to ready %s", restarts, started)
}

// TestClusterLosesAnInstance: one of three is killed in the middle of its work.
// Clients that repeat what got no answer lose nothing.
func TestClusterLosesAnInstance(t *testing.T) {
	long(t)
	t.Parallel()
	f := startCluster(t, mongotest.Start(t).URI())
	c := newLoadGroup(t, f, 6, true)
	kills := often(3, 30)
	for n := range kills {
		f.truncate(t, "audit")
		c.waitTurns(t, 3)
		f.replace(t, f.nodes[n%3], os.Kill, -1)
	}
	c.waitTurns(t, 3)
	repeated := c.finish(t)
	f.balancer.wantShared(t)
	t.Logf("%d kills, %d requests were repeated", kills, repeated)
}

// replace ends an instance, leaves the work to the others for a while, starts
// it again and returns how long that took.
func (f *cluster) replace(t *testing.T, node *server, sig os.Signal, code int) time.Duration {
	t.Helper()
	if got := node.child.end(t, sig); got != code {
		t.Errorf("exit code %d after %v, want %d", got, sig, code)
	}
	f.wantReady(t, len(f.nodes)-1)
	begin := time.Now()
	node.launch(t)
	node.waitReady(t)
	took := time.Since(begin)
	f.wantReady(t, len(f.nodes))
	return took
}
