package keys

import (
	"context"
	"sync"
)

// A prefetcher makes one key pair ahead of need, so that a change of keys need not
// wait for it.
type prefetcher struct {
	mu   *sync.Mutex
	pair *keyPair
	wake chan struct{} // wakes run
}

func newPrefetcher() prefetcher { return prefetcher{mu: new(sync.Mutex), wake: make(chan struct{}, 1)} }

// get returns the prefetched pair, or makes one where there is none.
func (s *prefetcher) get(cfg Config) (*keyPair, error) {
	s.mu.Lock()
	p := s.pair
	s.pair = nil
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if p != nil {
		return p, nil
	}
	return generate(cfg)
}

// put returns a pair that was not stored, for the next change.
func (s *prefetcher) put(p *keyPair) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pair = p
}

func (s *prefetcher) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pair == nil
}

// run makes a pair whenever there is none, until ctx ends. At most one pair is made
// and never used.
func (s *prefetcher) run(ctx context.Context, cfg Config) {
	for ctx.Err() == nil {
		if s.empty() {
			if p, err := generate(cfg); err == nil {
				s.put(p)
			}
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
}
