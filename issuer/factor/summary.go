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

// PasskeyEntry is one passkey, without its key.
type PasskeyEntry struct {
	ID     string `json:"id"` // the credential id, in base64url
	Name   string `json:"name"`
	Synced bool   `json:"synced"` // it may be on several devices
	Entry
}

// Summary is what a user has beside the password, without any secret.
type Summary struct {
	TOTP              *Entry         `json:"totp,omitempty"`
	Passkeys          []PasskeyEntry `json:"passkeys"`
	RecoveryCodesLeft int            `json:"recovery_codes_left"`
	EnrolBy           *time.Time     `json:"enrol_by,omitempty"` // until when a policy lets a user without a factor wait
}

// Summarize returns what the record holds, without any secret.
func Summarize(f storage.UserFactors) Summary {
	s := Summary{RecoveryCodesLeft: Left(f), Passkeys: []PasskeyEntry{}}
	for _, k := range f.Passkeys {
		s.Passkeys = append(s.Passkeys, PasskeyEntry{k.ID, k.Name, k.BackupEligible, Entry{k.CreatedAt, timeOrNil(k.LastUsedAt)}})
	}
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
