package factor

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer/passkey"
	"example.org/signet/storage"
)

// PasskeyUse is what came of a use of a passkey.
type PasskeyUse struct {
	Verdict   Verdict // Wrong, Right, or Missing
	Synced    bool    // the key may be on several devices: it is backup eligible
	Verified  bool    // the authenticator has verified the person
	CountBack bool    // its counter went back, which many do
}

// AskPasskey begins the use of any passkey of the user as second factor. ErrMissing for a user
// without one, and ErrNoPasskeys.
func (s *Service) AskPasskey(ctx context.Context, u storage.User, f storage.UserFactors, b Binding, now time.Time) (Ceremony, error) {
	if s.passkeys == nil {
		return Ceremony{}, ErrNoPasskeys
	}
	if len(f.Passkeys) == 0 {
		return Ceremony{}, ErrMissing
	}
	who, err := owner(u, f)
	if err != nil {
		return Ceremony{}, err
	}
	return s.begin(ctx, purposeFactor, u, challenge{Binding: b}, now, func(challenge []byte) ([]byte, error) {
		return s.passkeys.BeginLogin(&who, challenge)
	})
}

// AskAnybody begins a sign-in by a passkey, of whoever holds one. ErrNoPasskeys.
func (s *Service) AskAnybody(ctx context.Context, b Binding, now time.Time) (Ceremony, error) {
	if s.passkeys == nil {
		return Ceremony{}, ErrNoPasskeys
	}
	return s.begin(ctx, purposeSignIn, storage.User{}, challenge{Binding: b}, now, func(challenge []byte) ([]byte, error) {
		return s.passkeys.BeginLogin(nil, challenge)
	})
}

// Claim is a sign-in by a passkey whose challenge holds, before anything else of it is believed.
type Claim struct {
	UserID        string // "" where nobody has the handle
	UserCreatedAt time.Time
	challenge     challenge
	assertion     *passkey.Assertion
}

// OpenClaim finds out who a sign-in by a passkey says that it is of. ErrChallenge, ErrRefused,
// ErrNoPasskeys.
func (s *Service) OpenClaim(ctx context.Context, r Response, b Binding, now time.Time) (*Claim, error) {
	if s.passkeys == nil {
		return nil, ErrNoPasskeys
	}
	c, err := s.openChallenge(ctx, purposeSignIn, storage.User{}, r.Sealed, b, now)
	if err != nil {
		return nil, err
	}
	a, err := passkey.Parse(r.Text)
	if err != nil {
		return nil, err
	}
	claim := &Claim{challenge: c, assertion: a}
	f, err := s.store.UserFactorsByHandle(ctx, a.Handle)
	switch {
	case err == nil:
		claim.UserID, claim.UserCreatedAt = f.UserID, f.UserCreatedAt
	case !errors.Is(err, storage.ErrNotFound):
		return nil, err
	}
	return claim, nil
}

// ProveClaim judges the claim of u, and uses its challenge up. ErrChallenge for one that was used.
func (s *Service) ProveClaim(ctx context.Context, u storage.User, c *Claim, now time.Time) (PasskeyUse, error) {
	return s.usePasskey(ctx, u, c.challenge, c.assertion, true, now)
}

// UsePasskey judges a response to AskPasskey, and uses its challenge up: of any number of callers
// with the same one, one gets Right. ErrChallenge, ErrNoPasskeys.
func (s *Service) UsePasskey(ctx context.Context, u storage.User, r Response, b Binding, now time.Time) (PasskeyUse, error) {
	if s.passkeys == nil {
		return PasskeyUse{}, ErrNoPasskeys
	}
	c, err := s.openChallenge(ctx, purposeFactor, u, r.Sealed, b, now)
	if err != nil {
		return PasskeyUse{}, err
	}
	a, err := passkey.Parse(r.Text)
	if err != nil {
		return PasskeyUse{Verdict: Wrong}, nil
	}
	return s.usePasskey(ctx, u, c, a, false, now)
}

// usePasskey marks the use on the passkey by the compare-and-swap of the record: only a challenge
// that was made after the last use is good, so each is good once. Tabs that were opened before
// ask anew.
func (s *Service) usePasskey(ctx context.Context, u storage.User, c challenge, a *passkey.Assertion, verify bool, now time.Time) (use PasskeyUse, err error) {
	issued := time.UnixMilli(c.Issued)
	err = s.change(ctx, u, func(f *storage.UserFactors) error {
		if len(f.Passkeys) == 0 {
			use = PasskeyUse{Verdict: Missing}
			return errUnchanged
		}
		who, err := owner(u, *f)
		if err != nil {
			return err
		}
		used, err := s.passkeys.FinishLogin(who, c.Bytes, a, verify)
		if err != nil {
			use = PasskeyUse{Verdict: Wrong}
			return errUnchanged
		}
		n := slices.IndexFunc(f.Passkeys, func(k storage.Passkey) bool { return k.ID == used.Key.ID })
		if last := f.Passkeys[n].LastUsedAt; !issued.After(last) {
			return ErrChallenge
		}
		used.Key.LastUsedAt = now
		f.Passkeys[n] = used.Key
		use = PasskeyUse{Verdict: Right, Synced: used.Key.BackupEligible, Verified: used.Verified, CountBack: used.CountBack}
		return nil
	})
	if err != nil {
		return PasskeyUse{}, err
	}
	return use, nil
}
