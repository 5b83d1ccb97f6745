package factor

import (
	"context"
	"time"

	"example.org/signet/issuer/recovery"
	"example.org/signet/issuer/totp"
	"example.org/signet/storage"
)

// Verdict is what a code is worth.
type Verdict int

// The verdicts.
const (
	Wrong   Verdict = iota
	UsedUp          // it was right, and somebody has used it
	Right           // it is used up now
	Missing         // the user has no factor that takes codes
)

// Use is what came of a code.
type Use struct {
	Verdict  Verdict
	Recovery bool // it is a recovery code
	Left     int  // how many recovery codes there are afterwards
}

// UseCode takes a code of the authenticator app, or a recovery code, and uses it up: of any number
// of callers with the same one, one gets Right.
func (s *Service) UseCode(ctx context.Context, u storage.User, code string, now time.Time) (use Use, err error) {
	err = s.change(ctx, u, func(f *storage.UserFactors) error {
		var err error
		if use, err = s.take(ctx, u, f, code, now); err != nil {
			return err
		}
		if use.Verdict != Right {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return Use{}, err
	}
	return use, nil
}

// take judges a code, and marks it as used in the record.
func (s *Service) take(ctx context.Context, u storage.User, f *storage.UserFactors, code string, now time.Time) (Use, error) {
	if !Any(*f) {
		return Use{Verdict: Missing}, nil
	}
	if recovery.LooksLike(code) {
		return takeRecovery(f, code, now), nil
	}
	if f.TOTP == nil {
		return Use{Verdict: Wrong}, nil
	}
	seed, sealed, err := s.open(ctx, u, f.TOTP.Sealed)
	if err != nil {
		return Use{}, err
	}
	step, ok := totp.Check(seed, code, f.TOTP.LastStep, now)
	if !ok {
		if _, before := totp.Check(seed, code, -1, now); before {
			return Use{Verdict: UsedUp}, nil
		}
		return Use{Verdict: Wrong}, nil
	}
	f.TOTP.LastStep, f.TOTP.LastUsedAt, f.TOTP.Sealed = step, now, sealed
	return Use{Verdict: Right, Left: Left(*f)}, nil
}

func takeRecovery(f *storage.UserFactors, code string, now time.Time) Use {
	if f.Recovery == nil {
		return Use{Verdict: Wrong, Recovery: true}
	}
	left, ok := recovery.Take(f.Recovery.Hashes, code)
	if !ok {
		return Use{Verdict: Wrong, Recovery: true}
	}
	f.Recovery.Hashes, f.Recovery.LastUsedAt = left, now
	return Use{Verdict: Right, Recovery: true, Left: len(left)}
}

// Left is how many recovery codes are not used.
func Left(f storage.UserFactors) int {
	if f.Recovery == nil {
		return 0
	}
	return len(f.Recovery.Hashes)
}
