package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// sessionStateDoc is the part of a sessionDoc that a [storage.SessionState] is made of.
type sessionStateDoc struct {
	ID          string    `bson:"_id"`
	UserID      string    `bson:"user_id"`
	ClientID    string    `bson:"client_id"`
	Generation  int64     `bson:"generation"`
	ExpiresAt   time.Time `bson:"expires_at"`
	UserEpoch   int64     `bson:"user_epoch"`
	ClientEpoch int64     `bson:"client_epoch"`
	StatusIndex int64     `bson:"status_index"`
	RevokedAt   time.Time `bson:"revoked_at"`
}

var sessionStateProjection = projectionOf[sessionStateDoc]()

func (sessionStateDoc) projection() bson.D { return sessionStateProjection }

// SessionState implements [storage.SessionRecords] by two finds: of a part of the session,
// then of the user and the epoch.
func (s *Store) SessionState(ctx context.Context, id string) (storage.SessionState, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	d, err := findOne[sessionStateDoc](ctx, s, sessions, byID(id))
	if err != nil {
		return storage.SessionState{}, err
	}
	user, epoch, err := s.UserInEpoch(ctx, d.UserID)
	if err != nil {
		return storage.SessionState{}, err
	}
	return storage.SessionState{
		ID: d.ID, ClientID: d.ClientID, Generation: d.Generation, ExpiresAt: d.ExpiresAt, RevokedAt: d.RevokedAt,
		UserEpoch: d.UserEpoch, ClientEpoch: d.ClientEpoch, StatusIndex: d.StatusIndex, User: user.State(), StoreEpoch: epoch.Number,
	}, nil
}
