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

// troubles are what befalls the ways to the database. Where an answer is late
// by less than the limits, answers are certain ones.
var troubles = []struct {
	name    string
	trouble trouble
	decided bool
}{
	{name: "refused", trouble: trouble{kind: refused}},
	{name: "reset", trouble: trouble{kind: reset}},
	{name: "black hole", trouble: trouble{kind: blackHole}},
	{name: "half open", trouble: trouble{kind: halfOpen}},
	{name: "late by 200ms", trouble: trouble{kind: late, delay: 200 * time.Millisecond}, decided: true},
	{name: "late by 2s", trouble: trouble{kind: late, delay: 2 * time.Second}},
	{name: "late by 30s", trouble: trouble{kind: late, delay: 30 * time.Second}},
	{name: "cut in mid-answer", trouble: trouble{kind: cut}},
}

// TestStoreTrouble: while something is the matter between an instance and its
// database, whatever hangs on the database is answered *don't know* in time,
// what does not goes on, and afterwards all is well without anybody's help.
// Each trouble has an instance of its own; they share the database, on which
// they come all at once. It runs alone: beside other tests its times would say
// little.
func TestStoreTrouble(t *testing.T) {
	stations := newStations(t)
	endure(t, stations, func() {
		var suffering sync.WaitGroup
		for _, s := range stations {
			suffering.Go(func() { s.suffer(t, 5*time.Second) })
		}
		suffering.Wait()
	})
}

// TestStoreIsKilled: the database is killed and started again on its files.
func TestStoreIsKilled(t *testing.T) {
	t.Parallel()
	if os.Getenv(mongotest.External) != "" {
		t.Skip("an external server is not ours to kill")
	}
	database := mongotest.Start(t)
	uri := database.URI()
	// The window in which a client may repeat itself must outlast the trouble: it
	// runs from a refresh that was carried out in the last moment.
	f := newFleet(t, uri, []string{uri}, "--signing-alg", "ES256", "--refresh-grace", "1m")
	f.begin(t)
	f.people(t)
	lasting := []time.Duration{3 * time.Second}
	if slowTests() {
		lasting = []time.Duration{3 * time.Second, 30 * time.Second, 4 * time.Second, 5 * time.Second, 6 * time.Second}
	}
	for _, long := range lasting {
		s := &station{
			name: "killed", fleet: f, node: f.nodes[0], answers: map[string]int{},
			hurt: func() error { database.Kill9(); return nil }, heal: func() error { database.Restart(); return nil },
		}
		s.prepare(t)
		endure(t, []*station{s}, func() { s.suffer(t, long) })
	}
}

// endure has sessions refreshed all the while that trouble comes and goes, and
// demands that every one of them goes on.
func endure(t *testing.T, stations []*station, trouble func()) {
	t.Helper()
	stop := make(chan struct{})
	var keeping sync.WaitGroup
	for _, s := range stations {
		for _, k := range s.keepers {
			keeping.Go(func() { s.keep(t, k, stop) })
		}
	}
	wantTurns(t, stations, 2)
	trouble()
	wantTurns(t, stations, 3)
	close(stop)
	keeping.Wait()
	for _, s := range stations {
		s.report(t)
		for _, k := range s.keepers {
			s.node.wantActive(t, s.fleet.web, k.current.AccessToken, k.current.RefreshToken)
		}
	}
}

// wantTurns waits until every session is n refreshes further.
func wantTurns(t *testing.T, stations []*station, n int64) {
	t.Helper()
	goal := map[*keeper]int64{}
	for _, s := range stations {
		for _, k := range s.keepers {
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

// newStations starts an instance for each trouble.
func newStations(t *testing.T) (stations []*station) {
	t.Helper()
	uri := mongotest.Start(t).URI()
	var storages []string
	for _, tr := range troubles {
		way := through(t, uri)
		storages = append(storages, way.uri)
		stations = append(stations, &station{
			name: tr.name, decided: tr.decided, answers: map[string]int{},
			hurt: func() error { return way.set(tr.trouble) }, heal: func() error { return way.set(trouble{}) },
		})
	}
	f := newFleet(t, uri, storages, "--signing-alg", "ES256")
	f.begin(t)
	f.people(t)
	for n, s := range stations {
		s.fleet, s.node = f, f.nodes[n]
		s.prepare(t)
	}
	return stations
}

// nextUser numbers the users that stations have for themselves.
var nextUser atomic.Uint32

// prepare gives a station its own user, sessions and probes, and has it open
// many connections to the database.
func (s *station) prepare(t *testing.T) {
	t.Helper()
	user := "user-" + strconv.Itoa(int(nextUser.Add(1)))
	s.fleet.front.addUser(t, user, alicePassword, slices.Concat(s.fleet.store, cheapHash)...)
	web := s.fleet.web
	for range 2 {
		s.keepers = append(s.keepers, &keeper{current: s.node.login(t, web, user, alicePassword)})
	}
	held, doomed := s.node.login(t, web, user, alicePassword), s.node.login(t, web, user, alicePassword)
	machine := s.node.mustPost(t, "/oauth2/token", s.fleet.machine, machineForm()).granted(t)
	s.probes = s.fleet.probes(s.node, user, held, doomed, machine.AccessToken)
	var crowd sync.WaitGroup
	for range 40 {
		crowd.Go(func() { _, _ = s.node.post("/oauth2/introspect", s.fleet.resource, tokenForm(held.AccessToken)) })
	}
	crowd.Wait()
}
