package endpoints

import (
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// series are the counters or histograms of one name by the values of their labels, found
// without a lock and without making their name anew. There are few, and none is removed.
type series[T any] struct {
	mu    sync.Mutex // held while one is added
	known atomic.Pointer[map[[2]string]T]
}

func newSeries[T any]() *series[T] {
	s := &series[T]{}
	s.known.Store(&map[[2]string]T{})
	return s
}

func (s *series[T]) get(labels [2]string) (T, bool) {
	one, ok := (*s.known.Load())[labels]
	return one, ok
}

func (s *series[T]) put(labels [2]string, one T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(*s.known.Load())
	next[labels] = one
	s.known.Store(&next)
}

// statusDigits holds the statuses from 100 to 599, three digits each.
var statusDigits = func() string {
	var digits strings.Builder
	for status := 100; status < 600; status++ {
		digits.WriteString(strconv.Itoa(status))
	}
	return digits.String()
}()

// statusLabel returns a status as the value of a label, without allocating.
func statusLabel(status int) string {
	if status < 100 || status >= 600 {
		return strconv.Itoa(status)
	}
	at := 3 * (status - 100)
	return statusDigits[at : at+3]
}
