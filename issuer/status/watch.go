package status

import (
	"context"
	"time"

	"example.org/signet/storage"
)

// Watch returns the store with a channel that gets an element when a session may have ended
// through it, so that the next Refresh need not wait for its turn. Whoever reads the channel
// sees at least one element after the last end.
func Watch(store storage.Store) (storage.Store, <-chan struct{}) {
	w := watchedStore{Store: store, ended: make(chan struct{}, 1)}
	return w, w.ended
}

// watchedStore notes which calls end sessions.
type watchedStore struct {
	storage.Store
	ended chan struct{}
}

func (w watchedStore) note() {
	select {
	case w.ended <- struct{}{}:
	default: // nobody has read the last one yet
	}
}

// RevokeSession also counts where it failed: it may have been done.
func (w watchedStore) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	defer w.note()
	return w.Store.RevokeSession(ctx, id, at, reason)
}

func (w watchedStore) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	n, err := w.Store.RevokeAll(ctx, f, at, reason)
	if n > 0 || err != nil {
		w.note()
	}
	return n, err
}
