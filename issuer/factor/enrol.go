package factor

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"example.org/signet/issuer/totp"
	"example.org/signet/storage"
)

// ErrExists refuses a second authenticator app.
var ErrExists = errors.New("there is an authenticator app already")

// ErrEnrolment refuses a form that is not of this user, too old, or from before the factors changed.
var ErrEnrolment = errors.New("the enrolment has expired")

// EnrolmentTTL is how long a person may take to read a seed into their app.
const EnrolmentTTL = 30 * time.Minute

// Enrolment is a seed that is not stored yet.
type Enrolment struct {
	Secret string // the seed as people type it
	URI    string // the same for a QR code
	QR     totp.QR
	Sealed string // the seed, the time and the record's version, for the form: nobody but this service can read it
}

// Begin draws a seed for a user. Nothing is stored before Confirm.
func (s *Service) Begin(ctx context.Context, u storage.User, now time.Time) (Enrolment, error) {
	f, err := s.Of(ctx, u)
	if err != nil {
		return Enrolment{}, err
	}
	if f.TOTP != nil {
		return Enrolment{}, ErrExists
	}
	seed, err := totp.NewSeed(s.rand)
	if err != nil {
		return Enrolment{}, err
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))
	plain = append(binary.BigEndian.AppendUint64(plain, uint64(f.Version)), seed...)
	sealed, err := s.sealer.Seal(ctx, s.rand, plain, enrolmentData(u))
	if err != nil {
		return Enrolment{}, fmt.Errorf("seal an enrolment: %w", err)
	}
	return s.enrolment(u, seed, base64.RawURLEncoding.EncodeToString(sealed))
}

// Resume returns the enrolment of a form that was sent, to show it again.
func (s *Service) Resume(ctx context.Context, u storage.User, sealed string, now time.Time) (Enrolment, error) {
	seed, _, err := s.openEnrolment(ctx, u, sealed, now)
	if err != nil {
		return Enrolment{}, err
	}
	return s.enrolment(u, seed, sealed)
}

func (s *Service) enrolment(u storage.User, seed []byte, sealed string) (Enrolment, error) {
	uri := totp.URI(seed, s.issuer, u.Username)
	qr, err := totp.NewQR(uri)
	return Enrolment{Secret: totp.Encode(seed), URI: uri, QR: qr, Sealed: sealed}, err
}

// enrolmentData tells an enrolment from a stored seed, and binds it to its user.
func enrolmentData(u storage.User) []byte {
	return append([]byte("totp enrolment v2\x00"), seedData(u)...)
}

// openEnrolment returns the seed of a form, and the version of the record that it was drawn for.
func (s *Service) openEnrolment(ctx context.Context, u storage.User, text string, now time.Time) (seed []byte, version int64, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, 0, ErrEnrolment
	}
	plain, err := s.sealer.Open(ctx, sealed, enrolmentData(u))
	switch {
	case errors.Is(err, storage.ErrUnavailable):
		return nil, 0, err
	case err != nil || len(plain) != 16+totp.SeedSize:
		return nil, 0, ErrEnrolment
	}
	age := now.Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(plain))))
	if age < 0 || age > EnrolmentTTL {
		return nil, 0, ErrEnrolment
	}
	return plain[16:], int64(binary.BigEndian.Uint64(plain[8:])), nil
}

// Confirm stores the seed of a form, where the code shows that an app has it, and uses the code
// up. The user who has no recovery codes gets some, which are shown this once. The verdict is
// Wrong or Right. ErrEnrolment where the factors have changed since Begin: a form from before a reset
// adds nothing after it.
func (s *Service) Confirm(ctx context.Context, u storage.User, sealed, code string, now time.Time) (codes []string, verdict Verdict, err error) {
	seed, version, err := s.openEnrolment(ctx, u, sealed, now)
	if err != nil {
		return nil, Wrong, err
	}
	step, ok := totp.Check(seed, code, -1, now)
	if !ok {
		return nil, Wrong, nil
	}
	stored, err := s.seal(ctx, u, seed)
	if err != nil {
		return nil, Wrong, err
	}
	err = s.change(ctx, u, func(f *storage.UserFactors) error {
		switch {
		case f.TOTP != nil:
			return ErrExists
		case f.Version != version:
			return ErrEnrolment
		}
		f.TOTP = &storage.TOTPFactor{Sealed: stored, LastStep: step, CreatedAt: now, LastUsedAt: now}
		if Left(*f) > 0 {
			return nil
		}
		return s.renew(f, now, &codes)
	})
	if err != nil {
		return nil, Wrong, err
	}
	return codes, Right, nil
}

func (s *Service) renew(f *storage.UserFactors, now time.Time, codes *[]string) (err error) {
	if *codes, err = s.newRecovery(f); err != nil {
		return err
	}
	f.Recovery.CreatedAt = now
	return nil
}

// ErrMissing refuses what needs a factor where there is none.
var ErrMissing = errors.New("there is no second factor")

// RenewRecovery puts new recovery codes in the place of all that there are. ErrMissing for a user
// without a factor.
func (s *Service) RenewRecovery(ctx context.Context, u storage.User, now time.Time) (codes []string, err error) {
	err = s.change(ctx, u, func(f *storage.UserFactors) error {
		if !Any(*f) {
			return ErrMissing
		}
		return s.renew(f, now, &codes)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// RemoveTOTP removes the authenticator app, and the recovery codes with the last factor.
// ErrMissing where there is none.
func (s *Service) RemoveTOTP(ctx context.Context, u storage.User) error {
	return s.change(ctx, u, func(f *storage.UserFactors) error {
		if f.TOTP == nil {
			return ErrMissing
		}
		if f.TOTP = nil; !Any(*f) {
			f.Recovery = nil
		}
		return nil
	})
}

// Reset removes all factors of the user. ErrMissing where there are none.
func (s *Service) Reset(ctx context.Context, u storage.User) error {
	return s.change(ctx, u, func(f *storage.UserFactors) error {
		if !Any(*f) && f.Recovery == nil {
			return ErrMissing
		}
		f.TOTP, f.Passkeys, f.Recovery = nil, nil, nil
		return nil
	})
}

// StartGrace notes until when a user may put off setting up a factor, where nothing is noted yet,
// and returns what holds.
func (s *Service) StartGrace(ctx context.Context, u storage.User, by time.Time) (time.Time, error) {
	err := s.change(ctx, u, func(f *storage.UserFactors) error {
		if !f.EnrolBy.IsZero() {
			by = f.EnrolBy
			return errUnchanged
		}
		f.EnrolBy = by
		return nil
	})
	return by, err
}

// EndGrace lets a user put off setting up a factor no longer, where a policy demands one.
func (s *Service) EndGrace(ctx context.Context, u storage.User, now time.Time) error {
	return s.change(ctx, u, func(f *storage.UserFactors) error {
		if !f.EnrolBy.IsZero() && !f.EnrolBy.After(now) {
			return errUnchanged
		}
		f.EnrolBy = now
		return nil
	})
}
