package bench

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestParseUsage(t *testing.T) {
	const text = "# HELP x\nprocess_cpu_seconds_total 1.25\nprocess_cpu_seconds_user_total 9\nprocess_resident_memory_bytes 3.2264192e+07 1700000000\n"
	if u, err := parseUsage(text); err != nil || u.CPU != 1250*time.Millisecond || u.RSS != 32264192 {
		t.Errorf("got %+v, %v", u, err)
	}
	if _, err := parseUsage("process_resident_memory_bytes 1\n"); !errors.Is(err, ErrNoProcessMetrics) {
		t.Errorf("without the processor time: %v", err)
	}
	if _, err := parseUsage("process_cpu_seconds_total soon\n"); err == nil {
		t.Error("no error for what is no number")
	}
}

func TestReadUsage_OtherAnswers(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if _, err := ReadUsage(t.Context(), NewHTTPClient(1), s.URL); err == nil {
		t.Error("no error for 404")
	}
}

func TestQuantile(t *testing.T) {
	var sorted []time.Duration
	for n := range 100 {
		sorted = append(sorted, time.Duration(n+1))
	}
	if p50, p99, one := quantile(sorted, .5), quantile(sorted, .99), quantile(sorted[:1], .99); p50 != 51 || p99 != 100 || one != 1 {
		t.Errorf("got %d, %d, %d", p50, p99, one)
	}
}

func TestUnit_MeasuresSignatures(t *testing.T) {
	u, err := newUnit()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := u.measure(); err != nil {
			t.Fatal(err)
		}
	}
	if s := u.since(0); s.Min <= 0 || s.Mean < s.Min || s.Max < s.Mean {
		t.Errorf("got %+v", s)
	}
	if s := u.since(2); s != (Signature{}) {
		t.Errorf("without a sample: %+v", s)
	}
}
