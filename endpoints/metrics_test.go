package endpoints_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/signet/endpoints"
)

func TestMetrics_CountStoreErrorsByOperation(t *testing.T) {
	m := endpoints.NewMetrics()
	store := m.Store()
	store.BrowserSessionStarted()
	store.BrowserSessionsDeleted(2)
	record := store.StoreOperation("rotate_session")
	record(time.Millisecond, "")
	record(3*time.Second, "unavailable")
	record(time.Second, "conflict")
	s := httptest.NewServer(m.Handler(false))
	defer s.Close()
	resp, err := http.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`signet_store_errors_total{error="unavailable",operation="rotate_session"} 1`,
		`signet_store_errors_total{error="conflict",operation="rotate_session"} 1`,
		`signet_store_duration_seconds_count{operation="rotate_session"} 3`,
		`signet_store_duration_seconds_bucket{operation="rotate_session",le="1"} 2`,
		"signet_sessions_started_total 0",
		"signet_browser_sessions_started_total 1",
		"signet_browser_sessions_deleted_total 2",
	} {
		if !strings.Contains(string(body), line+"\n") {
			t.Errorf("no line %s in %s", line, body)
		}
	}
}
