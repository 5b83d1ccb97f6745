package endpoints

import (
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// StoreMetrics counts the calls of the store, and the sessions that begin and end.
type StoreMetrics struct {
	durations histograms
	errors    counters
	started   *metrics.Counter
	ended     counters

	browsersStarted, browsersDeleted *metrics.Counter
}

// Store publishes metrics of a store. It is called once.
func (m *Metrics) Store() *StoreMetrics {
	return &StoreMetrics{
		durations: m.histograms("signet_store_duration_seconds", "Time that a call of the store took, by operation.", "operation",
			.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5),
		errors:  m.counters("signet_store_errors_total", "Calls of the store that failed, by operation and error: unavailable, canceled, conflict or other.", "error", "operation"),
		started: m.counters("signet_sessions_started_total", "Sessions started by this server.").with(),
		ended:   m.counters("signet_sessions_ended_total", "Sessions ended by this server before they expired, by reason.", "reason"),

		browsersStarted: m.counters("signet_browser_sessions_started_total", "Browser sessions started by this server.").with(),
		browsersDeleted: m.counters("signet_browser_sessions_deleted_total", "Browser sessions that had ended, deleted by this server.").with(),
	}
}

// StoreOperation returns what records one call of the operation: how long it took,
// and the kind of its failure, "" for none. Its labels are made here, once.
func (s *StoreMetrics) StoreOperation(operation string) func(took time.Duration, failure string) {
	duration := s.durations.with(operation)
	return func(took time.Duration, failure string) {
		duration.Update(took.Seconds())
		if failure != "" {
			s.errors.with(failure, operation).Inc()
		}
	}
}

// SessionStarted counts one session.
func (s *StoreMetrics) SessionStarted() { s.started.Inc() }

// SessionsEnded counts n sessions that were ended for the reason.
func (s *StoreMetrics) SessionsEnded(reason string, n int64) {
	s.ended.with(reason).AddInt64(n)
}

// BrowserSessionStarted counts one browser session.
func (s *StoreMetrics) BrowserSessionStarted() { s.browsersStarted.Inc() }

// BrowserSessionsDeleted counts n browser sessions that are gone.
func (s *StoreMetrics) BrowserSessionsDeleted(n int64) { s.browsersDeleted.AddInt64(n) }
