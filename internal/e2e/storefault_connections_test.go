package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
)

// newSingleInstance starts one instance whose way to the database can be spoilt.
func newSingleInstance(t *testing.T) (*cluster, *faultProxy) {
	t.Helper()
	uri := mongotest.Start(t).URI()
	way := newFaultProxy(t, uri)
	f := newCluster(t, uri, []string{way.uri}, "--signing-alg", "ES256")
	f.launch(t)
	f.seed(t)
	return f, way
}

// TestStoreLeavesDeadConnections: connections that went silent without a word,
// as when a firewall forgets them, are not tried one after the other by the
// requests that come in: whatever their number, all is well within seconds.
func TestStoreLeavesDeadConnections(t *testing.T) {
	long(t)
	t.Parallel()
	f, way := newSingleInstance(t)
	node := f.nodes[0]
	held := node.login(t, f.web, alice, alicePassword)
	var requests sync.WaitGroup
	for range 200 {
		requests.Go(func() { _, _ = node.post("/oauth2/introspect", f.resource, tokenForm(held.AccessToken)) })
	}
	requests.Wait()
	open := way.open()
	for _, tr := range []networkFault{{kind: halfOpen}, {}} {
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
		if time.Since(begin) > waitTimeout {
			t.Fatalf("%d dead connections, %d requests answered 503, and no end", open, undecided)
		}
	}
	took := time.Since(begin)
	t.Logf("%d dead connections: %d requests were answered 503, all was well after %s", open, undecided, rounded(took))
}

// TestStoreFaultsUnderLoad: more clients than an instance attends to at a time
// all get their 503 in time while the database is silent, and the keys are still
// to be had. The times are the instance's own: the clients keep the machine busy
// as well. It runs alone for the same reason.
func TestStoreFaultsUnderLoad(t *testing.T) {
	long(t)
	f, way := newSingleInstance(t)
	node, held := f.nodes[0], f.nodes[0].login(t, f.web, alice, alicePassword)
	if err := way.set(networkFault{kind: blackHole}); err != nil {
		t.Fatal(err)
	}
	const clients = 1300 // 1024 are attended to
	var requests sync.WaitGroup
	for range clients {
		requests.Go(func() {
			a, err := node.post("/oauth2/introspect", f.resource, tokenForm(held.AccessToken))
			if err != nil || !a.undecided() {
				t.Errorf("answer %d %s, %v; want 503", a.status, a.body, err)
			}
		})
	}
	if a, err := node.fetch(jwksPath); err != nil || a.status != http.StatusOK {
		t.Errorf("the JWKS: %d, %v", a.status, err)
	}
	requests.Wait()
	var took []time.Duration
	eventually(t, "every answer to stand in the log", func() bool {
		took = node.log.took("/oauth2/introspect", http.StatusServiceUnavailable)
		return len(took) >= clients
	})
	usual, slowest := spread(took)
	if len(took) != clients || usual > answerWithin {
		t.Fatalf("%d of %d were answered 503, half of them after %s, the slowest after %s", len(took), clients, usual, slowest)
	}
	atOnce, _ := slices.BinarySearch(took, time.Second)
	t.Logf("%d clients at once: 503 usually after %s and at most %s, %d of them at once", clients, rounded(usual), rounded(slowest), atOnce)
}

// took lists how long the answers of a status took, by the log.
func (l *logBuffer) took(route string, status int) (all []time.Duration) {
	for text := range strings.Lines(l.String()) {
		var event struct {
			Route    string
			Status   int
			Duration float64 `json:"duration_ms"`
		}
		if json.Unmarshal([]byte(text), &event) == nil && event.Route == route && event.Status == status {
			all = append(all, time.Duration(event.Duration*float64(time.Millisecond)))
		}
	}
	return all
}
