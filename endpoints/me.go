package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// profileKeeper shows and changes the user who asks.
type profileKeeper interface {
	Me(p *issuer.Principal) issuer.User
	UpdateMe(ctx context.Context, p *issuer.Principal, c issuer.UserChange, when issuer.Precondition, src issuer.RequestInfo) (issuer.User, error)
}

// meOperation is GET /me.
type meOperation struct{ issuer profileKeeper }

var _ operation = meOperation{}

func (o meOperation) act(_ context.Context, c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	u := o.issuer.Me(c.who)
	return found(u, u.Revision), nil
}

// updateMeOperation is PATCH /me.
type updateMeOperation struct{ issuer profileKeeper }

var _ operation = updateMeOperation{}

var profileShape = shape{"username": aText, "email": aText, "full_name": aText, "phone": aText}

func (o updateMeOperation) act(ctx context.Context, c *call) (any, error) {
	b, err := c.object(profileShape)
	if err != nil {
		return nil, err
	}
	when, err := c.when()
	if err != nil {
		return nil, err
	}
	u, err := o.issuer.UpdateMe(ctx, c.who, issuer.UserChange{
		Username: b.text("username"), Email: b.text("email"), FullName: b.text("full_name"), Phone: b.text("phone"),
	}, when, c.source())
	if err != nil {
		return nil, err
	}
	return found(u, u.Revision), nil
}
