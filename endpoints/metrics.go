package endpoints

import (
	"bytes"
	"io"
	"net/http"
	"net/http/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Metrics counts what the endpoints do. Its labels are route templates, status
// codes, grants and error codes, never a value of a request.
type Metrics struct {
	set         *metrics.Set
	help        map[string]string // by name
	requests    counters
	durations   histograms
	tokens      counters
	auditEvents counters
	signIns     counters
}

// NewMetrics makes metrics with a set of their own.
func NewMetrics() *Metrics {
	metrics.ExposeMetadata(true) // HELP and TYPE; the same for every set
	m := &Metrics{set: metrics.NewSet(), help: map[string]string{}}
	m.requests = m.counters("signet_http_requests_total", "Requests answered, by route and status.", "route", "status")
	m.durations = m.histograms("signet_http_request_duration_seconds", "Time to answer, by route, public documents aside.", "route",
		.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
	m.tokens = m.counters("signet_token_requests_total", "Token requests, by grant and outcome: issued, throttled (429), unavailable (503), or the error code.", "grant", "outcome")
	m.auditEvents = m.counters("signet_token_events_total", "Token requests worth a look, by audit event: refresh tokens replayed or reused.", "event")
	m.signIns = m.counters("signet_sign_in_steps_total", "Steps of sign-in in a browser, by route and outcome: code, the page that is due, the problem of a form, or the error code.", "route", "outcome")
	return m
}

// counters are the counters of one name, one for each combination of at most two labels.
type counters struct {
	set    *metrics.Set
	name   string
	labels []string
	known  *series[*metrics.Counter]
}

// counters declares counters. Their labels have few values, which the program knows.
func (m *Metrics) counters(name, help string, labels ...string) counters {
	m.help[name] = help
	return counters{m.set, name, labels, newSeries[*metrics.Counter]()}
}

// with returns the counter of these values of the labels.
func (c counters) with(values ...string) *metrics.Counter {
	var key [2]string
	copy(key[:], values)
	if counter, ok := c.known.get(key); ok {
		return counter
	}
	counter := c.set.GetOrCreateCounter(seriesName(c.name, c.labels, values))
	c.known.put(key, counter)
	return counter
}

// histograms are the histograms of one name, one for each value of a label.
type histograms struct {
	set         *metrics.Set
	name, label string
	bounds      []float64
	known       *series[*metrics.PrometheusHistogram]
}

// histograms declares histograms with these upper bounds, in seconds.
func (m *Metrics) histograms(name, help, label string, bounds ...float64) histograms {
	m.help[name] = help
	return histograms{m.set, name, label, bounds, newSeries[*metrics.PrometheusHistogram]()}
}

// with returns the histogram of this value of the label.
func (h histograms) with(value string) *metrics.PrometheusHistogram {
	key := [2]string{value}
	if histogram, ok := h.known.get(key); ok {
		return histogram
	}
	histogram := h.set.GetOrCreatePrometheusHistogramExt(seriesName(h.name, []string{h.label}, []string{value}), h.bounds)
	h.known.put(key, histogram)
	return histogram
}

// seriesName is the name of one series, with the values of its labels, which are sorted as the
// Prometheus client does it.
func seriesName(name string, labels, values []string) string {
	if len(labels) == 0 {
		return name
	}
	pairs := make([]string, len(labels))
	for n, label := range labels {
		pairs[n] = label + "=" + strconv.Quote(values[n])
	}
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// Count publishes a counter that another part keeps, such as the evaluations
// of password hashes. The name follows Prometheus' rules and is used once.
func (m *Metrics) Count(name, help string, read func() uint64) {
	m.help[name] = help
	m.set.RegisterMetricsWriter(func(w io.Writer) { metrics.WriteCounterUint64(w, name, read()) })
}

// CountBy publishes a counter for each value of a label, which must be one of a
// few that the program knows, and returns what adds one. The name follows
// Prometheus' rules and is used once.
func (m *Metrics) CountBy(name, help, label string) func(value string) {
	c := m.counters(name, help, label)
	return func(value string) { c.with(value).Inc() }
}

// Info publishes a constant 1 whose labels say something about the process. The
// name follows Prometheus' rules and is used once.
func (m *Metrics) Info(name, help string, labels map[string]string) {
	m.help[name] = help
	var names, values []string
	for label, value := range labels {
		names, values = append(names, label), append(values, value)
	}
	m.set.NewGauge(seriesName(name, names, values), func() float64 { return 1 })
}

// Gauge publishes a value that goes up and down. The name follows Prometheus'
// rules and is used once.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.help[name] = help
	m.set.NewGauge(name, read)
}

// observe counts one request.
func (m *Metrics) observe(rt *route, e *event, duration time.Duration) {
	m.requests.with(rt.name(), statusLabel(e.status)).Inc()
	m.durations.with(rt.name()).Update(duration.Seconds())
	if e.auditEvent != "" {
		m.auditEvents.with(e.auditEvent).Inc()
	}
	if e.outcome != "" {
		m.signIns.with(rt.name(), e.outcome).Inc()
	}
	if e.grant == "" {
		return
	}
	m.tokens.with(e.grant, tokenOutcome(e)).Inc()
}

// tokenOutcome returns the outcome label. It tells 429 from 503, which have the same
// error code.
func tokenOutcome(e *event) string {
	switch {
	case e.code == "":
		return "issued"
	case e.status == http.StatusTooManyRequests:
		return "throttled"
	case e.status == http.StatusServiceUnavailable:
		return "unavailable"
	}
	return e.code
}

// documentCounters are the counters of one public document, at hand without a
// look-up.
type documentCounters struct{ ok, notModified *metrics.Counter }

func (m *Metrics) document(path string) documentCounters {
	return documentCounters{
		ok:          m.requests.with(path, statusLabel(http.StatusOK)),
		notModified: m.requests.with(path, statusLabel(http.StatusNotModified)),
	}
}

// Handler serves /metrics, and /debug/pprof where profiles is set, without the
// command line, which may hold the password of a database. It is for operators:
// mount it on a listener of its own.
func (m *Metrics) Handler(profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", m.serve)
	if !profiles {
		return mux
	}
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// metricsType is the content type of Prometheus' text format.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// serve answers with all metrics, those of the Go runtime and of the process behind ours.
func (m *Metrics) serve(w http.ResponseWriter, _ *http.Request) {
	var own bytes.Buffer
	m.set.WritePrometheus(&own)
	w.Header().Set("Content-Type", metricsType)
	_, _ = io.WriteString(w, m.describe(own.String())) // the scraper has gone
	metrics.WriteProcessMetrics(w)
	metrics.WriteFDMetrics(w)
}

// describe completes the HELP lines, which the library leaves without a text.
func (m *Metrics) describe(text string) string {
	lines := strings.SplitAfter(text, "\n")
	for n, line := range lines {
		name, isHelp := strings.CutPrefix(line, "# HELP ")
		if name = strings.TrimSuffix(name, "\n"); isHelp && m.help[name] != "" {
			lines[n] = "# HELP " + name + " " + m.help[name] + "\n"
		}
	}
	return strings.Join(lines, "")
}
