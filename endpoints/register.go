package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/selfservice"
)

// registrar creates accounts.
type registrar interface {
	Register(ctx context.Context, r selfservice.RegisterRequest) (selfservice.Registration, error)
}

// registerHandler is POST /register.
type registerHandler struct{ service registrar }

var _ apiHandler = registerHandler{}

var registerSchema = schema{
	"username": kindString, "email": kindString, "password": kindString, "full_name": kindString, "phone": kindString,
	"login": kindBool, "scope": kindString, "resource": kindString, "client_id": kindString, "client_secret": kindString,
}

func (h registerHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	b, err := req.decodeBody(registerSchema)
	if err != nil {
		return nil, err
	}
	// The members are those of the token endpoint's form, and mean the same.
	client, err := clientAuth(req.r, form{"client_id": b.str("client_id"), "client_secret": b.str("client_secret")})
	if err != nil {
		return nil, err
	}
	if client == (issuer.ClientAuth{Method: issuer.AuthNone}) {
		client = issuer.ClientAuth{}
	}
	registration, err := h.service.Register(ctx, selfservice.RegisterRequest{
		Client: client,
		User: admin.NewUser{
			Username: b.str("username"), Email: b.str("email"), FullName: b.str("full_name"), Phone: b.str("phone"), Password: b.secret("password"),
		},
		Login: b.isTrue("login"), Scope: b.str("scope"), Resource: b.str("resource"), Info: req.source(),
	})
	if err != nil {
		req.e.setClient(client.ID, err)
		return nil, err
	}
	req.e.clientID, req.e.cause = client.ID, registration.NoToken
	return createdReply(registration, registration.Revision, ""), nil
}
