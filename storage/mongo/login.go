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
// a condition on it holds only while the claim is unchanged.
type loginDoc struct {
	Name   string        `bson:"_id"`
	UserID string        `bson:"user_id"`
	At     time.Time     `bson:"at"`
	Lease  bson.ObjectID `bson:"lease"`
}

const (
	// claimTTL is how long a claim whose user does not have the name keeps
	// others away: longer than any creation takes that is still under way.
	claimTTL = time.Minute

	// A claim under way is waited for, from minWait on and twice as long each
	// time, until a wait would exceed maxWait; then the name counts as taken.
	minWait = 10 * time.Millisecond
	maxWait = 160 * time.Millisecond
)

// takenError says for certain that another user has, or is about to have, the name.
type takenError struct{ name string }

func (e *takenError) Error() string { return "login name is taken" }

// claimNames claims the names for the user. They come sorted, so that of several
// users who want some of the same names, one gets all of theirs.
func (s *Store) claimNames(ctx context.Context, userID string, names []string) error {
	for _, name := range names {
		if err := s.claimName(ctx, name, userID); err != nil {
			return err
		}
	}
	return nil
}

// claimName inserts or takes over the claim on the name. A [*takenError] is certain.
func (s *Store) claimName(ctx context.Context, name, userID string) error {
	newClaim := loginDoc{Name: name, UserID: userID, At: storage.Time(s.now()), Lease: bson.NewObjectID()}
	for wait := minWait; ; wait *= 2 {
		err := s.insert(ctx, logins, newClaim)
		if !errors.Is(err, errDuplicate) {
			return err
		}
		done, err := s.takeOver(ctx, newClaim)
		if done || err != nil {
			return err
		}
		if wait > maxWait {
			return &takenError{name}
		}
		if err := s.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// takeOver gives an existing claim to the new claimant, if its
// user does not have the name and has had time enough to take it. It reports
// false where that is not decided yet.
func (s *Store) takeOver(ctx context.Context, newClaim loginDoc) (bool, error) {
	existing, err := findOne[loginDoc](ctx, s, logins, byID(newClaim.Name))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if existing.UserID != newClaim.UserID {
		hasName, err := s.hasName(ctx, existing.UserID, newClaim.Name)
		if err != nil {
			return false, err
		}
		if hasName {
			return false, &takenError{newClaim.Name}
		}
		if newClaim.At.Sub(existing.At) < claimTTL {
			return false, nil
		}
	}
	return s.update(ctx, logins, existing.unchanged(), bson.D{set(value("user_id", newClaim.UserID), value("at", newClaim.At), value("lease", newClaim.Lease))},
		bson.D{eq("_id", newClaim.Name), eq("user_id", newClaim.UserID), eq("lease", newClaim.Lease)})
}

// unchanged selects the claim if it was not written since it was read.
func (d loginDoc) unchanged() bson.D {
	return bson.D{eq("_id", d.Name), eq("user_id", d.UserID), eq("lease", d.Lease)}
}

// hasName tells whether the user has the name.
func (s *Store) hasName(ctx context.Context, userID, name string) (bool, error) {
	user, err := findOne[userDoc](ctx, s, users, byID(userID))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return slices.Contains(user.loginNames(), name), err
}

// confirmClaims makes sure, after the user's document was written, that the claims on
// its names are still there. It writes them, so that a takeover by a user who read
// the claim before fails. A [*takenError] means that the claim was taken over
// first.
func (s *Store) confirmClaims(ctx context.Context, userID string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	mine := bson.D{in("_id", names), eq("user_id", userID)}
	newLease := bson.D{set(value("lease", bson.NewObjectID()))}
	result, err := s.db.Collection(logins).UpdateMany(ctx, mine, newLease)
	if inDoubt(ctx, err) {
		result, err = s.db.Collection(logins).UpdateMany(ctx, mine, newLease)
	}
	if err != nil {
		return s.unavailable("update in "+logins, err)
	}
	if result.MatchedCount == int64(len(names)) {
		return nil
	}
	return s.claimNames(ctx, userID, names)
}

// releaseNames frees the names that the user claimed but does not have: after a
// failure, a change of name or a deletion. Its own failure does no harm, as
// the next who wants such a name takes it over. It may even free a claim that
// another call has made for the same user and not used yet: that call's
// confirmation makes it again.
func (s *Store) releaseNames(ctx context.Context, userID string) {
	claims, err := find[loginDoc](ctx, s, listing{collection: logins, filter: bson.D{eq("user_id", userID)}})
	if err != nil || len(claims) == 0 {
		return
	}
	user, err := findOne[userDoc](ctx, s, users, byID(userID))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return
	}
	var names []string
	var leases []bson.ObjectID
	for _, claim := range claims {
		if !slices.Contains(user.loginNames(), claim.Name) {
			names, leases = append(names, claim.Name), append(leases, claim.Lease)
		}
	}
	if len(names) > 0 {
		unchanged := bson.D{in("_id", names), eq("user_id", userID), in("lease", leases)}
		_, _ = s.db.Collection(logins).DeleteMany(ctx, unchanged)
	}
}

// sleep waits for the duration, or returns the error of the context.
func (s *Store) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return s.unavailable("wait for a login name", ctx.Err())
	}
}
