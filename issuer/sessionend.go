package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/backchannel"
	"example.org/signet/storage"
)

// endNotifier tells clients that sessions of theirs have ended: it enqueues a back-channel
// logout for each session of a client that has a back-channel logout URI.
type endNotifier struct {
	clients backchannel.Clients
	outbox  messageQueue
	now     func() time.Time
}

// messageQueue stores messages to be delivered. One whose ID is waiting already is left alone.
type messageQueue interface {
	Enqueue(ctx context.Context, messages ...storage.Message) error
}

// maxEnqueued bounds the messages of one call of the store.
const maxEnqueued = 500

// sessionsEnded enqueues the messages. It may be called again with the same sessions.
func (n endNotifier) sessionsEnded(ctx context.Context, sessions []storage.Session) error {
	told := map[string]bool{} // by client: whether it is told
	var messages []storage.Message
	for _, s := range sessions {
		if s.Generation == storage.PendingGeneration {
			continue // its code was not redeemed: nobody knows it
		}
		tell, known := told[s.ClientID]
		if !known {
			var err error
			if tell, err = n.tells(ctx, s.ClientID); err != nil {
				return err
			}
			told[s.ClientID] = tell
		}
		if tell {
			messages = append(messages, backchannel.Message(s, n.now()))
		}
	}
	for len(messages) > 0 {
		batch := messages[:min(len(messages), maxEnqueued)]
		if err := n.outbox.Enqueue(ctx, batch...); err != nil {
			return err
		}
		messages = messages[len(batch):]
	}
	return nil
}

// tells reports whether the client is to be told of ended sessions.
func (n endNotifier) tells(ctx context.Context, clientID string) (bool, error) {
	client, err := n.clients.Client(ctx, clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return client.BackchannelLogoutURI != "", err
}
