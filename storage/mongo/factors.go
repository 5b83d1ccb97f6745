package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.Factors = (*Store)(nil)

// factorsDoc is a [storage.UserFactors] as it lies in the collection user_factors.
type factorsDoc struct {
	ID            string       `bson:"_id"` // of the user
	UserCreatedAt time.Time    `bson:"user_created_at"`
	Version       int64        `bson:"version"`
	Handle        string       `bson:"handle,omitempty"`
	TOTP          *totpDoc     `bson:"totp,omitempty"`
	Passkeys      []passkeyDoc `bson:"passkeys,omitempty"`
	Recovery      *recoveryDoc `bson:"recovery,omitempty"`
	EnrolBy       time.Time    `bson:"enrol_by"`
}

type totpDoc struct {
	Sealed     string    `bson:"sealed"`
	LastStep   int64     `bson:"last_step"`
	CreatedAt  time.Time `bson:"created_at"`
	LastUsedAt time.Time `bson:"last_used_at"`
}

type recoveryDoc struct {
	Hashes     []string  `bson:"hashes,omitempty"`
	CreatedAt  time.Time `bson:"created_at"`
	LastUsedAt time.Time `bson:"last_used_at"`
}

type passkeyDoc struct {
	ID             string    `bson:"id"`
	Name           string    `bson:"name"`
	PublicKey      string    `bson:"public_key"`
	SignCount      int64     `bson:"sign_count"`
	AAGUID         string    `bson:"aaguid"`
	Transports     []string  `bson:"transports,omitempty"`
	UserPresent    bool      `bson:"user_present"`
	UserVerified   bool      `bson:"user_verified"`
	BackupEligible bool      `bson:"backup_eligible"`
	BackupState    bool      `bson:"backup_state"`
	CreatedAt      time.Time `bson:"created_at"`
	LastUsedAt     time.Time `bson:"last_used_at"`
}

func newFactorsDoc(f storage.UserFactors, version int64) factorsDoc {
	f = f.Normalized()
	doc := factorsDoc{ID: f.UserID, UserCreatedAt: f.UserCreatedAt, Version: version, Handle: f.Handle, EnrolBy: f.EnrolBy}
	if t := f.TOTP; t != nil {
		doc.TOTP = (*totpDoc)(t)
	}
	if r := f.Recovery; r != nil {
		doc.Recovery = (*recoveryDoc)(r)
	}
	for _, k := range f.Passkeys {
		doc.Passkeys = append(doc.Passkeys, passkeyDoc(k))
	}
	return doc
}

func (d factorsDoc) record() storage.UserFactors {
	f := storage.UserFactors{
		UserID: d.ID, UserCreatedAt: d.UserCreatedAt, Version: d.Version, Handle: d.Handle, EnrolBy: d.EnrolBy,
		TOTP: (*storage.TOTPFactor)(d.TOTP), Recovery: (*storage.RecoveryCodes)(d.Recovery),
	}
	for _, k := range d.Passkeys {
		f.Passkeys = append(f.Passkeys, storage.Passkey(k))
	}
	return f
}

// UserFactors implements [storage.Factors].
func (s *Store) UserFactors(ctx context.Context, userID string) (storage.UserFactors, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[factorsDoc](ctx, s, userFactors, byID(userID))
	return doc.record(), err
}

// UserFactorsByHandle implements [storage.Factors].
func (s *Store) UserFactorsByHandle(ctx context.Context, handle string) (storage.UserFactors, error) {
	if handle == "" {
		return storage.UserFactors{}, storage.ErrNotFound
	}
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[factorsDoc](ctx, s, userFactors, bson.D{eq("handle", handle)})
	return doc.record(), err
}

// PutUserFactors implements [storage.Factors] by one insert, or by one replacement that is
// conditional on the version.
func (s *Store) PutUserFactors(ctx context.Context, f storage.UserFactors) (storage.UserFactors, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newFactorsDoc(f, f.Version+1)
	var err error
	if f.Version == 0 {
		err = s.insert(ctx, userFactors, doc)
	} else {
		var done bool
		if done, err = s.replace(ctx, userFactors, bson.D{eq("_id", doc.ID), eq("version", f.Version)}, doc); err == nil && !done {
			err = storage.ErrConflict
		}
	}
	switch {
	case errors.Is(err, errDuplicate):
		return storage.UserFactors{}, storage.ErrConflict
	case err != nil:
		return storage.UserFactors{}, err
	}
	return doc.record(), nil
}

// DeleteUserFactors implements [storage.Factors].
func (s *Store) DeleteUserFactors(ctx context.Context, userID string, version int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.deleteVersion(ctx, userFactors, userID, version)
}

// ListUserFactors implements [storage.Factors].
func (s *Store) ListUserFactors(ctx context.Context, p storage.Page) (storage.UserFactorsPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	records, next, err := page(ctx, s, userFactors, bson.D{}, p, factorsDoc.record, func(f storage.UserFactors) string { return f.UserID })
	return storage.UserFactorsPage{Factors: records, Next: next}, err
}
