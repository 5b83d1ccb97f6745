package issuer

import (
	"context"

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

	Source Source
}

// Registration is the new user and, where asked for, the tokens.
type Registration struct {
	User
	Token *TokenResponse `json:"token,omitempty"`

	// NoToken is why tokens asked for are missing. The account is there all
	// the same, so the person can log in later.
	NoToken error `json:"-"`
}

var errRegistrationClosed = refuse(AccessDenied, "registration is closed here: ask an administrator for an account")

// Register creates an account for whoever asks, as the policy allows. Errors
// are *Error, *FieldError, FieldErrors and *storage.DuplicateError.
func (i *Issuer) Register(ctx context.Context, r RegisterRequest) (Registration, error) {
	x, err := i.admitRegistration(ctx, r)
	if err != nil {
		return Registration{}, err
	}
	if err := i.countRegistration(ctx, r.Source); err != nil {
		return Registration{}, err
	}
	r.User = NewUser{Username: r.User.Username, Email: r.User.Email, FullName: r.User.FullName, Phone: r.User.Phone, Password: r.User.Password}
	u, err := i.registered(ctx, r)
	if err != nil {
		return Registration{}, err
	}
	answer := Registration{User: userView(u)}
	if r.Login {
		answer.Token, answer.NoToken = i.firstTokens(ctx, x, u)
	}
	return answer, nil
}

// admitRegistration checks the policy and, where a client is named or needed,
// the client; for tokens also all that the token endpoint would check of it.
func (i *Issuer) admitRegistration(ctx context.Context, r RegisterRequest) (*exchange, error) {
	policy := i.cfg.Registration
	if policy != RegistrationOpen && policy != RegistrationClient {
		return nil, errRegistrationClosed
	}
	if r.Login {
		x, err := i.admit(ctx, TokenRequest{Client: r.Client, Grant: GrantPassword, Scope: r.Scope, Resource: r.Resource, Source: r.Source})
		if err == nil && policy == RegistrationClient && x.client.Public {
			err = errInvalidClient
		}
		return x, err
	}
	if policy == RegistrationOpen && r.Client == (ClientAuth{}) {
		return nil, nil
	}
	client, err := i.authenticate(ctx, r.Client, r.Source)
	if err == nil && policy == RegistrationClient && client.Public {
		err = errInvalidClient // anybody can say a public client's name
	}
	return nil, err
}

// countRegistration bounds how many accounts, and questions whether a name is
// taken, one network gets.
func (i *Issuer) countRegistration(ctx context.Context, src Source) error {
	limit := i.cfg.Throttle.Registrations
	if limit.Tries == 0 {
		return nil
	}
	t := &ticket{issuer: i}
	return t.count(ctx, try{kind: "register", source: src}, counterKey("register", "network", src.network()), limit)
}

// registered makes the account, or names every field at fault.
func (i *Issuer) registered(ctx context.Context, r RegisterRequest) (storage.User, error) {
	u, err := i.hashed(ctx, r.User, r.Source)
	if err != nil {
		return storage.User{}, err
	}
	e := storage.AuditEvent{Type: EventUserRegistered, Actor: u.ID, Target: u.ID, ClientID: r.Client.ID}
	if err := i.createUser(ctx, u, r.Source, e); err != nil {
		return storage.User{}, err
	}
	u.Version = 1
	return u, nil
}

// hashed is a new user with a password, or every field at fault.
func (i *Issuer) hashed(ctx context.Context, n NewUser, src Source) (storage.User, error) {
	var f faults
	u, err := i.newUser(ctx, n)
	f.noteAll(err)
	f.note(i.judgeNew(n.Password, u))
	if err := f.err(); err != nil {
		return storage.User{}, err
	}
	if err := i.namesFree(ctx, storage.User{}, u); err != nil {
		return storage.User{}, err
	}
	u.PasswordHash, err = i.firstHash(ctx, n, u, src)
	return u, err
}

// firstTokens logs the new user in, whose password is known to be right.
func (i *Issuer) firstTokens(ctx context.Context, x *exchange, u storage.User) (*TokenResponse, error) {
	a, err := passwordGrant{i}.open(ctx, x, u)
	if err != nil {
		return nil, err
	}
	answer, err := i.issue(ctx, x, a)
	if err != nil {
		return nil, err
	}
	return &answer, nil
}
