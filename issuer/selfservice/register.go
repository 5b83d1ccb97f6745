package selfservice

import (
	"context"
	"errors"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// RegisterRequest creates an account. An empty field is an absent one.
type RegisterRequest struct {
	Client issuer.ClientAuth // zero for none
	User   admin.NewUser     // names and password; everything else is ignored

	// Login asks for tokens too, as the password grant would give them to the client for this
	// Scope and Resource.
	Login    bool
	Scope    string
	Resource string

	Info issuer.RequestInfo
}

// Registration is the new user and, where asked for, the tokens.
type Registration struct {
	admin.User
	Token *issuer.TokenResponse `json:"token,omitempty"`

	// NoToken is why tokens asked for are missing. The account exists all the same, so the
	// person can log in later.
	NoToken error `json:"-"`
}

var (
	errRegistrationClosed = &issuer.Error{Code: issuer.AccessDenied, Description: "registration is closed here: ask an administrator for an account"}
	errInvalidClient      = &issuer.Error{Code: issuer.InvalidClient, Description: "client authentication failed", Cause: errors.New("registration needs a client with a secret")}
)

// Register creates an account for whoever asks, as the policy allows. Errors are *issuer.Error,
// *issuer.FieldError, issuer.FieldErrors and *storage.DuplicateError.
func (s *Service) Register(ctx context.Context, r RegisterRequest) (Registration, error) {
	login, err := s.check(ctx, &r)
	if err != nil {
		return Registration{}, err
	}
	counted, err := s.throttler.Count(ctx, issuer.Attempt{Kind: issuer.AttemptRegistration, Client: r.Client.ID, Info: r.Info})
	if err != nil {
		return Registration{}, err
	}
	u, err := s.accounts.Register(ctx, r.User, r.Client.ID, r.Info)
	if err = counted.Settle(ctx, err); err != nil {
		return Registration{}, err
	}
	response := Registration{User: admin.View(u)}
	s.askConfirmation(ctx, response.User, r.Info)
	if login == nil {
		return response, nil
	}
	tokens, err := s.tokens.LogIn(ctx, login, u)
	if err != nil {
		response.NoToken = err
	} else {
		response.Token = &tokens
	}
	return response, nil
}

// check checks the policy and, where a client is named or needed, the client; for tokens also
// what the token endpoint would check. The CheckedLogin is nil where no tokens are asked for. The
// request gets the user's address, as far as the client is trusted with it.
func (s *Service) check(ctx context.Context, r *RegisterRequest) (*issuer.CheckedLogin, error) {
	if s.policy != RegistrationOpen && s.policy != RegistrationClient {
		return nil, errRegistrationClosed
	}
	if r.Login {
		login, err := s.tokens.CheckLogin(ctx, issuer.TokenRequest{Client: r.Client, Scope: r.Scope, Resource: r.Resource, Info: r.Info})
		if err != nil {
			return nil, err
		}
		if r.Info = login.Info(); s.policy == RegistrationClient && login.Public() {
			return nil, errInvalidClient
		}
		return login, nil
	}
	if s.policy == RegistrationOpen && r.Client == (issuer.ClientAuth{}) {
		return nil, nil
	}
	client, err := s.tokens.AuthenticateClient(ctx, r.Client, r.Info)
	if err == nil && s.policy == RegistrationClient && client.Public {
		err = errInvalidClient // anybody can present a public client's id
	}
	if err == nil {
		r.Info, err = r.Info.Through(client)
	}
	return nil, err
}
