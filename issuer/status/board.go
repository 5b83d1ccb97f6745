package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Store is what this package needs of a backend.
type Store interface {
	storage.StatusLists
	storage.Endings
	DueSessions(ctx context.Context, limit int) ([]storage.Session, error)
	SettleSessions(ctx context.Context, settled []storage.Session) error
	RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error)
	Epoch(ctx context.Context) (storage.Epoch, error)
	UserInEpoch(ctx context.Context, id string) (storage.User, storage.Epoch, error)
	Client(ctx context.Context, id string) (storage.Client, error)
}

// Keyring signs the lists.
type Keyring interface {
	Current() (keys.Signer, error)
}

// Config says what the lists promise.
type Config struct {
	Prefix   string        // of the lists' URLs, which end in the list's number
	Issuer   string        // the `iss` value
	TTL      time.Duration // how old a list may get in the hands of a verifier
	TokenTTL time.Duration // of access tokens
	Longest  time.Duration // that a session lives
	Now      func() time.Time

	// SessionEpoch is what a session of the user carries that begins now.
	SessionEpoch func(storage.User, storage.Epoch) int64
}

// Board is one instance's view of the lists. It is safe for concurrent use.
type Board struct {
	cfg     Config
	store   Store
	keyring Keyring
	block   block
	view    atomic.Pointer[view]
	turn    chan struct{}        // held by the one refresh under way
	seen    map[string]time.Time // when each ending was first seen here; by the holder of turn
}

// view is what was read at one time.
type view struct {
	known time.Time // when the reading began: nothing that ended before is missing
	lists map[int64]*list
}

// New makes a board that knows no list yet: call Refresh.
func New(cfg Config, store Store, keyring Keyring) *Board {
	b := &Board{cfg: cfg, store: store, keyring: keyring, turn: make(chan struct{}, 1), seen: map[string]time.Time{}}
	b.block.turn = make(chan struct{}, 1)
	b.view.Store(&view{})
	return b
}

// Refresh sets the bits that are due and reads the lists anew. Where very many
// sessions have ended it goes on until all are in, publishing on the way. On an
// error the view stays as it is. Call it every few seconds.
func (b *Board) Refresh(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return fmt.Errorf("refresh the status lists: %w", context.Cause(ctx))
	}
	for {
		more, err := b.round(ctx)
		if err != nil {
			return fmt.Errorf("refresh the status lists: %w", err)
		}
		if !more {
			return nil
		}
	}
}

func (b *Board) round(ctx context.Context) (more bool, err error) {
	known := storage.Time(b.cfg.Now())
	if err := b.repair(ctx, known); err != nil {
		return false, err
	}
	if more, err = b.settle(ctx); err != nil {
		return false, err
	}
	return more, b.read(ctx, known)
}

// read takes over the lists that have changed.
func (b *Board) read(ctx context.Context, known time.Time) error {
	heads, err := b.store.StatusLists(ctx)
	if err != nil {
		return err
	}
	if heads, err = b.standby(ctx, heads); err != nil {
		return err
	}
	before := b.view.Load()
	next := &view{known: known, lists: make(map[int64]*list, len(heads))}
	for _, head := range heads {
		l := before.lists[head.ID]
		if l == nil || l.version != head.Version {
			if l, err = b.load(ctx, head); err != nil {
				return err
			}
		}
		if l != nil {
			next.lists[head.ID] = l
		}
	}
	b.view.Store(next)
	return nil
}

// standby sees to it that there is a list that nobody uses yet, so that every
// instance knows a list long before a token names it.
func (b *Board) standby(ctx context.Context, heads []storage.StatusList) ([]storage.StatusList, error) {
	var newest storage.StatusList
	if n := len(heads); n > 0 {
		newest = heads[n-1]
		if newest.Leased == 0 {
			return heads, nil
		}
	}
	next := storage.StatusList{ID: newest.ID + 1}
	if err := b.store.AddStatusList(ctx, next.ID); err != nil && !errors.Is(err, storage.ErrConflict) {
		return nil, err
	}
	return append(heads, next), nil
}

// load reads one list; nil if it has left meanwhile.
func (b *Board) load(ctx context.Context, head storage.StatusList) (*list, error) {
	if head.Version == 0 {
		return newList(head), nil
	}
	l, err := b.store.StatusList(ctx, head.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return newList(l), nil
}

// List is the list of that number, signed, from memory. storage.ErrNotFound
// says that there is none; while the view is older than the TTL nobody knows:
// storage.ErrUnavailable.
func (b *Board) List(ctx context.Context, id int64) (Document, error) {
	v := b.view.Load()
	l, there := v.lists[id]
	switch {
	case there:
		return b.render(ctx, l, v.known)
	case b.Age() > b.cfg.TTL:
		return Document{}, storage.Unavailable("find a status list", errors.New("the lists have not been read for a while"))
	}
	return Document{}, fmt.Errorf("status list: %w", storage.ErrNotFound)
}

// URIs are the addresses of all lists, by rising number.
func (b *Board) URIs() []string {
	var ids []int64
	for id := range b.view.Load().lists {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	uris := make([]string, len(ids))
	for n, id := range ids {
		uris[n] = b.uri(id)
	}
	return uris
}

// Age is how long ago the newest reading of the store began.
func (b *Board) Age() time.Duration { return b.cfg.Now().Sub(b.view.Load().known) }

// Reference is the member status_list of a token's claim status (§6.2).
type Reference struct {
	Index int64  `json:"idx"`
	URI   string `json:"uri"`
}

// Claim is the claim status of an access token.
type Claim struct {
	List Reference `json:"status_list"`
}

// Claim points to an index; nil for index 0.
func (b *Board) Claim(index int64) *Claim {
	if index <= 0 {
		return nil
	}
	return &Claim{Reference{Index: index % storage.StatusListSize, URI: b.uri(index / storage.StatusListSize)}}
}

func (b *Board) uri(id int64) string { return b.cfg.Prefix + strconv.FormatInt(id, 10) }
