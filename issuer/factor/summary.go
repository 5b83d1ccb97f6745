package factor

import (
	"time"

	"example.org/signet/storage"
)

// Entry is one second factor, without any secret.
type Entry struct {
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

// Summary is what a user has beside the password, without any secret.
type Summary struct {
	TOTP              *Entry     `json:"totp,omitempty"`
	RecoveryCodesLeft int        `json:"recovery_codes_left"`
	EnrolBy           *time.Time `json:"enrol_by,omitempty"` // until when a policy lets a user without a factor wait
}

// Summarize returns what the record holds, without any secret.
func Summarize(f storage.UserFactors) Summary {
	s := Summary{RecoveryCodesLeft: Left(f)}
	if t := f.TOTP; t != nil {
		s.TOTP = &Entry{CreatedAt: t.CreatedAt, LastUsedAt: timeOrNil(t.LastUsedAt)}
	}
	if !Any(f) {
		s.EnrolBy = timeOrNil(f.EnrolBy)
	}
	return s
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
