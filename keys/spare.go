package keys

import (
	"context"
	"sync"
)

// A spare keeps one key pair ready, so that a change of keys finds it made.
type spare struct {
	mu    *sync.Mutex
	pair  *pair
	taken chan struct{} // wakes the one that fills
}

func newSpare() spare { return spare{mu: new(sync.Mutex), taken: make(chan struct{}, 1)} }

// take returns the spare pair, or makes one where there is none.
func (s *spare) take(cfg Config) (*pair, error) {
	s.mu.Lock()
	p := s.pair
	s.pair = nil
	s.mu.Unlock()
	select {
	case s.taken <- struct{}{}:
	default:
	}
	if p != nil {
		return p, nil
	}
	return generate(cfg)
}

// keep puts back a pair that has certainly not been stored.
func (s *spare) keep(p *pair) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pair = p
}

func (s *spare) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pair == nil
}

// fill makes a pair whenever there is none, until ctx ends. It is the only
// one that does, so there is never more than one made in vain.
func (s *spare) fill(ctx context.Context, cfg Config) {
	for ctx.Err() == nil {
		if s.empty() {
			if p, err := generate(cfg); err == nil {
				s.keep(p)
			}
		}
		select {
		case <-s.taken:
		case <-ctx.Done():
		}
	}
}
