package endpoints

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what the endpoints do. Its labels are route templates, status
// codes, grants and error codes, never a value of a request.
type Metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	tokens      *prometheus.CounterVec
	auditEvents *prometheus.CounterVec
	signIns     *prometheus.CounterVec
}

// NewMetrics makes metrics with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "signet_http_request_duration_seconds", Help: "Time to answer, by route, public documents aside.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_token_requests_total", Help: "Token requests, by grant and outcome: issued, throttled (429), unavailable (503), or the error code.",
		}, []string{"grant", "outcome"}),
		auditEvents: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_token_events_total", Help: "Token requests worth a look, by audit event: refresh tokens replayed or reused.",
		}, []string{"event"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_sign_in_steps_total", Help: "Steps of sign-in in a browser, by route and outcome: code, the page that is due, the problem of a form, or the error code.",
		}, []string{"route", "outcome"}),
	}
	m.registry.MustRegister(m.requests, m.durations, m.tokens, m.auditEvents, m.signIns, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Count publishes a counter that another part keeps, such as the evaluations
// of password hashes. The name follows Prometheus' rules and is used once.
func (m *Metrics) Count(name, help string, read func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
		func() float64 { return float64(read()) }))
}

// CountBy publishes a counter for each value of a label, which must be one of a
// few that the program knows, and returns what adds one. The name follows
// Prometheus' rules and is used once.
func (m *Metrics) CountBy(name, help, label string) func(value string) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	m.registry.MustRegister(c)
	return func(value string) { c.WithLabelValues(value).Inc() }
}

// Info publishes a constant 1 whose labels say something about the process. The
// name follows Prometheus' rules and is used once.
func (m *Metrics) Info(name, help string, labels map[string]string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return 1 }))
}

// Gauge publishes a value that goes up and down. The name follows Prometheus'
// rules and is used once.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// observe counts one request.
func (m *Metrics) observe(rt *route, e *event, duration time.Duration) {
	m.requests.WithLabelValues(rt.name(), strconv.Itoa(e.status)).Inc()
	m.durations.WithLabelValues(rt.name()).Observe(duration.Seconds())
	if e.auditEvent != "" {
		m.auditEvents.WithLabelValues(e.auditEvent).Inc()
	}
	if e.outcome != "" {
		m.signIns.WithLabelValues(rt.name(), e.outcome).Inc()
	}
	if e.grant == "" {
		return
	}
	m.tokens.WithLabelValues(e.grant, tokenOutcome(e)).Inc()
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
type documentCounters struct{ ok, notModified prometheus.Counter }

func (m *Metrics) document(path string) documentCounters {
	return documentCounters{
		ok:          m.requests.WithLabelValues(path, strconv.Itoa(http.StatusOK)),
		notModified: m.requests.WithLabelValues(path, strconv.Itoa(http.StatusNotModified)),
	}
}

// Handler serves /metrics, and /debug/pprof where profiles is set, without the
// command line, which may hold the password of a database. It is for operators:
// mount it on a listener of its own.
func (m *Metrics) Handler(profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry}))
	if !profiles {
		return mux
	}
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
