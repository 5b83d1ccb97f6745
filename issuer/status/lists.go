package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Store is what this package needs of a backend.
type Store interface {
	storage.StatusLists
	storage.PendingRevocations
	PendingStatus(ctx context.Context, limit int) ([]storage.Session, error)
	ClearPendingStatus(ctx context.Context, settled []storage.Session) error
	RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error)
	Epoch(ctx context.Context) (storage.Epoch, error)
	UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error)
	Client(ctx context.Context, id string) (storage.Client, error)
	User(ctx context.Context, id string) (storage.User, error)
	UpdateUser(ctx context.Context, u storage.User) (storage.User, error)
}

// Keyring signs the lists.
type Keyring interface {
	Current() (keys.Signer, error)
}

// Config says what the lists promise.
type Config struct {
	Prefix        string        // of the lists' URLs, which end in the list's number
	Issuer        string        // the `iss` value
	TTL           time.Duration // how old a list may get in the hands of a verifier
	TokenTTL      time.Duration // of access tokens
	MaxSessionTTL time.Duration // that a session lives
	Now           func() time.Time

	// Reduce marks the sessions that p names and that have lost rights, from a cursor on, and
	// returns where to go on; "" at the end.
	Reduce func(ctx context.Context, p storage.PendingRevocation, after string) (next string, err error)

	// Ended is told of sessions that have ended, once their bits are set and before the records
	// are cleared of it: after a failure, or a crash, it is told of them again. Every instance
	// tells it, so it may learn of one session more than once. nil is told nothing.
	Ended func(ctx context.Context, sessions []storage.Session) error
}

// Lists holds the lists as one instance last read them. It is safe for concurrent use.
type Lists struct {
	cfg      Config
	store    Store
	keyring  Keyring
	lease    lease
	ended    endedLists
	snapshot atomic.Pointer[snapshot]
	mutex    chan struct{}            // held by the one refresh under way
	seen     map[string]*pendingState // by the id of a pending revocation; guarded by mutex
}

// snapshot is what was read at one time.
type snapshot struct {
	readAt time.Time // when the reading began: nothing that ended before is missing
	lists  map[int64]*list
	newest int64 // number of the newest list; 0 for none
}

// New returns Lists without any list yet: call Refresh.
func New(cfg Config, store Store, keyring Keyring) *Lists {
	ls := &Lists{cfg: cfg, store: store, keyring: keyring, mutex: make(chan struct{}, 1), seen: map[string]*pendingState{}}
	ls.lease.mutex = make(chan struct{}, 1)
	ls.snapshot.Store(&snapshot{})
	return ls
}

// Refresh sets the bits that are due and reads the lists anew. Where very many
// sessions have ended it goes on until all are in, publishing on the way. On an
// error the snapshot stays as it is. Call it every few seconds.
func (ls *Lists) Refresh(ctx context.Context) error {
	select {
	case ls.mutex <- struct{}{}:
		defer func() { <-ls.mutex }()
	case <-ctx.Done():
		return fmt.Errorf("refresh the status lists: %w", context.Cause(ctx))
	}
	for {
		more, err := ls.refreshOnce(ctx)
		if err != nil {
			return fmt.Errorf("refresh the status lists: %w", err)
		}
		if !more {
			return nil
		}
	}
}

func (ls *Lists) refreshOnce(ctx context.Context) (more bool, err error) {
	readAt := storage.Time(ls.cfg.Now())
	reducing, err := ls.finishPendingRevocations(ctx, readAt)
	if err != nil {
		return false, err
	}
	if more, err = ls.publishPending(ctx); err != nil {
		return false, err
	}
	return more || reducing, ls.read(ctx, readAt)
}

// read takes over the lists that have changed.
func (ls *Lists) read(ctx context.Context, readAt time.Time) error {
	records, err := ls.store.StatusLists(ctx)
	if err != nil {
		return err
	}
	if records, err = ls.ensureSpare(ctx, records); err != nil {
		return err
	}
	previous := ls.snapshot.Load()
	next := &snapshot{readAt: readAt, lists: make(map[int64]*list, len(records))}
	for _, record := range records {
		l := previous.lists[record.ID]
		if l == nil || l.version != record.Version {
			if l, err = ls.load(ctx, record); err != nil {
				return err
			}
		}
		if l != nil {
			next.lists[record.ID] = l
		}
		next.newest = max(next.newest, record.ID)
	}
	ls.snapshot.Store(next)
	return nil
}

// ensureSpare sees to it that there is a list that nobody uses yet, so that every
// instance knows a list long before a token names it.
func (ls *Lists) ensureSpare(ctx context.Context, records []storage.StatusList) ([]storage.StatusList, error) {
	var newest storage.StatusList
	if n := len(records); n > 0 {
		newest = records[n-1]
		if newest.Leased == 0 {
			return records, nil
		}
	}
	next := storage.StatusList{ID: newest.ID + 1}
	if err := ls.store.AddStatusList(ctx, next.ID); err != nil && !errors.Is(err, storage.ErrConflict) {
		return nil, err
	}
	return append(records, next), nil
}

// load reads one list; nil if it has left meanwhile.
func (ls *Lists) load(ctx context.Context, record storage.StatusList) (*list, error) {
	if record.Version == 0 {
		return newList(record), nil
	}
	l, err := ls.store.StatusList(ctx, record.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return newList(l), nil
}

// List is the list of that number, signed, from memory. One that has left is served with
// every bit set. storage.ErrNotFound says that there has been none yet; while the snapshot is older than the TTL the outcome is unknown:
// storage.ErrUnavailable.
func (ls *Lists) List(ctx context.Context, id int64) (document.Document, error) {
	v := ls.snapshot.Load()
	l, there := v.lists[id]
	switch {
	case there:
		return ls.sign(ctx, l, v.readAt)
	case id >= 1 && id < v.newest:
		return ls.endedList(ctx, id)
	case ls.Age() > ls.cfg.TTL:
		return document.Document{}, storage.Unavailable("find a status list", errors.New("the lists have not been read for a while"))
	}
	return document.Document{}, fmt.Errorf("status list: %w", storage.ErrNotFound)
}

// URIs are the addresses of all lists, by rising number.
func (ls *Lists) URIs() []string {
	var ids []int64
	for id := range ls.snapshot.Load().lists {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	uris := make([]string, len(ids))
	for n, id := range ids {
		uris[n] = ls.uri(id)
	}
	return uris
}

// Age is how long ago the newest reading of the store began.
func (ls *Lists) Age() time.Duration { return ls.cfg.Now().Sub(ls.snapshot.Load().readAt) }

// Claim points to an index; nil for index 0.
func (ls *Lists) Claim(index int64) *Claim {
	if index <= 0 {
		return nil
	}
	return &Claim{Reference{Index: index % storage.StatusListSize, URI: ls.uri(index / storage.StatusListSize)}}
}

func (ls *Lists) uri(id int64) string { return ls.cfg.Prefix + strconv.FormatInt(id, 10) }
