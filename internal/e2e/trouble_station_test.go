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

// answerWithin bounds what an instance in trouble usually takes to say *don't
// know*: two seconds, and what a busy machine adds. It is the middle of all
// answers that is judged: the slowest says more about the machine, as does the
// time until all is well again; both are reported.
const answerWithin = 3 * time.Second

// station is one instance, what befalls its database, and what is observed.
type station struct {
	name    string
	node    *server
	hurt    func() error // begins the trouble
	heal    func() error // ends it
	fleet   *fleet
	probes  []probe
	keepers []*keeper

	mu        sync.Mutex
	begin     time.Time // of the trouble
	end       time.Time
	answers   map[string]int
	took      []time.Duration // until *don't know*
	documents time.Duration   // the slowest answer that needs no store
	unready   time.Duration   // from the beginning of the trouble
	well      time.Duration   // from its end
	decided   bool            // the trouble is small enough for certain answers
}

// keeper is a client that keeps one session alive, with the token it holds.
type keeper struct {
	current tokens
	turns   atomic.Int64
}

// note keeps an answer for the report, and judges it. It returns whether the
// answer was a certain one.
func (s *station) note(t *testing.T, p probe, sent time.Time, a answer, err error) (certain bool) {
	took := time.Since(sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	during := !s.begin.IsZero() && sent.After(s.begin) && s.end.IsZero() // from beginning to end
	certain = err == nil && !a.undecided()
	switch {
	case err != nil:
		t.Errorf("%s, %s: %v", s.name, p.name, err)
	case certain && !p.well(a):
		t.Errorf("%s, %s: %d %s", s.name, p.name, a.status, a.body)
	case certain && during && !s.decided && !(p.rest && sent.Before(s.begin.Add(time.Second))):
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

// isOver tells whether the trouble was over at a time.
func (s *station) isOver(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.end.IsZero() && at.After(s.end)
}

// ask sends a probe until it is answered well after the trouble.
func (s *station) ask(t *testing.T, p probe) {
	pause := 100 * time.Millisecond
	if p.name == "password grant" { // tries whose outcome is unknown are not taken back
		pause = 500 * time.Millisecond
	}
	for ; ; time.Sleep(pause) {
		sent := time.Now()
		a, err := p.send()
		certain := s.note(t, p, sent, a, err)
		if s.isOver(sent) && s.wellAgain(t, certain, p.name) {
			return
		}
	}
}

// wellAgain notes when something is well again; what never is, is given up.
func (s *station) wellAgain(t *testing.T, well bool, what string) (done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := time.Since(s.end)
	if !well && since > patience {
		t.Errorf("%s, %s: still not well %s after the trouble", s.name, what, since)
		return true
	}
	if well {
		s.well = max(s.well, since)
	}
	return well
}

// keep refreshes one session until stop is closed, always with the token that
// it holds.
func (s *station) keep(t *testing.T, k *keeper, stop <-chan struct{}) {
	p := probe{name: "refresh_token grant", well: says("refresh_token")}
	for {
		sent := time.Now()
		a, err := s.node.post("/oauth2/token", s.fleet.web, refreshForm(k.current.RefreshToken))
		if s.note(t, p, sent, a, err) {
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
// ready after the trouble.
func (s *station) watch(t *testing.T) {
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
		if s.isOver(sent) && s.wellAgain(t, a.status == http.StatusOK, "/readyz") {
			return
		}
	}
}

// noStore is what an instance answers from memory.
var noStore = []string{"/livez", jwksPath, "/.well-known/openid-configuration"}

func (s *station) readiness(t *testing.T, sent time.Time, ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.end.IsZero():
	case !ready && s.unready == 0:
		s.unready = time.Since(s.begin)
	case ready && !s.decided && s.unready > 0 && sent.After(s.begin.Add(s.unready)):
		t.Errorf("%s: ready again in the middle of the trouble", s.name)
	}
}

// suffer lets the trouble come and go, and waits until all is well again.
func (s *station) suffer(t *testing.T, lasting time.Duration) {
	if err := s.hurt(); err != nil {
		t.Errorf("%s: %v", s.name, err)
	}
	s.now(&s.begin)
	var asking sync.WaitGroup
	for _, p := range s.probes {
		asking.Go(func() { s.ask(t, p) })
	}
	asking.Go(func() { s.watch(t) })
	time.Sleep(lasting)
	s.now(&s.end)
	if err := s.heal(); err != nil {
		t.Errorf("%s: %v", s.name, err)
	}
	asking.Wait()
}

// now notes the time. What is sent after the beginning and answered before the
// end is judged by the trouble.
func (s *station) now(when *time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*when = time.Now()
}

// report demands what must hold of the whole, and says what was measured.
func (s *station) report(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.decided && s.unready == 0 {
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
		s.name, answers, rounded(usual), rounded(slowest), rounded(s.documents), rounded(s.unready), rounded(s.well))
	if s.decided {
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
