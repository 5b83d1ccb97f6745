package issuer

import (
	"context"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// RegistrationPolicy says who may create an account for themselves.
type RegistrationPolicy string

// The policies.
const (
	RegistrationClosed RegistrationPolicy = "closed" // nobody
	RegistrationClient RegistrationPolicy = "client" // people, through a client that proves itself by its secret
	RegistrationOpen   RegistrationPolicy = "open"   // anybody
)

// RegisterRequest creates an account. An empty field is an absent one.
type RegisterRequest struct {
	Client ClientAuth // zero for none
	User   NewUser    // names, password; roles and hash are not for the asker to choose

	// Login asks for tokens too, as the password grant would give them to the
	// client for this Scope and Resource.
	Login    bool
	Scope    string
	Resource string

	Info RequestInfo
}

// Registration is the new user and, where asked for, the tokens.
type Registration struct {
	User
	Token *TokenResponse `json:"token,omitempty"`

	// NoToken is why tokens asked for are missing. The account is there all
	// the same, so the person can log in later.
	NoToken error `json:"-"`
}

var errRegistrationClosed = newError(AccessDenied, "registration is closed here: ask an administrator for an account")

// Register creates an account for whoever asks, as the policy allows. Errors
// are *Error, *FieldError, FieldErrors and *storage.DuplicateError.
func (i *Issuer) Register(ctx context.Context, r RegisterRequest) (Registration, error) {
	login, err := i.checkRegistration(ctx, r)
	if err != nil {
		return Registration{}, err
	}
	if err := i.throttler.CountRegistration(ctx, r.Info); err != nil {
		return Registration{}, err
	}
	r.User = NewUser{Username: r.User.Username, Email: r.User.Email, FullName: r.User.FullName, Phone: r.User.Phone, Password: r.User.Password}
	u, err := i.registerUser(ctx, r)
	if err != nil {
		return Registration{}, err
	}
	response := Registration{User: toUser(u)}
	if r.Login {
		var token TokenResponse
		if token, response.NoToken = i.LogIn(ctx, login, u); response.NoToken == nil {
			response.Token = &token
		}
	}
	return response, nil
}

// checkRegistration checks the policy and, where a client is named or needed,
// the client; for tokens also all that the token endpoint would check of it.
func (i *Issuer) checkRegistration(ctx context.Context, r RegisterRequest) (*CheckedLogin, error) {
	policy := i.cfg.Registration
	if policy != RegistrationOpen && policy != RegistrationClient {
		return nil, errRegistrationClosed
	}
	if r.Login {
		login, err := i.CheckLogin(ctx, TokenRequest{Client: r.Client, Scope: r.Scope, Resource: r.Resource, Info: r.Info})
		if err == nil && policy == RegistrationClient && login.Public() {
			err = errInvalidClient
		}
		return login, err
	}
	if policy == RegistrationOpen && r.Client == (ClientAuth{}) {
		return nil, nil
	}
	client, err := i.AuthenticateClient(ctx, r.Client, r.Info)
	if err == nil && policy == RegistrationClient && client.Public {
		err = errInvalidClient // anybody can say a public client's name
	}
	return nil, err
}

// registerUser makes the account, or names every field at fault.
func (i *Issuer) registerUser(ctx context.Context, r RegisterRequest) (storage.User, error) {
	u, err := i.newUserWithPassword(ctx, r.User, r.Info)
	if err != nil {
		return storage.User{}, err
	}
	e := storage.AuditEvent{Type: audit.EventUserRegistered, Actor: u.ID, Target: u.ID, ClientID: r.Client.ID}
	if err := i.createUser(ctx, u, r.Info, e); err != nil {
		return storage.User{}, err
	}
	u.Version = 1
	return u, nil
}

// newUserWithPassword is a new user with a password, or every field at fault.
func (i *Issuer) newUserWithPassword(ctx context.Context, n NewUser, info RequestInfo) (storage.User, error) {
	var v validation
	u, err := i.newUser(ctx, n)
	v.addAll(err)
	v.add(i.checkNewPassword(n.Password, u))
	if err := v.err(); err != nil {
		return storage.User{}, err
	}
	if err := i.checkNamesFree(ctx, storage.User{}, u); err != nil {
		return storage.User{}, err
	}
	u.PasswordHash, err = i.initialHash(ctx, n, u, info)
	return u, err
}
