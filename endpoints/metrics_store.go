package endpoints

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// StoreMetrics counts the calls of the store, and the sessions that begin and end.
type StoreMetrics struct {
	durations *prometheus.HistogramVec
	errors    *prometheus.CounterVec
	started   prometheus.Counter
	ended     *prometheus.CounterVec
}

// Store publishes metrics of a store. It is called once.
func (m *Metrics) Store() *StoreMetrics {
	s := &StoreMetrics{
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "signet_store_duration_seconds", Help: "Time that a call of the store took, by operation.",
			Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"operation"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_store_errors_total", Help: "Calls of the store that failed, by operation and error: unavailable, canceled, conflict or other.",
		}, []string{"operation", "error"}),
		started: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "signet_sessions_started_total", Help: "Sessions started by this server.",
		}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_sessions_ended_total", Help: "Sessions ended by this server before they expired, by reason.",
		}, []string{"reason"}),
	}
	m.registry.MustRegister(s.durations, s.errors, s.started, s.ended)
	return s
}

// StoreOperation returns what records one call of the operation: how long it took,
// and the kind of its failure, "" for none. Its labels are made here, once.
func (s *StoreMetrics) StoreOperation(operation string) func(took time.Duration, failure string) {
	duration := s.durations.WithLabelValues(operation)
	return func(took time.Duration, failure string) {
		duration.Observe(took.Seconds())
		if failure != "" {
			s.errors.WithLabelValues(operation, failure).Inc()
		}
	}
}

// SessionStarted counts one session.
func (s *StoreMetrics) SessionStarted() { s.started.Inc() }

// SessionsEnded counts n sessions that were ended for the reason.
func (s *StoreMetrics) SessionsEnded(reason string, n int64) {
	s.ended.WithLabelValues(reason).Add(float64(n))
}
