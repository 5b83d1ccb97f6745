package issuer

import (
	"context"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// ExportedUser is a user as a file that an import reads has one, with the password
// hash: whoever has the file can guess passwords at leisure.
type ExportedUser struct {
	Username       string    `json:"username"`
	Email          string    `json:"email,omitempty"`
	FullName       string    `json:"full_name,omitempty"`
	Phone          string    `json:"phone,omitempty"`
	Roles          []string  `json:"roles"`
	Disabled       bool      `json:"disabled"`
	CreatedAt      time.Time `json:"created_at"`
	HashedPassword string    `json:"hashed_password,omitempty"`
}

// ExportUsers hands every user to each, in the order of their ids, and stops at its
// first error. The event comes first: who cannot be written down gets nothing.
func (i *Issuer) ExportUsers(ctx context.Context, hashes bool, info RequestInfo, each func(ExportedUser) error) error {
	e := storage.AuditEvent{Type: audit.EventUsersExported, Target: "all", Detail: "without password hashes"}
	if hashes {
		e.Detail = "with password hashes"
	}
	if err := i.audit(ctx, info, e); err != nil {
		return err
	}
	p := storage.Page{Limit: storage.MaxPage}
	for {
		page, err := i.store.ListUsers(ctx, storage.UserFilter{}, p)
		if err != nil {
			return storeError(err)
		}
		for _, u := range page.Users {
			x := ExportedUser{
				Username: u.Username, Email: u.Email, FullName: u.FullName, Phone: u.Phone,
				Roles: append([]string{}, u.Roles...), Disabled: u.Disabled, CreatedAt: u.CreatedAt,
			}
			if hashes {
				x.HashedPassword = u.PasswordHash
			}
			if err := each(x); err != nil {
				return err
			}
		}
		if p.After = page.Next; p.After == "" {
			return nil
		}
	}
}
