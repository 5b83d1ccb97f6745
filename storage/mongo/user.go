package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// userDoc is a [storage.User] as it lies in the collection users. That a login
// name has one user is held by the collection logins.
type userDoc struct {
	ID       string `bson:"_id"`
	Username string `bson:"username"`
	Email    string `bson:"email"`

	EmailVerified bool `bson:"email_verified,omitempty"`

	FullName     string   `bson:"full_name"`
	Phone        string   `bson:"phone"`
	Roles        []string `bson:"roles,omitempty"`
	PasswordHash string   `bson:"password_hash"`
	Disabled     bool     `bson:"disabled"`

	MustChangePassword bool `bson:"must_change_password,omitempty"`

	Attributes string `bson:"attributes,omitempty"` // a text: no name in it is a field

	Epoch       int64     `bson:"epoch"`
	KeptSession string    `bson:"kept_session,omitempty"`
	KeptEpoch   int64     `bson:"kept_epoch,omitempty"`
	Version     int64     `bson:"version"`
	CreatedAt   time.Time `bson:"created_at"`
	UpdatedAt   time.Time `bson:"updated_at"`
}

func newUserDoc(u storage.User, version int64) userDoc {
	u.Version, u.Roles = version, nilIfEmpty(u.Roles)
	u.CreatedAt, u.UpdatedAt = storage.Time(u.CreatedAt), storage.Time(u.UpdatedAt)
	return userDoc(u)
}

func (d userDoc) record() storage.User { return storage.User(d) }

// loginNames are the user's login names, sorted, each once.
func (d userDoc) loginNames() []string {
	names := slices.DeleteFunc([]string{d.Username, d.Email}, func(name string) bool { return name == "" })
	slices.Sort(names)
	return slices.Compact(names)
}

// CreateUser implements [storage.Users]: claim the names, insert the user,
// confirm the claims. The insert is what creates the user.
func (s *Store) CreateUser(ctx context.Context, u storage.User) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newUserDoc(u, 1)
	if err := s.claimNames(ctx, doc.ID, doc.loginNames()); err != nil {
		return s.rollback(ctx, doc, err)
	}
	if err := s.insert(ctx, users, doc); err != nil {
		return s.rollback(ctx, doc, err)
	}
	err := s.confirmClaims(ctx, doc.ID, doc.loginNames())
	if isTaken(err) {
		if _, err := s.delete(ctx, users, bson.D{eq("_id", doc.ID), eq("version", doc.Version)}); err != nil {
			return err
		}
	}
	return s.rollback(ctx, doc, err)
}

// User implements [storage.Users].
func (s *Store) User(ctx context.Context, id string) (storage.User, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[userDoc](ctx, s, users, byID(id))
	return doc.record(), err
}

// UserByLogin implements [storage.Users]: the claim names the user, and counts
// only if the user has the name.
func (s *Store) UserByLogin(ctx context.Context, name string) (storage.User, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	claim, err := findOne[loginDoc](ctx, s, logins, byID(name))
	if err != nil {
		return storage.User{}, err
	}
	doc, err := findOne[userDoc](ctx, s, users, byID(claim.UserID))
	if err != nil {
		return storage.User{}, err
	}
	if !slices.Contains(doc.loginNames(), name) {
		return storage.User{}, storage.ErrNotFound
	}
	return doc.record(), nil
}

// UpdateUser implements [storage.Users] by one replacement that is conditional
// on the version. The read before it decides nothing but which names to claim.
func (s *Store) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	before, err := findOne[userDoc](ctx, s, users, byID(u.ID))
	if err != nil {
		return storage.User{}, err
	}
	if before.Version != u.Version {
		return storage.User{}, storage.ErrConflict
	}
	doc := newUserDoc(u, u.Version+1)
	if slices.Equal(before.loginNames(), doc.loginNames()) {
		err = s.replaceUser(ctx, doc)
	} else {
		err = s.renameUser(ctx, before, doc)
	}
	if err != nil {
		return storage.User{}, err
	}
	return doc.record(), nil
}

// replaceUser replaces the version before doc. ErrConflict, ErrNotFound.
func (s *Store) replaceUser(ctx context.Context, doc userDoc) error {
	return s.replaceVersion(ctx, users, doc.ID, doc.Version-1, doc)
}

// renameUser claims the names that are new to the user, replaces the user,
// confirms the claims and frees the names left behind.
func (s *Store) renameUser(ctx context.Context, before, doc userDoc) error {
	wanted := slices.DeleteFunc(doc.loginNames(), func(name string) bool { return slices.Contains(before.loginNames(), name) })
	if err := s.claimNames(ctx, doc.ID, wanted); err != nil {
		return s.rollback(ctx, doc, err)
	}
	if err := s.replaceUser(ctx, doc); err != nil {
		return s.rollback(ctx, doc, err)
	}
	err := s.confirmClaims(ctx, doc.ID, wanted)
	if isTaken(err) {
		before.Version = doc.Version + 1
		if err := s.replaceUser(ctx, before); err != nil {
			return err
		}
	}
	if err == nil {
		s.releaseNames(ctx, doc.ID)
	}
	return s.rollback(ctx, doc, err)
}

// rollback frees the claims of a step that failed for certain, and gives its
// error the contract's form. After an unknown outcome the claims stay, as the
// user may have been written.
func (s *Store) rollback(ctx context.Context, doc userDoc, err error) error {
	if err == nil || errors.Is(err, storage.ErrUnavailable) {
		return err
	}
	s.releaseNames(ctx, doc.ID)
	var taken *takenError
	switch {
	case errors.As(err, &taken) && taken.name == doc.Username:
		return &storage.DuplicateError{Field: "username"}
	case taken != nil:
		return &storage.DuplicateError{Field: "email"}
	case errors.Is(err, errDuplicate):
		return &storage.DuplicateError{Field: "id"}
	}
	return err
}

func isTaken(err error) bool {
	var taken *takenError
	return errors.As(err, &taken)
}

// ReplacePasswordHash implements [storage.Users] by one conditional update.
func (s *Store) ReplacePasswordHash(ctx context.Context, id, old, new string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	done, err := s.update(ctx, users, bson.D{eq("_id", id), eq("password_hash", old)}, bson.D{set(value("password_hash", new))},
		bson.D{eq("_id", id), eq("password_hash", new)})
	if err == nil && !done {
		return storage.ErrConflict
	}
	return err
}

// DeleteUser implements [storage.Users] by one conditional delete, after which the names
// are freed and second factors and links removed, as far as the server lets it.
func (s *Store) DeleteUser(ctx context.Context, id string, version int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if err := s.deleteVersion(ctx, users, id, version); err != nil {
		return err
	}
	s.releaseNames(ctx, id)
	_, _ = s.delete(ctx, userFactors, byID(id)) // what is left is of no meaning without the user
	s.deleteLinksOf(ctx, id)
	return nil
}
