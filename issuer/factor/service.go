package factor

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/passkey"
	"example.org/signet/issuer/recovery"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Service is safe for concurrent use. Its errors are those of the store, and of a seed that
// cannot be opened.
type Service struct {
	store  storage.Factors
	sealer keys.KeyWrapper
	rand   io.Reader
	issuer string // the name that apps show

	passkeys *passkey.RelyingParty // nil where the issuer cannot have any
}

// New returns a service. Seeds are sealed under the master key of sealer; issuer is the name that
// authenticator apps show.
func New(store storage.Factors, sealer keys.KeyWrapper, rand io.Reader, issuer string) *Service {
	return &Service{store: store, sealer: sealer, rand: rand, issuer: issuer}
}

// Of returns the factors of the user: an empty record where there are none, or where those there
// are belong to somebody who had the id before.
func (s *Service) Of(ctx context.Context, u storage.User) (storage.UserFactors, error) {
	f, err := s.store.UserFactors(ctx, u.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		f.Version = 0
	case err != nil:
		return storage.UserFactors{}, err
	case f.UserCreatedAt.Equal(storage.Time(u.CreatedAt)):
		return f, nil
	}
	return storage.UserFactors{UserID: u.ID, UserCreatedAt: storage.Time(u.CreatedAt), Version: f.Version}, nil
}

// Any tells whether there is a factor. Recovery codes alone are none.
func Any(f storage.UserFactors) bool { return f.TOTP != nil || len(f.Passkeys) > 0 }

// maxTries bounds how often a change starts over because others changed the record.
const maxTries = 16

var errContended = errors.New("the factors changed at every step")

// errUnchanged ends a change that is not to be written.
var errUnchanged = errors.New("nothing to change")

// change changes the record of the user by a compare-and-swap. Where others were first it reads
// anew and asks change again. An error of change ends it; errUnchanged is no error to the caller.
func (s *Service) change(ctx context.Context, u storage.User, change func(*storage.UserFactors) error) error {
	for range maxTries {
		f, err := s.Of(ctx, u)
		if err != nil {
			return err
		}
		switch err := change(&f); {
		case errors.Is(err, errUnchanged):
			return nil
		case err != nil:
			return err
		}
		if err := failpoint.Hit(failpoint.FactorStoring); err != nil {
			return storage.Unavailable("change factors", err)
		}
		if _, err = s.store.PutUserFactors(ctx, f); err == nil {
			return failpoint.Hit(failpoint.FactorStored)
		}
		if !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return storage.Unavailable("change factors", errContended)
}

// seedData binds a sealed seed to its user.
func seedData(u storage.User) []byte {
	return []byte("totp seed v1\x00" + strconv.FormatInt(u.CreatedAt.UnixMilli(), 10) + "\x00" + u.ID)
}

func (s *Service) seal(ctx context.Context, u storage.User, seed []byte) (string, error) {
	sealed, err := s.sealer.Seal(ctx, s.rand, seed, seedData(u))
	if err != nil {
		return "", fmt.Errorf("seal a seed: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(sealed), nil
}

// open returns the seed, and the sealed text under the newest master key.
func (s *Service) open(ctx context.Context, u storage.User, text string) (seed []byte, resealed string, err error) {
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	if err == nil {
		seed, err = s.sealer.Open(ctx, sealed, seedData(u))
	}
	if err != nil {
		return nil, "", fmt.Errorf("open the seed of user %s: %w", u.ID, err)
	}
	if s.sealer.IsCurrent(sealed) {
		return seed, text, nil
	}
	resealed, err = s.seal(ctx, u, seed)
	return seed, resealed, err
}

// Import stores the seed that a new user brings along from another program. The record comes before
// the user, who at no moment can sign in without the factor; without the user it is of no meaning.
func (s *Service) Import(ctx context.Context, u storage.User, seed []byte) error {
	sealed, err := s.seal(ctx, u, seed)
	if err != nil {
		return err
	}
	return s.change(ctx, u, func(f *storage.UserFactors) error {
		f.TOTP = &storage.TOTPFactor{Sealed: sealed, CreatedAt: storage.Time(u.CreatedAt)}
		return nil
	})
}

// newRecovery draws recovery codes for the record.
func (s *Service) newRecovery(f *storage.UserFactors) (codes []string, err error) {
	codes, hashes, err := recovery.New(s.rand)
	if err != nil {
		return nil, err
	}
	f.Recovery = &storage.RecoveryCodes{Hashes: hashes}
	return codes, nil
}
