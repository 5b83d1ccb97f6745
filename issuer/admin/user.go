package admin

import (
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/attribute"
	"example.org/signet/storage"
)

// User is a user as administrators and the user see one: no secret, ever.
type User struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Email    string `json:"email,omitempty"`

	// EmailVerified: an administrator or a trusted import has said so.
	EmailVerified bool `json:"email_verified"`

	FullName string   `json:"full_name,omitempty"`
	Phone    string   `json:"phone,omitempty"`
	Roles    []string `json:"roles"`
	Disabled bool     `json:"disabled"`

	// MustChangePassword: the next sign-in in a browser leads to a new password first.
	MustChangePassword bool `json:"must_change_password,omitempty"`

	// Attributes are the operator's, as far as whoever asks may read them.
	Attributes map[string]any `json:"attributes,omitempty"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	Throttled []issuer.Lock `json:"throttled,omitempty"` // only where one user is shown

	Revision string `json:"-"` // names this state of the record, for a Precondition
}

// UserList is one page of users, in the order of the query. With a prefix it may be shorter than
// asked for and still have a next one.
type UserList struct {
	Items []User `json:"items"`
	Next  string `json:"next,omitempty"`
}

// NewUser is what a user is created from. Exactly one of Password and
// PasswordHash is set, or neither: then nobody can log in as them yet.
type NewUser struct {
	ID string // of an import at the command line, a UUID; "" draws one

	Username string
	Email    string

	EmailVerified bool // as an administrator or an import says

	FullName     string
	Phone        string
	Roles        []string // none means the role `user`
	Password     issuer.Secret
	PasswordHash issuer.Secret // of an import, kept as it is
	TOTPSeed     issuer.Secret // of an import: the seed of an authenticator app, as raw bytes; "" for none
	Disabled     bool

	MustChangePassword bool // at the next sign-in

	Attributes attribute.Change

	CreatedAt time.Time // of an import; zero means now
}

// UserChange changes the fields that are not nil.
type UserChange struct {
	Username *string
	Email    *string
	FullName *string
	Phone    *string
	Roles    *[]string // sets the roles anew

	// EmailVerified is for administrators alone. A change of Email that does not
	// come with it makes the address unverified.
	EmailVerified *bool

	MustChangePassword *bool // for administrators alone

	Attributes *attribute.Change // a merge patch: what is not named stays

	own bool // it is the user's own change
}

// NewPassword is a password that an administrator sets.
type NewPassword struct {
	Password   issuer.Secret
	MustChange *bool // whether the user must choose another one; nil leaves it as it is
}

func toUser(u storage.User) User {
	return User{
		ID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified, FullName: u.FullName, Phone: u.Phone,
		Roles: append([]string{}, u.Roles...), Disabled: u.Disabled, MustChangePassword: u.MustChangePassword, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		Revision: revision(u.CreatedAt, u.Version),
	}
}

// Bounds of free text, in bytes.
const (
	maxFullName    = 256
	maxPhone       = 64
	maxDescription = 1024
)
