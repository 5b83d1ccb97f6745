package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// listRoles is GET /api/v1/roles. There are few, so it has one page.
func listRoles(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	return a.Roles(ctx)
}

var newRoleShape = shape{"name": aText, "description": aText, "scopes": aList, "rank": aNumber}

// createRole is POST /api/v1/roles. Asked again it is a duplicate.
func createRole(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(newRoleShape)
	if err != nil {
		return nil, err
	}
	r, err := a.CreateRole(ctx, b.str("name"), issuer.RoleChange{Description: b.text("description"), Scopes: b.list("scopes"), Rank: b.number("rank")})
	if err != nil {
		return nil, err
	}
	return created(r, r.Revision, "/api/v1/roles/"+r.Name), nil
}

// showRole is GET /api/v1/roles/{name}.
func showRole(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	r, err := a.Role(ctx, c.place("name"))
	if err != nil {
		return nil, err
	}
	return found(r, r.Revision), nil
}

var roleShape = shape{"description": aText, "scopes": aList, "rank": aNumber, "release_scopes": aFlag}

// updateRole is PATCH /api/v1/roles/{name}.
func updateRole(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(roleShape)
	if err != nil {
		return nil, err
	}
	when, err := c.when()
	if err != nil {
		return nil, err
	}
	r, err := a.UpdateRole(ctx, c.place("name"), issuer.RoleChange{
		Description: b.text("description"), Scopes: b.list("scopes"), Rank: b.number("rank"), ReleaseScopes: b.is("release_scopes"),
	}, when)
	if err != nil {
		return nil, err
	}
	return found(r, r.Revision), nil
}

// deleteRole is DELETE /api/v1/roles/{name}.
func deleteRole(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	q, err := c.query("release_scopes")
	if err != nil {
		return nil, err
	}
	release, err := yesOrNo(q, "release_scopes")
	if err != nil {
		return nil, err
	}
	return done, a.DeleteRole(ctx, c.place("name"), release)
}

// yesOrNo reads a flag of a query; one that is not there is no.
func yesOrNo(q map[string]string, name string) (bool, error) {
	switch value, given := q[name]; {
	case !given, value == "false":
		return false, nil
	case value == "true":
		return true, nil
	}
	return false, &issuer.FieldError{Field: name, Reason: "must be true or false"}
}
