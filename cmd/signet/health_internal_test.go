package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealth_ReportsReadiness(t *testing.T) {
	var status int
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"fault":["store"]}`))
	}))
	defer srv.Close()
	for _, tt := range []struct {
		status int
		want   string
	}{{http.StatusOK, ""}, {http.StatusServiceUnavailable, `not ready: {"fault":["store"]}`}} {
		status = tt.status
		s := newSettings()
		s.listen = strings.TrimPrefix(srv.URL, "http://")
		url, err := readyURL(s)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = checkReady(context.Background(), url, &out)
		if got := errorText(err); got != tt.want || (err == nil) != (out.String() == "ready\n") {
			t.Errorf("%d: error %q, said %q", tt.status, got, out.String())
		}
	}
	srv.Close()
	if err := checkReady(context.Background(), srv.URL+"/readyz", &strings.Builder{}); err == nil {
		t.Error("nothing listens, and it is healthy")
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestHealth_AsksLoopback(t *testing.T) {
	for listen, want := range map[string]string{
		":8080":          "http://127.0.0.1:8080/readyz",
		"0.0.0.0:8080":   "http://127.0.0.1:8080/readyz",
		"[::]:8080":      "http://127.0.0.1:8080/readyz",
		"[::1]:8080":     "http://[::1]:8080/readyz",
		"localhost:8080": "http://localhost:8080/readyz",
	} {
		s := newSettings()
		s.listen = listen
		if got, err := readyURL(s); err != nil || got != want {
			t.Errorf("%s is asked at %s, %v", listen, got, err)
		}
	}
	s := newSettings()
	s.tlsCert = "cert.pem"
	if got, _ := readyURL(s); !strings.HasPrefix(got, "https://") {
		t.Errorf("with a certificate: %s", got)
	}
}
