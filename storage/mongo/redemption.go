package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.Codes = (*Store)(nil)

// codeDoc is a [storage.Code] within the document of its session, for as long as the code
// was not redeemed. Its count of failures lies beside it.
type codeDoc struct {
	RedirectHash string    `bson:"redirect,omitempty"`
	Challenge    string    `bson:"challenge,omitempty"`
	Nonce        string    `bson:"nonce,omitempty"`
	Until        time.Time `bson:"until,omitempty"`
}

// newCodeDoc is nil for a code that is bound to nothing.
func newCodeDoc(c storage.Code) *codeDoc {
	d := codeDoc{RedirectHash: c.RedirectHash, Challenge: c.Challenge, Nonce: c.Nonce, Until: storage.Time(c.Until)}
	if d == (codeDoc{}) {
		return nil
	}
	return &d
}

func (d *codeDoc) record(failures int64) storage.Code {
	if d == nil {
		return storage.Code{Failures: failures}
	}
	return storage.Code{RedirectHash: d.RedirectHash, Challenge: d.Challenge, Nonce: d.Nonce, Until: d.Until, Failures: failures}
}

// pending holds of a session whose code was not redeemed.
func pending() bson.E { return eq("generation", int64(storage.PendingGeneration)) }

// SessionInEpoch implements [storage.Codes] by two finds: of the session, then of the user
// and the epoch.
func (s *Store) SessionInEpoch(ctx context.Context, id string) (storage.Session, storage.User, storage.Epoch, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[sessionDoc](ctx, s, sessions, byID(id))
	if err != nil {
		return storage.Session{}, storage.User{}, storage.Epoch{}, err
	}
	user, epoch, err := s.UserInEpoch(ctx, doc.UserID)
	if err != nil {
		return storage.Session{}, storage.User{}, storage.Epoch{}, err
	}
	return doc.record(), user, epoch, nil
}

// RedeemSession implements [storage.Codes] by one findAndModify, whose filter is the whole
// condition. It is never repeated: where the answer is lost, the session tells by its place
// in the status lists, generation and time whether this redemption was carried out;
// otherwise the outcome is unknown.
func (s *Store) RedeemSession(ctx context.Context, r storage.Redemption) (storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	at := storage.Time(r.At)
	filter := bson.D{eq("_id", r.SessionID), eq("client_id", r.ClientID), pending(), notRevoked(), gt("expires_at", at)}
	var doc sessionDoc
	var err error
	if r.StatusIndex == 0 { // no mark that another redemption could not leave
		doc, err = findAndUpdate[sessionDoc](ctx, s, sessions, filter, redemptionUpdate(r))
	} else {
		doc, err = findAndMark[sessionDoc](ctx, s, sessions, filter, redemptionUpdate(r), bson.D{
			eq("_id", r.SessionID), eq("client_id", r.ClientID), eq("generation", int64(0)), eq("status_index", r.StatusIndex), eq("rotated_at", at),
		})
	}
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, storage.ErrConflict
	}
	return doc.record(), err
}

// redemptionUpdate leaves nothing of the code.
func redemptionUpdate(r storage.Redemption) bson.D {
	fields := bson.D{
		value("generation", int64(0)), value("created_at", storage.Time(r.At)), value("rotated_at", storage.Time(r.At)),
		value("expires_at", storage.Time(r.ExpiresAt)), value("status_index", r.StatusIndex),
	}
	none := []string{"code", "code_failures"}
	if roles := encodeRoles(r.Roles); roles != nil {
		fields = append(fields, value("roles", *roles))
	} else {
		none = append(none, "roles")
	}
	return bson.D{set(fields...), unset(none...)}
}

// CountCodeFailure implements [storage.Codes] by one findAndModify. It counts, so it is
// never repeated: where the answer is lost, the outcome is unknown.
func (s *Store) CountCodeFailure(ctx context.Context, sessionID string) (storage.Session, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findAndUpdate[sessionDoc](ctx, s, sessions, bson.D{eq("_id", sessionID), pending()}, bson.D{inc("code_failures", 1)})
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Session{}, storage.ErrConflict
	}
	return doc.record(), err
}
