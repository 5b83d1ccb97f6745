package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
)

// newLone starts one instance whose way to the database can be spoilt.
func newLone(t *testing.T) (*fleet, *strait) {
	t.Helper()
	uri := mongotest.Start(t).URI()
	way := through(t, uri)
	f := newFleet(t, uri, []string{way.uri}, "--signing-alg", "ES256")
	f.begin(t)
	f.people(t)
	return f, way
}

// TestStoreLeavesDeadConnections: connections that went silent without a word,
// as when a firewall forgets them, are not tried one after the other by the
// requests that come in: whatever their number, all is well within seconds.
func TestStoreLeavesDeadConnections(t *testing.T) {
	t.Parallel()
	f, way := newLone(t)
	node := f.nodes[0]
	held := node.login(t, f.web, alice, alicePassword)
	var crowd sync.WaitGroup
	for range 200 {
		crowd.Go(func() { _, _ = node.post("/oauth2/introspect", f.resource, tokenForm(held.AccessToken)) })
	}
	crowd.Wait()
	open := way.open()
	for _, tr := range []trouble{{kind: halfOpen}, {}} {
		if err := way.set(tr); err != nil {
			t.Fatal(err)
		}
	}

	begin := time.Now()
	var undecided, row int
	for row < 20 {
		a := node.mustPost(t, "/oauth2/introspect", f.resource, tokenForm(held.AccessToken))
		switch {
		case a.undecided():
			undecided++
			row = 0
		case says(`"active":true`)(a):
			row++
		default:
			t.Fatalf("answer %d %s", a.status, a.body)
		}
		if time.Since(begin) > patience {
			t.Fatalf("%d dead connections, %d requests answered 503, and no end", open, undecided)
		}
	}
	took := time.Since(begin)
	if took > recoverWithin {
		t.Errorf("all was well only after %s", took)
	}
	t.Logf("%d dead connections: %d requests were answered 503, all was well after %s", open, undecided, rounded(took))
}

// TestStoreTroubleInACrowd: more clients than an instance attends to at a time
// all get their 503 in time while the database is silent, and the keys are still
// to be had.
func TestStoreTroubleInACrowd(t *testing.T) {
	t.Parallel()
	f, way := newLone(t)
	node, held := f.nodes[0], f.nodes[0].login(t, f.web, alice, alicePassword)
	if err := way.set(trouble{kind: blackHole}); err != nil {
		t.Fatal(err)
	}
	const clients = 1300 // 1024 are attended to
	took := make([]time.Duration, clients)
	var crowded atomic.Int64
	var crowd sync.WaitGroup
	for n := range clients {
		crowd.Go(func() {
			sent := time.Now()
			a, err := node.post("/oauth2/introspect", f.resource, tokenForm(held.AccessToken))
			if took[n] = time.Since(sent); err != nil || !a.undecided() {
				t.Errorf("answer %d %s, %v; want 503", a.status, a.body, err)
			}
			if strings.Contains(a.body, "too many requests at once") {
				crowded.Add(1)
			}
		})
	}
	sent := time.Now()
	a, err := node.fetch(jwksPath)
	documents := time.Since(sent)
	if err != nil || a.status != http.StatusOK {
		t.Errorf("the JWKS: %d, %v", a.status, err)
	}
	crowd.Wait()
	slices.Sort(took)
	if took[clients-1] > answerWithin {
		t.Errorf("the slowest 503 took %s", took[clients-1])
	}
	t.Logf("%d clients at once: 503 after %s to %s, %d of them for the crowd alone; the JWKS meanwhile after %s",
		clients, rounded(took[0]), rounded(took[clients-1]), crowded.Load(), rounded(documents))
}
