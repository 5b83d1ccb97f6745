package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// loginDoc is a claim in the collection logins: the user who has, or is about
// to have, the name. The lease changes with every write of the claim, so that
// a condition on it holds only while nobody touched the claim.
type loginDoc struct {
	Name   string        `bson:"_id"`
	UserID string        `bson:"user_id"`
	At     time.Time     `bson:"at"`
	Lease  bson.ObjectID `bson:"lease"`
}

const (
	// claimLife is how long a claim whose user does not have the name keeps
	// others away: longer than any creation takes that is still under way.
	claimLife = time.Minute

	// A claim under way is waited for, from firstWait on and twice as long each
	// time, until a wait would exceed lastWait; then the name counts as taken.
	firstWait = 10 * time.Millisecond
	lastWait  = 160 * time.Millisecond
)

// takenError says for certain that another user has, or is about to have, the name.
type takenError struct{ name string }

func (e *takenError) Error() string { return "login name is taken" }

// reserve claims the names for the user. They come sorted, so that of several
// users who want some of the same names, one gets all of theirs.
func (s *Store) reserve(ctx context.Context, userID string, names []string) error {
	for _, name := range names {
		if err := s.claim(ctx, name, userID); err != nil {
			return err
		}
	}
	return nil
}

// claim makes the name the user's to take. A [*takenError] is certain.
func (s *Store) claim(ctx context.Context, name, userID string) error {
	mine := loginDoc{Name: name, UserID: userID, At: storage.Time(s.now()), Lease: bson.NewObjectID()}
	for wait := firstWait; ; wait *= 2 {
		err := s.insert(ctx, logins, mine)
		if !errors.Is(err, errDuplicate) {
			return err
		}
		done, err := s.takeOver(ctx, mine)
		if done || err != nil {
			return err
		}
		if wait > lastWait {
			return &takenError{name}
		}
		if err := s.pause(ctx, wait); err != nil {
			return err
		}
	}
}

// takeOver gives a claim that stands in the way to the new claimant, if its
// user does not have the name and has had time enough to take it. It reports
// false where that is not decided yet.
func (s *Store) takeOver(ctx context.Context, mine loginDoc) (bool, error) {
	rival, err := find[loginDoc](ctx, s, logins, byID(mine.Name))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if rival.UserID != mine.UserID {
		held, err := s.holds(ctx, rival.UserID, mine.Name)
		if err != nil {
			return false, err
		}
		if held {
			return false, &takenError{mine.Name}
		}
		if mine.At.Sub(rival.At) < claimLife {
			return false, nil
		}
	}
	return s.update(ctx, logins, rival.unchanged(), set(is("user_id", mine.UserID), is("at", mine.At), is("lease", mine.Lease)))
}

// unchanged selects the claim if nobody wrote it since it was read.
func (d loginDoc) unchanged() bson.D {
	return bson.D{is("_id", d.Name), is("user_id", d.UserID), is("lease", d.Lease)}
}

// holds tells whether the user has the name.
func (s *Store) holds(ctx context.Context, userID, name string) (bool, error) {
	user, err := find[userDoc](ctx, s, users, byID(userID))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return slices.Contains(user.names(), name), err
}

// confirm makes sure, after the user's document was written, that the claims on
// its names are still there. It writes them, so that nobody who found the user
// without the name before can take it over after. A [*takenError] means that
// somebody did before.
func (s *Store) confirm(ctx context.Context, userID string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	mine := bson.D{compare("_id", "$in", names), is("user_id", userID)}
	result, err := s.db.Collection(logins).UpdateMany(ctx, mine, set(is("lease", bson.NewObjectID())))
	if err != nil {
		return s.unknown("update in "+logins, err)
	}
	if result.MatchedCount == int64(len(names)) {
		return nil
	}
	return s.reserve(ctx, userID, names)
}

// tidy frees the names that the user claimed but does not have: after a
// failure, a change of name or a deletion. Its own failure does no harm, as
// the next who wants such a name takes it over. It may even free a claim that
// another call has made for the same user and not used yet: that call's
// confirmation makes it again.
func (s *Store) tidy(ctx context.Context, userID string) {
	claims, err := all[loginDoc](ctx, s, logins, bson.D{is("user_id", userID)})
	if err != nil || len(claims) == 0 {
		return
	}
	user, err := find[userDoc](ctx, s, users, byID(userID))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return
	}
	var names []string
	var leases []bson.ObjectID
	for _, claim := range claims {
		if !slices.Contains(user.names(), claim.Name) {
			names, leases = append(names, claim.Name), append(leases, claim.Lease)
		}
	}
	if len(names) > 0 {
		unchanged := bson.D{compare("_id", "$in", names), is("user_id", userID), compare("lease", "$in", leases)}
		_, _ = s.db.Collection(logins).DeleteMany(ctx, unchanged)
	}
}

// pause waits, or says that the time for the answer is over.
func (s *Store) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return s.unknown("wait for a login name", ctx.Err())
	}
}
