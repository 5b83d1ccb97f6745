package endpoints

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Buffers are used again: each request gets its own body, and none is left in a buffer.
func TestReadAll_BodiesDoNotMix(t *testing.T) {
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for length := range 200 {
				sent := strings.Repeat(fmt.Sprint(n), 30*length) // the last ones are longer than a buffer
				got, err := readAll(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(sent)))
				if err != nil || got != sent {
					t.Errorf("sent %d bytes, got %d, %v", len(sent), len(got), err)
				}
			}
		})
	}
	all.Wait()
	for range 8 {
		if buffer := shortBodies.Get().(*[4 << 10]byte); *buffer != [4 << 10]byte{} {
			t.Error("a buffer holds what a request has sent")
		}
	}
}

func TestReadAll_ReportsShortBody(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("half"))
	r.ContentLength = 8
	if body, err := readBody(r); err != errBodyRead {
		t.Errorf("got %q, %v", body, err)
	}
}
