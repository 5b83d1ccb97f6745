package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// listRoles is GET /api/v1/roles. It returns all of them in one page.
func listRoles(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Roles().List(ctx)
}

var newRoleSchema = schema{"name": kindString, "description": kindString, "scopes": kindStrings, "rank": kindInt, "require_authentication": kindString}

// createRole is POST /api/v1/roles. A repeated request is a duplicate (409).
func createRole(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(newRoleSchema)
	if err != nil {
		return nil, err
	}
	r, err := a.Roles().Create(ctx, b.str("name"), admin.RoleChange{Description: b.optString("description"), Scopes: b.optStrings("scopes"), Rank: b.optInt("rank"), Authentication: b.optString("require_authentication")})
	if err != nil {
		return nil, err
	}
	return createdReply(r, r.Revision, "/api/v1/roles/"+r.Name), nil
}

// showRole is GET /api/v1/roles/{name}.
func showRole(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	r, err := a.Roles().Show(ctx, req.pathParam("name"))
	if err != nil {
		return nil, err
	}
	return foundReply(r, r.Revision), nil
}

var roleSchema = schema{"name": kindString, "description": kindString, "scopes": kindStrings, "rank": kindInt, "require_authentication": kindString, "release_scopes": kindBool}

// updateRole is PATCH /api/v1/roles/{name}.
func updateRole(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(roleSchema)
	if err != nil {
		return nil, err
	}
	if name := b.optString("name"); name != nil {
		if len(b) > 1 {
			return nil, &issuer.FieldError{Field: "name", Reason: "is changed alone: change the rest before or after"}
		}
		renamed, err := a.Roles().Rename(ctx, req.pathParam("name"), *name)
		return foundReply(renamed.Role, renamed.Role.Revision), err
	}
	r, err := a.Roles().Update(ctx, req.pathParam("name"), admin.RoleChange{
		Description: b.optString("description"), Scopes: b.optStrings("scopes"), Rank: b.optInt("rank"), Authentication: b.optString("require_authentication"), ReleaseScopes: b.isTrue("release_scopes"),
	})
	if err != nil {
		return nil, err
	}
	return foundReply(r, r.Revision), nil
}

// deleteRole is DELETE /api/v1/roles/{name}.
func deleteRole(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	q, err := req.query("release_scopes")
	if err != nil {
		return nil, err
	}
	release, err := boolParam(q, "release_scopes")
	if err != nil {
		return nil, err
	}
	return emptyReply, a.Roles().Delete(ctx, req.pathParam("name"), release)
}

// boolParam parses a flag of the query; an absent one is false.
func boolParam(q map[string]string, name string) (bool, error) {
	flag, err := optBoolParam(q, name)
	return flag != nil && *flag, err
}

// optBoolParam parses a flag of the query; an absent one is nil.
func optBoolParam(q map[string]string, name string) (*bool, error) {
	value, given := q[name]
	flag := value == "true"
	switch {
	case !given:
		return nil, nil
	case flag, value == "false":
		return &flag, nil
	}
	return nil, &issuer.FieldError{Field: name, Reason: "must be true or false"}
}
