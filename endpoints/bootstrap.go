package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// bootstrapper makes the first super_admin.
type bootstrapper interface {
	Bootstrap(ctx context.Context, r issuer.BootstrapRequest) (issuer.User, error)
}

// bootstrapOperation is POST /api/v1/bootstrap, for whoever has the secret that
// the operator gave the server.
type bootstrapOperation struct{ issuer bootstrapper }

var _ operation = bootstrapOperation{}

func (o bootstrapOperation) act(ctx context.Context, c *call) (any, error) {
	b, err := c.object(shape{"secret": aText, "username": aText, "email": aText, "password": aText, "full_name": aText, "phone": aText})
	if err != nil {
		return nil, err
	}
	u, err := o.issuer.Bootstrap(ctx, issuer.BootstrapRequest{
		Secret: b.secret("secret"), Info: c.source(),
		User: issuer.NewUser{
			Username: b.str("username"), Email: b.str("email"), FullName: b.str("full_name"), Phone: b.str("phone"), Password: b.secret("password"),
		},
	})
	if err != nil {
		return nil, err
	}
	return created(u, u.Revision, "/api/v1/users/"+u.ID), nil
}
