package e2e_test

import (
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
)

// networkFaults are the faults between an instance and its database. Where an answer is late
// by less than the limits, answers are certain ones.
var networkFaults = []struct {
	name    string
	fault   networkFault
	decided bool
}{
	{name: "refused", fault: networkFault{kind: refused}},
	{name: "reset", fault: networkFault{kind: reset}},
	{name: "black hole", fault: networkFault{kind: blackHole}},
	{name: "half open", fault: networkFault{kind: halfOpen}},
	{name: "late by 200ms", fault: networkFault{kind: late, delay: 200 * time.Millisecond}, decided: true},
	{name: "late by 2s", fault: networkFault{kind: late, delay: 2 * time.Second}},
	{name: "late by 30s", fault: networkFault{kind: late, delay: 30 * time.Second}},
	{name: "cut in mid-answer", fault: networkFault{kind: cut}},
}

// TestStoreFaults: while something is the matter between an instance and its
// database, whatever hangs on the database is answered 503 in time,
// what does not goes on, and afterwards all is well without anybody's help.
// Each fault has an instance of its own; they share the database, on which
// they come all at once. It runs alone: beside other tests its times would say
// little, and the test database, when busy, fails by itself ("database is locked").
func TestStoreFaults(t *testing.T) {
	long(t)
	if os.Getenv("TEST_STORE_FAULTS") == "later" {
		t.Skip("a step of its own runs this, on a machine that is quiet")
	}
	scenarios := newFaultScenarios(t)
	runScenarios(t, scenarios, func() {
		var running sync.WaitGroup
		for _, s := range scenarios {
			running.Go(func() { s.run(t, 5*time.Second) })
		}
		running.Wait()
	})
}

// TestStoreIsKilled: the database is killed and started again on its files.
func TestStoreIsKilled(t *testing.T) {
	long(t)
	t.Parallel()
	if os.Getenv(mongotest.External) != "" {
		t.Skip("an external server is not ours to kill")
	}
	database := mongotest.Start(t)
	uri := database.URI()
	// The window in which a client may repeat itself must outlast the fault: it
	// runs from a refresh that was carried out in the last moment.
	f := newCluster(t, uri, []string{uri}, "--signing-alg", "ES256", "--refresh-grace", "1m")
	f.launch(t)
	f.seed(t)
	lasting := []time.Duration{3 * time.Second}
	if slowTests() {
		lasting = []time.Duration{3 * time.Second, 30 * time.Second, 4 * time.Second, 5 * time.Second, 6 * time.Second}
	}
	for _, long := range lasting {
		s := &faultScenario{
			name: "killed", fleet: f, node: f.nodes[0], answers: map[string]int{},
			inject: func() error { database.Kill9(); return nil }, heal: func() error { database.Restart(); return nil },
		}
		s.prepare(t)
		runScenarios(t, []*faultScenario{s}, func() { s.run(t, long) })
	}
}

// runScenarios has sessions refreshed all the while that a fault comes and goes, and
// demands that every one of them goes on.
func runScenarios(t *testing.T, scenarios []*faultScenario, fault func()) {
	t.Helper()
	stop := make(chan struct{})
	var refreshing sync.WaitGroup
	for _, s := range scenarios {
		for _, k := range s.refreshers {
			refreshing.Go(func() { s.keepRefreshing(t, k, stop) })
		}
	}
	wantTurns(t, scenarios, 2)
	fault()
	wantTurns(t, scenarios, 3)
	close(stop)
	refreshing.Wait()
	for _, s := range scenarios {
		s.report(t)
		for _, k := range s.refreshers {
			s.node.wantActive(t, s.fleet.web, k.current.AccessToken, k.current.RefreshToken)
		}
	}
}

// wantTurns waits until every session is n refreshes further.
func wantTurns(t *testing.T, scenarios []*faultScenario, n int64) {
	t.Helper()
	goal := map[*refresher]int64{}
	for _, s := range scenarios {
		for _, k := range s.refreshers {
			goal[k] = k.turns.Load() + n
		}
	}
	eventually(t, "every session to go on", func() bool {
		for k, g := range goal {
			if k.turns.Load() < g {
				return t.Failed()
			}
		}
		return true
	})
}

// newFaultScenarios starts an instance for each fault.
func newFaultScenarios(t *testing.T) (scenarios []*faultScenario) {
	t.Helper()
	uri := mongotest.Start(t).URI()
	var storages []string
	for _, tr := range networkFaults {
		proxy := newFaultProxy(t, uri)
		storages = append(storages, proxy.uri)
		scenarios = append(scenarios, &faultScenario{
			name: tr.name, certain: tr.decided, answers: map[string]int{},
			inject: func() error { return proxy.set(tr.fault) }, heal: func() error { return proxy.set(networkFault{}) },
		})
	}
	f := newCluster(t, uri, storages, "--signing-alg", "ES256")
	f.launch(t)
	f.seed(t)
	for n, s := range scenarios {
		s.fleet, s.node = f, f.nodes[n]
		s.prepare(t)
	}
	return scenarios
}

// nextUser numbers the users of the fault scenarios.
var nextUser atomic.Uint32

// prepare gives a scenario its own user, sessions and probes, and has it open
// many connections to the database.
func (s *faultScenario) prepare(t *testing.T) {
	t.Helper()
	user := "user-" + strconv.Itoa(int(nextUser.Add(1)))
	s.fleet.front.addUser(t, user, alicePassword, slices.Concat(s.fleet.store, cheapHash)...)
	web := s.fleet.web
	for range 2 {
		s.refreshers = append(s.refreshers, &refresher{current: s.node.login(t, web, user, alicePassword)})
	}
	held, doomed := s.node.login(t, web, user, alicePassword), s.node.login(t, web, user, alicePassword)
	machine := s.node.mustPost(t, "/oauth2/token", s.fleet.machine, machineForm()).granted(t)
	s.probes = s.fleet.probes(s.node, user, held, doomed, machine.AccessToken)
	var requests sync.WaitGroup
	for range 40 {
		requests.Go(func() { _, _ = s.node.post("/oauth2/introspect", s.fleet.resource, tokenForm(held.AccessToken)) })
	}
	requests.Wait()
}
