package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/password"
	"example.org/signet/issuer/role"
	"example.org/signet/issuer/totp"
	"example.org/signet/storage"
)

// accounts validates changes of users and builds new ones. It writes nothing.
type accounts struct {
	issuer    string // the `iss` value
	store     Store
	passwords *password.Pool
	now       func() time.Time
	rand      io.Reader
	factors   *factor.Service
}

// new returns a new user without a password, or issuer.FieldErrors with every invalid field.
func (a accounts) new(ctx context.Context, n NewUser) (storage.User, error) {
	now := a.now()
	id, err := a.newID(n, now)
	if err != nil {
		return storage.User{}, err
	}
	u := storage.User{ID: id, Disabled: n.Disabled, MustChangePassword: n.MustChangePassword, CreatedAt: now, UpdatedAt: now}
	if n.ID != "" {
		u.Epoch = epoch.NewUser(now)
	}
	if !n.CreatedAt.IsZero() {
		u.CreatedAt = storage.Time(n.CreatedAt)
	}
	roles := n.Roles
	if len(roles) == 0 {
		roles = []string{role.User}
	}
	c := UserChange{Username: &n.Username, Email: &n.Email, EmailVerified: &n.EmailVerified, FullName: &n.FullName, Phone: &n.Phone, Roles: &roles}
	if len(n.Attributes) > 0 {
		c.Attributes = &n.Attributes
	}
	return u, a.apply(ctx, &u, c)
}

// newID returns the given id, or a new one.
func (a accounts) newID(n NewUser, now time.Time) (string, error) {
	switch {
	case n.ID == "":
		id, err := random.UUIDv7(a.rand, now)
		if err != nil {
			return "", issuer.OutcomeUnknown(err)
		}
		return id.String(), nil
	case !account.LooksLikeID(n.ID):
		return "", newFieldError("id", "is not a UUID")
	}
	return strings.ToLower(n.ID), nil
}

// checkSubjectFree refuses an id that a user or a client has, so that no two records share
// the subject of a token.
func (a accounts) checkSubjectFree(ctx context.Context, id string) error {
	_, err := a.store.User(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return a.checkNoClient(ctx, id)
	}
	if err != nil {
		return issuer.OutcomeUnknown(err)
	}
	return &storage.DuplicateError{Field: "id"}
}

// checkNoClient refuses the id of a client.
func (a accounts) checkNoClient(ctx context.Context, id string) error {
	switch _, err := a.store.Client(ctx, id); {
	case err == nil:
		return &storage.DuplicateError{Field: "id"}
	case !errors.Is(err, storage.ErrNotFound):
		return issuer.OutcomeUnknown(err)
	}
	return nil
}

// checkNoUser refuses a client's id that is a user's, in either case.
func (a accounts) checkNoUser(ctx context.Context, clientID string) error {
	if !account.LooksLikeID(clientID) {
		return nil
	}
	switch _, err := a.store.User(ctx, strings.ToLower(clientID)); {
	case err == nil:
		return &storage.DuplicateError{Field: "client_id"}
	case !errors.Is(err, storage.ErrNotFound):
		return issuer.OutcomeUnknown(err)
	}
	return nil
}

// apply validates a change and applies it to u. It returns every invalid field.
func (a accounts) apply(ctx context.Context, u *storage.User, c UserChange) error {
	var v validation
	v.addAll(applyNames(u, c))
	v.set(&u.FullName, c.FullName, func(text string) (string, error) { return checkText("full_name", text, maxFullName) })
	v.set(&u.Phone, c.Phone, func(text string) (string, error) { return checkText("phone", text, maxPhone) })
	setIfGiven(&u.MustChangePassword, c.MustChangePassword)
	if c.Roles != nil {
		roles, err := a.checkRoles(ctx, *c.Roles, u.Roles)
		v.add(err)
		u.Roles = roles
	}
	if c.Attributes != nil {
		v.add(a.applyAttributes(ctx, u, c))
	}
	return v.err()
}

// applyAttributes changes the attributes of u by the schema that the store has now.
func (a accounts) applyAttributes(ctx context.Context, u *storage.User, c UserChange) error {
	record, err := a.store.AttributeSchema(ctx)
	if err != nil {
		return issuer.StoreError(err)
	}
	writer := attribute.Admin
	if c.own {
		writer = attribute.User
	}
	merged, err := attribute.NewSchema(record).Merge(u.Attributes, *c.Attributes, writer)
	if err != nil {
		return &issuer.FieldError{Field: "attributes", Reason: err.Error(), Cause: err}
	}
	u.Attributes = merged
	return nil
}

// applyNames changes the names to log in with.
func applyNames(u *storage.User, c UserChange) error {
	var v validation
	before := *u
	v.set(&u.Username, c.Username, checkUsername)
	v.set(&u.Email, c.Email, checkEmail)
	if err := v.err(); err != nil {
		return err
	}
	if u.Email != before.Email {
		u.EmailVerified = false
	}
	if c.EmailVerified != nil {
		u.EmailVerified = *c.EmailVerified
	}
	switch {
	case u.EmailVerified && u.Email == "":
		return newFieldError("email_verified", "needs an e-mail address")
	case u.Username == before.Username && u.Email == before.Email:
		return nil
	case account.OwnAddress(u.Username, u.Email) == nil:
		return nil
	case u.Username != before.Username:
		return newFieldError("username", account.ErrOtherAddress.Error())
	}
	return newFieldError("email", "is the username too: change both at once, or the username first")
}

func checkUsername(s string) (string, error) {
	name, err := account.Username(s)
	if err != nil {
		return "", accountError("username", err)
	}
	return name, nil
}

// checkEmail validates an address; an empty one is allowed.
func checkEmail(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	address, err := account.Email(s)
	if err != nil {
		return "", accountError("email", err)
	}
	return address, nil
}

func accountError(name string, err error) error {
	if reason := errors.Unwrap(err); reason != nil {
		return newFieldError(name, reason.Error())
	}
	return newFieldError(name, "is not valid")
}

// initialHash is the password hash of a new user.
func (a accounts) initialHash(ctx context.Context, n NewUser, u storage.User, info issuer.RequestInfo) (string, error) {
	switch {
	case n.Password != "" && n.PasswordHash != "":
		return "", newFieldError("password", "comes with a hash: give one of the two")
	case n.PasswordHash != "":
		if err := password.CheckHash(string(n.PasswordHash)); err != nil {
			return "", newFieldError("hashed_password", err.Error())
		}
		return string(n.PasswordHash), nil
	case n.Password != "":
		return a.hashNewPassword(ctx, n.Password, u, info)
	}
	return "", nil
}

// importSeed stores the second factor that a new user brings along.
func (a accounts) importSeed(ctx context.Context, n NewUser, u storage.User) error {
	if n.TOTPSeed == "" {
		return nil
	}
	if err := totp.CheckSeed([]byte(n.TOTPSeed)); err != nil {
		return newFieldError("totp", "is "+err.Error())
	}
	return issuer.StoreError(a.factors.Import(ctx, u, []byte(n.TOTPSeed)))
}

// checkNewPassword checks the new password of u against the rules.
func (a accounts) checkNewPassword(pw issuer.Secret, u storage.User) error {
	inputs := password.UserInputs{Personal: []string{u.Username, u.Email, u.FullName, u.Phone}, Service: []string{a.issuer}}
	if err := password.CheckNew(string(pw), inputs); err != nil {
		return &issuer.FieldError{Field: "password", Reason: err.Error(), Cause: err}
	}
	return nil
}

// hashNewPassword checks the new password of u and returns its hash.
func (a accounts) hashNewPassword(ctx context.Context, pw issuer.Secret, u storage.User, info issuer.RequestInfo) (string, error) {
	if err := a.checkNewPassword(pw, u); err != nil {
		return "", err
	}
	hash, err := a.passwords.Hash(ctx, info.Network(), string(pw))
	switch {
	case errors.Is(err, password.ErrTooLongForBcrypt):
		return "", newFieldError("password", err.Error())
	case err != nil:
		return "", issuer.OutcomeUnknown(err)
	}
	return hash, nil
}

// checkNamesFree refuses names of u that another user has, so that an attempt that cannot
// succeed costs neither a hash nor an audit event. The store decides in the end.
func (a accounts) checkNamesFree(ctx context.Context, before, u storage.User) error {
	for _, n := range []struct{ field, old, name string }{{"username", before.Username, u.Username}, {"email", before.Email, u.Email}} {
		if n.name == "" || n.name == n.old {
			continue
		}
		switch other, err := a.store.UserByLogin(ctx, n.name); {
		case err == nil && other.ID == u.ID: // the user's own, in the other field
		case err == nil:
			return &storage.DuplicateError{Field: n.field}
		case !errors.Is(err, storage.ErrNotFound):
			return issuer.OutcomeUnknown(err)
		}
	}
	return nil
}

// ErrNoSuchRole refuses roles of a user of which one does not exist.
var ErrNoSuchRole error = newFieldError("roles", "has a role that does not exist: create the role first")

// checkRoles sorts the names and refuses one that is no role, and more than a token can
// name. Fewer than before are never too many.
func (a accounts) checkRoles(ctx context.Context, names, before []string) ([]string, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	list, err := a.store.ListRoles(ctx)
	if err != nil {
		return nil, issuer.StoreError(err)
	}
	set := role.NewSet(list)
	for _, name := range sorted {
		if !set.Has(name) {
			return nil, ErrNoSuchRole
		}
	}
	if n := issuer.RoleBytes(sorted); n > issuer.MaxRoleBytes && n > issuer.RoleBytes(before) {
		return nil, newFieldError("roles", fmt.Sprintf("take %d bytes of a token, at most %d: the user's tokens would be too long for their readers", n, issuer.MaxRoleBytes))
	}
	return sorted, nil
}

// newWithPassword is a new user with a password, or every field at fault.
func (a accounts) newWithPassword(ctx context.Context, n NewUser, info issuer.RequestInfo) (storage.User, error) {
	var v validation
	u, err := a.new(ctx, n)
	v.addAll(err)
	v.add(a.checkNewPassword(n.Password, u))
	if err := v.err(); err != nil {
		return storage.User{}, err
	}
	if err := a.checkNamesFree(ctx, storage.User{}, u); err != nil {
		return storage.User{}, err
	}
	u.PasswordHash, err = a.initialHash(ctx, n, u, info)
	return u, err
}
