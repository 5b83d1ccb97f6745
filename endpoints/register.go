package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// registrar makes accounts.
type registrar interface {
	Register(ctx context.Context, r issuer.RegisterRequest) (issuer.Registration, error)
}

// registerOperation is POST /register.
type registerOperation struct{ issuer registrar }

var _ operation = registerOperation{}

var registerShape = shape{
	"username": aText, "email": aText, "password": aText, "full_name": aText, "phone": aText,
	"login": aFlag, "scope": aText, "resource": aText, "client_id": aText, "client_secret": aText,
}

func (o registerOperation) act(ctx context.Context, c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	b, err := c.object(registerShape)
	if err != nil {
		return nil, err
	}
	// The members are those of the token endpoint's form, and mean the same.
	client, err := clientAuth(c.r, form{"client_id": b.str("client_id"), "client_secret": b.str("client_secret")})
	if err != nil {
		return nil, err
	}
	if client == (issuer.ClientAuth{Method: issuer.AuthNone}) {
		client = issuer.ClientAuth{}
	}
	answer, err := o.issuer.Register(ctx, issuer.RegisterRequest{
		Client: client,
		User: issuer.NewUser{
			Username: b.str("username"), Email: b.str("email"), FullName: b.str("full_name"), Phone: b.str("phone"), Password: b.secret("password"),
		},
		Login: b.is("login"), Scope: b.str("scope"), Resource: b.str("resource"), Info: c.source(),
	})
	if err != nil {
		return nil, err
	}
	c.e.clientID, c.e.cause = client.ID, answer.NoToken
	return created(answer, answer.Revision, ""), nil
}
