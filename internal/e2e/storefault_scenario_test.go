package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// answerWithin bounds what an instance under a fault usually takes to answer
// 503: two seconds, and what a busy machine adds. It is the middle of all
// answers that is judged: the slowest says more about the machine, as does the
// time until all is well again; both are reported.
const answerWithin = 3 * time.Second

// faultScenario is one instance, a fault of its database, and what is observed.
type faultScenario struct {
	name       string
	node       *server
	inject     func() error // begins the fault
	heal       func() error // ends it
	fleet      *cluster
	probes     []probe
	refreshers []*refresher

	mu        sync.Mutex
	begin     time.Time // of the fault
	end       time.Time
	answers   map[string]int
	took      []time.Duration // until a 503
	documents time.Duration   // the slowest answer that needs no store
	unready   time.Duration   // from the beginning of the fault
	recovered time.Duration   // from its end
	certain   bool            // the fault is small enough for certain answers
}

// refresher is a client that keeps one session alive, with the token it holds.
type refresher struct {
	current tokens
	turns   atomic.Int64
}

// record keeps an answer for the report, and judges it. It returns whether the
// answer was a certain one.
func (s *faultScenario) record(t *testing.T, p probe, sent time.Time, a answer, err error) (certain bool) {
	took := time.Since(sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	during := !s.begin.IsZero() && sent.After(s.begin) && s.end.IsZero() // from beginning to end
	certain = err == nil && !a.undecided()
	switch {
	case err != nil:
		t.Errorf("%s, %s: %v", s.name, p.name, err)
	case certain && !p.healthy(a):
		t.Errorf("%s, %s: %d %s", s.name, p.name, a.status, a.body)
	case certain && during && !s.certain && !(p.cached && sent.Before(s.begin.Add(time.Second))):
		t.Errorf("%s, %s was answered %d %s without the store", s.name, p.name, a.status, a.body)
	}
	if during {
		s.answers[fmt.Sprintf("%s %d", p.name, a.status)]++
	}
	if during && !certain {
		s.took = append(s.took, took)
	}
	return certain
}

// isOver tells whether the fault was over at a time.
func (s *faultScenario) isOver(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.end.IsZero() && at.After(s.end)
}

// ask sends a probe until it is answered well after the fault.
func (s *faultScenario) ask(t *testing.T, p probe) {
	pause := 100 * time.Millisecond
	if p.name == "password grant" { // tries whose outcome is unknown are not taken back
		pause = 500 * time.Millisecond
	}
	for ; ; time.Sleep(pause) {
		sent := time.Now()
		a, err := p.send()
		certain := s.record(t, p, sent, a, err)
		if s.isOver(sent) && s.recordRecovery(t, certain, p.name) {
			return
		}
	}
}

// recordRecovery notes when something is well again; what never is, is given up.
func (s *faultScenario) recordRecovery(t *testing.T, well bool, what string) (done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := time.Since(s.end)
	if !well && since > waitTimeout {
		t.Errorf("%s, %s: still not well %s after the fault", s.name, what, since)
		return true
	}
	if well {
		s.recovered = max(s.recovered, since)
	}
	return well
}

// keepRefreshing refreshes one session until stop is closed, always with the token that
// it holds.
func (s *faultScenario) keepRefreshing(t *testing.T, k *refresher, stop <-chan struct{}) {
	p := probe{name: "refresh_token grant", healthy: says("refresh_token")}
	for {
		sent := time.Now()
		a, err := s.node.post("/oauth2/token", s.fleet.web, refreshForm(k.current.RefreshToken))
		if s.record(t, p, sent, a, err) {
			if k.current, err = a.decode(); err != nil {
				return // the session is lost
			}
			k.turns.Add(1)
		}
		select {
		case <-stop:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// watch asks for what needs no store, and for readiness, until the instance is
// ready after the fault.
func (s *faultScenario) watch(t *testing.T) {
	for ; ; time.Sleep(50 * time.Millisecond) {
		for _, path := range noStore {
			sent := time.Now()
			a, err := s.node.fetch(path)
			if err != nil || a.status != http.StatusOK {
				t.Errorf("%s, %s: %d %s, %v", s.name, path, a.status, a.body, err)
			}
			s.mu.Lock()
			s.documents = max(s.documents, time.Since(sent))
			s.mu.Unlock()
		}
		sent := time.Now()
		a, err := s.node.fetch("/readyz")
		if err != nil {
			t.Errorf("%s, /readyz: %v", s.name, err)
		}
		s.readiness(t, sent, a.status == http.StatusOK)
		if s.isOver(sent) && s.recordRecovery(t, a.status == http.StatusOK, "/readyz") {
			return
		}
	}
}

// noStore is what an instance answers from memory.
var noStore = []string{"/livez", jwksPath, "/.well-known/openid-configuration"}

func (s *faultScenario) readiness(t *testing.T, sent time.Time, ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.end.IsZero():
	case !ready && s.unready == 0:
		s.unready = time.Since(s.begin)
	case ready && !s.certain && s.unready > 0 && sent.After(s.begin.Add(s.unready)):
		t.Errorf("%s: ready again in the middle of the fault", s.name)
	}
}

// run lets the fault come and go, and waits until all is well again.
func (s *faultScenario) run(t *testing.T, lasting time.Duration) {
	if err := s.inject(); err != nil {
		t.Errorf("%s: %v", s.name, err)
	}
	s.setTime(&s.begin)
	var asking sync.WaitGroup
	for _, p := range s.probes {
		asking.Go(func() { s.ask(t, p) })
	}
	asking.Go(func() { s.watch(t) })
	time.Sleep(lasting)
	s.setTime(&s.end)
	if err := s.heal(); err != nil {
		t.Errorf("%s: %v", s.name, err)
	}
	asking.Wait()
}

// setTime notes the time. What is sent after the beginning and answered before the
// end is judged by the fault.
func (s *faultScenario) setTime(when *time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*when = time.Now()
}

// report demands what must hold of the whole, and says what was measured.
func (s *faultScenario) report(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.certain && s.unready == 0 {
		t.Errorf("%s: ready all the while", s.name)
	}
	answers := 0
	for _, n := range s.answers {
		answers += n
	}
	usual, slowest := spread(s.took)
	if usual > answerWithin {
		t.Errorf("%s: half of the 503s came only after %s", s.name, usual)
	}
	t.Logf("%-17s %3d answers, a 503 usually after %s and at most %s; documents within %s; not ready after %s; all well again after %s",
		s.name, answers, rounded(usual), rounded(slowest), rounded(s.documents), rounded(s.unready), rounded(s.recovered))
	if s.certain {
		t.Log(s.answers)
	}
}

// spread is the middle and the greatest of some durations, zero of none.
func spread(of []time.Duration) (middle, greatest time.Duration) {
	if len(of) == 0 {
		return 0, 0
	}
	slices.Sort(of)
	return of[len(of)/2], of[len(of)-1]
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
