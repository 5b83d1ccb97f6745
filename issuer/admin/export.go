package admin

import (
	"context"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// ExportedUser is a user as a file that an import reads has one, with the password
// hash: the file allows guessing passwords offline.
type ExportedUser struct {
	Username       string    `json:"username"`
	ID             string    `json:"id"`
	Email          string    `json:"email,omitempty"`
	EmailVerified  bool      `json:"email_verified,omitempty"`
	FullName       string    `json:"full_name,omitempty"`
	Phone          string    `json:"phone,omitempty"`
	Roles          []string  `json:"roles"`
	Disabled       bool      `json:"disabled"`
	CreatedAt      time.Time `json:"created_at"`
	HashedPassword string    `json:"hashed_password,omitempty"`

	Attributes map[string]any `json:"attributes,omitempty"`
}

// Export calls each with every user, in the order of their creation, and stops at its first error.
// The audit event is written first; if that fails, nothing is exported.
func (u Users) Export(ctx context.Context, hashes bool, each func(ExportedUser) error) error {
	if err := u.admin.actor.mayDoEverything(); err != nil {
		return err
	}
	e := storage.AuditEvent{Type: audit.EventUsersExported, Target: "all", Detail: "without password hashes"}
	if hashes {
		e.Detail = "with password hashes"
	}
	if err := u.admin.record(ctx, e); err != nil {
		return err
	}
	views := u.views()
	p := storage.Page{Limit: storage.MaxPage}
	for {
		page, err := u.admin.service.store.ListUsers(ctx, storage.UserFilter{}, p)
		if err != nil {
			return issuer.StoreError(err)
		}
		for _, user := range page.Users {
			x := ExportedUser{
				Username: user.Username, ID: user.ID, EmailVerified: user.EmailVerified, Email: user.Email, FullName: user.FullName, Phone: user.Phone,
				Roles: append([]string{}, user.Roles...), Disabled: user.Disabled, CreatedAt: user.CreatedAt,
			}
			shown, err := views.of(ctx, user)
			if err != nil {
				return err
			}
			if x.Attributes = shown.Attributes; hashes {
				x.HashedPassword = user.PasswordHash
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
