package storage

import (
	"context"
	"time"
)

// Message is something to be delivered to another program, kept until it is.
type Message struct {
	ID        string // decides duplicates
	Kind      string // such as "backchannel_logout"
	Target    string // whom it is for: a client's id
	Body      []byte // at most MaxMessage bytes; what the kind needs to deliver it
	CreatedAt time.Time
	DueAt     time.Time // of the next attempt
	ExpiresAt time.Time // when attempts end
	Attempts  int64     // begun so far
	Owner     string    // the instance that holds the lease; "" for none
	LeasedTo  time.Time // when the lease lapses
}

// MaxMessage bounds the body of a message, in bytes.
const MaxMessage = 8 << 10

// MessagePage is one page of messages, ordered by ID.
type MessagePage struct {
	Messages []Message
	Next     string
}

// Lease asks for messages to deliver.
type Lease struct {
	Owner string
	Now   time.Time // DueAt must not lie after this, nor LeasedTo
	Until time.Time // becomes LeasedTo
	Limit int
}

// Outbox holds the messages.
type Outbox interface {
	OutboxQueue
	OutboxLists
}

// OutboxQueue takes messages in, and gives each to one instance at a time.
type OutboxQueue interface {
	// Enqueue inserts messages, each in one atomic step. One whose ID exists is left alone.
	Enqueue(ctx context.Context, messages ...Message) error

	// LeaseMessages leases up to l.Limit messages that are due, not leased and not expired
	// (l.Now < ExpiresAt), the longest due first, each in one conditional update that sets
	// Owner and LeasedTo and adds one to Attempts, and returns them as updated, in the order
	// of DueAt and ID. No two calls get one message within its lease.
	LeaseMessages(ctx context.Context, l Lease) ([]Message, error)

	// FinishMessage deletes a message whose lease the owner still holds, in its attempt: a
	// lease that has lapsed is held until somebody else takes it. ErrConflict where nobody
	// or somebody else has it, or there is no such message.
	FinishMessage(ctx context.Context, id, owner string, attempt int64) error

	// PostponeMessage clears Owner and LeasedTo and sets DueAt, under the same condition.
	PostponeMessage(ctx context.Context, id, owner string, attempt int64, due time.Time) error
}

// OutboxLists lists and sweeps messages.
type OutboxLists interface {
	// ListMessages returns one page, ordered by id.
	ListMessages(ctx context.Context, p Page) (MessagePage, error)

	// SweepMessages deletes up to limit messages whose ExpiresAt lies before the given
	// time, leased or not, and returns those that it deleted, in any order.
	SweepMessages(ctx context.Context, before time.Time, limit int) ([]Message, error)
}
