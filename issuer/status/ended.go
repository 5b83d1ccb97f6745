package status

import (
	"context"
	"sync"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/storage"
)

// A list below the newest one that the store does not hold has left, or was passed
// over by a restore: no session that it speaks of is alive. Tokens that name it may
// be: those that were issued between a backup and its restore. So it is served with
// every bit set, and verifiers refuse them.

const (
	// endedTTL is how long such a list counts: it never changes.
	endedTTL = time.Hour
	// maxEndedLists bounds those that are kept signed, about a kilobyte each. A restore
	// passes over 1024 lists, so whoever asks for all of them in turn costs no signature
	// a request before sixteen restores. Past it all are dropped and signed anew.
	maxEndedLists = 16 << 10
)

// endedLists are the lists that are gone, signed when somebody asks for one.
type endedLists struct {
	mu    sync.Mutex
	lists map[int64]*list
}

// fullList is the list in which every bit is set.
var fullList = sync.OnceValue(func() string {
	bits := make([]byte, storage.StatusListSize/8)
	for i := range bits {
		bits[i] = 0xff
	}
	return compress(bits)
})

func (e *endedLists) find(id int64) *list {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lists[id]
	if l == nil {
		if e.lists == nil || len(e.lists) >= maxEndedLists {
			e.lists = map[int64]*list{}
		}
		l = &list{id: id, lst: fullList()}
		e.lists[id] = l
	}
	return l
}

// endedList is the list of that number with every bit set.
func (ls *Lists) endedList(ctx context.Context, id int64) (document.Document, error) {
	return ls.signFor(ctx, ls.ended.find(id), storage.Time(ls.cfg.Now()), endedTTL)
}
