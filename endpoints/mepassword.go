package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// passwordChanger lets a user change their own password.
type passwordChanger interface {
	ChangePassword(ctx context.Context, p *issuer.Principal, old, new issuer.Secret, src issuer.RequestInfo) (issuer.User, error)
}

// changePasswordOperation is POST /me/password.
type changePasswordOperation struct{ issuer passwordChanger }

var _ operation = changePasswordOperation{}

func (o changePasswordOperation) act(ctx context.Context, c *call) (any, error) {
	b, err := c.object(shape{"current_password": aText, "new_password": aText})
	if err != nil {
		return nil, err
	}
	if _, err := o.issuer.ChangePassword(ctx, c.who, b.secret("current_password"), b.secret("new_password"), c.source()); err != nil {
		return nil, err
	}
	return done, nil
}
