package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// listUsers is GET /api/v1/users.
func listUsers(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	page, q, err := c.page("prefix", "role")
	if err != nil {
		return nil, err
	}
	return a.Users(ctx, storage.UserFilter{Prefix: q["prefix"], Role: q["role"]}, page)
}

var newUserShape = shape{
	"username": aText, "email": aText, "password": aText, "full_name": aText, "phone": aText, "roles": aList, "disabled": aFlag,
}

// createUser is POST /api/v1/users. Asked again it is a duplicate.
func createUser(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(newUserShape)
	if err != nil {
		return nil, err
	}
	n := issuer.NewUser{
		Username: b.str("username"), Email: b.str("email"), FullName: b.str("full_name"), Phone: b.str("phone"),
		Password: b.secret("password"), Disabled: b.is("disabled"),
	}
	if roles := b.list("roles"); roles != nil {
		n.Roles = *roles
	}
	u, err := a.CreateUser(ctx, n)
	if err != nil {
		return nil, err
	}
	return created(u, u.Revision, "/api/v1/users/"+u.ID), nil
}

// oneUser answers with what became of a user.
func oneUser(u issuer.User, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return found(u, u.Revision), nil
}

// showUser is GET /api/v1/users/{id}.
func showUser(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	return oneUser(a.User(ctx, c.place("id")))
}

var userShape = shape{"username": aText, "email": aText, "full_name": aText, "phone": aText, "roles": aList}

// updateUser is PATCH /api/v1/users/{id}.
func updateUser(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(userShape)
	if err != nil {
		return nil, err
	}
	when, err := c.when()
	if err != nil {
		return nil, err
	}
	return oneUser(a.UpdateUser(ctx, c.place("id"), issuer.UserChange{
		Username: b.text("username"), Email: b.text("email"), FullName: b.text("full_name"), Phone: b.text("phone"), Roles: b.list("roles"),
	}, when))
}

// disableUser is POST /api/v1/users/{id}/disable.
func disableUser(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return oneUser(a.DisableUser(ctx, c.place("id")))
}

// enableUser is POST /api/v1/users/{id}/enable.
func enableUser(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return oneUser(a.EnableUser(ctx, c.place("id")))
}

// setUserPassword is POST /api/v1/users/{id}/password.
func setUserPassword(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(shape{"password": aText})
	if err != nil {
		return nil, err
	}
	return oneUser(a.SetPassword(ctx, c.place("id"), b.secret("password")))
}

// deleteUser is DELETE /api/v1/users/{id}.
func deleteUser(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return done, a.DeleteUser(ctx, c.place("id"))
}

// listUserSessions is GET /api/v1/users/{id}/sessions.
func listUserSessions(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	page, _, err := c.page()
	if err != nil {
		return nil, err
	}
	return a.UserSessions(ctx, c.place("id"), page)
}

// endUserSessions is DELETE /api/v1/users/{id}/sessions.
func endUserSessions(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return done, a.EndUserSessions(ctx, c.place("id"))
}
