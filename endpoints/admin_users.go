package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
)

// listUsers is GET /api/v1/users.
func listUsers(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, q, err := req.page(userFilters...)
	if err != nil {
		return nil, err
	}
	query, err := userQueryOf(q)
	if err != nil {
		return nil, err
	}
	return a.Users().List(ctx, query, page)
}

var newUserSchema = schema{
	"username": kindString, "email": kindString, "password": kindString, "full_name": kindString, "phone": kindString, "roles": kindStrings, "disabled": kindBool,
	"email_verified": kindBool, "must_change_password": kindBool, "attributes": kindAttributes,
}

// createUser is POST /api/v1/users. A repeated request is a duplicate (409).
func createUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(newUserSchema)
	if err != nil {
		return nil, err
	}
	n := admin.NewUser{
		Username: b.str("username"), Email: b.str("email"), FullName: b.str("full_name"), Phone: b.str("phone"),
		Password: b.secret("password"), Disabled: b.isTrue("disabled"), EmailVerified: b.isTrue("email_verified"),
		MustChangePassword: b.isTrue("must_change_password"),
	}
	if roles := b.optStrings("roles"); roles != nil {
		n.Roles = *roles
	}
	if attributes := b.optAttributes("attributes"); attributes != nil {
		n.Attributes = *attributes
	}
	u, err := a.Users().Create(ctx, n)
	if err != nil {
		return nil, err
	}
	return createdReply(u, u.Revision, "/api/v1/users/"+u.ID), nil
}

// userReply replies with the user.
func userReply(u admin.User, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return foundReply(u, u.Revision), nil
}

// showUser is GET /api/v1/users/{id}.
func showUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return userReply(a.Users().Show(ctx, req.pathParam("id")))
}

var userSchema = schema{
	"username": kindString, "email": kindString, "full_name": kindString, "phone": kindString, "roles": kindStrings, "email_verified": kindBool,
	"must_change_password": kindBool, "attributes": kindAttributes,
}

// updateUser is PATCH /api/v1/users/{id}.
func updateUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(userSchema)
	if err != nil {
		return nil, err
	}
	return userReply(a.Users().Update(ctx, req.pathParam("id"), admin.UserChange{
		Username: b.optString("username"), Email: b.optString("email"), FullName: b.optString("full_name"), Phone: b.optString("phone"), Roles: b.optStrings("roles"),
		EmailVerified: b.optBool("email_verified"), MustChangePassword: b.optBool("must_change_password"),
		Attributes: b.optAttributes("attributes"),
	}))
}

// disableUser is POST /api/v1/users/{id}/disable.
func disableUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return userReply(a.Users().Disable(ctx, req.pathParam("id")))
}

// enableUser is POST /api/v1/users/{id}/enable.
func enableUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return userReply(a.Users().Enable(ctx, req.pathParam("id")))
}

// unlockUser is POST /api/v1/users/{id}/unlock.
func unlockUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return userReply(a.Users().Unlock(ctx, req.pathParam("id")))
}

// diagnoseUser is GET /api/v1/users/{id}/diagnosis.
func diagnoseUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Users().Diagnose(ctx, req.pathParam("id"))
}

// setUserPassword is POST /api/v1/users/{id}/password.
func setUserPassword(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"password": kindString, "must_change_password": kindBool})
	if err != nil {
		return nil, err
	}
	return userReply(a.Users().SetPassword(ctx, req.pathParam("id"), admin.NewPassword{Password: b.secret("password"), MustChange: b.optBool("must_change_password")}))
}

// deleteUser is DELETE /api/v1/users/{id}.
func deleteUser(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Users().Delete(ctx, req.pathParam("id"))
}

// listUserSessions is GET /api/v1/users/{id}/sessions.
func listUserSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, _, err := req.page()
	if err != nil {
		return nil, err
	}
	return a.Users().Sessions(ctx, req.pathParam("id"), page)
}

// endUserSessions is DELETE /api/v1/users/{id}/sessions.
func endUserSessions(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	_, err := a.Users().EndSessions(ctx, req.pathParam("id"))
	return emptyReply, err
}
