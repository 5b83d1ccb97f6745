package keys_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// lostReplyStore stores a key and then fails, as where the reply gets lost.
type lostReplyStore struct {
	*memoryStore
	loseReply bool // whether the answer to an insert gets lost
}

func (l *lostReplyStore) InsertKey(ctx context.Context, k storage.Key) error {
	if err := l.memoryStore.InsertKey(ctx, k); err != nil || !l.loseReply {
		return err
	}
	return unavailable("insert")
}

// K09: a rotation is one insert. Cut off before it nothing has changed, cut off
// after it the rotation has happened; either way one key signs, which is in the
// store, and the next rotation works.
func TestRotate_InterruptedAtInsert_OneKeySigns(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when+" the insert", func(t *testing.T) {
			c := newClock()
			store := &lostReplyStore{memoryStore: new(memoryStore)}
			m := open(t, store, settings(c))
			first, standby, token := active(t, m), inState(m, keys.Standby)[0], sign(t, m)
			if when == "after" {
				store.loseReply = true
			} else {
				store.failWith(unavailable)
			}
			if _, err := m.Rotate(t.Context(), keys.Change{Force: true}); !errors.Is(err, storage.ErrUnavailable) {
				t.Fatalf("got %v, want ErrUnavailable", err)
			}
			store.loseReply = false
			store.failWith(nil)

			restarted := open(t, store, settings(c))
			refresh(t, m)
			want := map[string]string{"before": first, "after": standby}[when]
			for _, any := range []*keys.Manager{m, restarted} {
				if got := inState(any, keys.Active); !slices.Equal(got, []string{want}) {
					t.Errorf("%v sign, want %s", got, want)
				}
				if _, _, err := any.Verify(t.Context(), token); err != nil {
					t.Errorf("a token from before: %v", err)
				}
			}
			c.Advance(settings(c).Refresh)
			refresh(t, m, restarted)
			if r := rotate(t, restarted, true); active(t, restarted) != r.Activates || r.Activates == want {
				t.Errorf("the next rotation: %+v", r)
			}
		})
	}
}
