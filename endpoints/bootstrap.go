package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
)

// bootstrapper makes the first super_admin.
type bootstrapper interface {
	Bootstrap(ctx context.Context, r admin.BootstrapRequest) (admin.User, error)
	AwaitsBootstrap(ctx context.Context) (bool, error)
}

// bootstrapHandler is POST /api/v1/bootstrap, for whoever has the secret that
// the operator gave the server.
type bootstrapHandler struct{ admin bootstrapper }

var _ apiHandler = bootstrapHandler{}

func (h bootstrapHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"secret": kindString, "username": kindString, "email": kindString, "password": kindString, "full_name": kindString, "phone": kindString})
	if err != nil {
		return nil, err
	}
	u, err := h.admin.Bootstrap(ctx, admin.BootstrapRequest{
		Secret: b.secret("secret"), Info: req.source(),
		User: admin.NewUser{
			Username: b.str("username"), Email: b.str("email"), FullName: b.str("full_name"), Phone: b.str("phone"), Password: b.secret("password"),
		},
	})
	if err != nil {
		return nil, err
	}
	return createdReply(u, u.Revision, "/api/v1/users/"+u.ID), nil
}
