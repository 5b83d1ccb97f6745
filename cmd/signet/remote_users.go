package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"example.org/signet/issuer/account"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// remoteUsers are the users of a server.
type remoteUsers struct{ api *apiClient }

// Find looks a username or e-mail up by the listing, which has no other way.
func (u remoteUsers) Find(ctx context.Context, ref string) (admin.User, error) {
	if account.LooksLikeID(ref) {
		return u.Show(ctx, ref)
	}
	missing := fmt.Errorf("user: %w", storage.ErrNotFound)
	name, err := account.LoginName(ref)
	if err != nil {
		return admin.User{}, missing
	}
	for p := (storage.Page{}); ; {
		list, err := u.List(ctx, admin.UserQuery{Prefix: name}, p)
		if err != nil {
			return admin.User{}, err
		}
		for _, one := range list.Items {
			if strings.EqualFold(one.Username, name) || strings.EqualFold(one.Email, name) {
				return u.Show(ctx, one.ID)
			}
		}
		if p.After = list.Next; p.After == "" {
			return admin.User{}, missing
		}
	}
}

func (u remoteUsers) Show(ctx context.Context, id string) (admin.User, error) {
	return fetchJSON[admin.User](ctx, u.api, pathOf("users", id))
}

func (u remoteUsers) Diagnose(ctx context.Context, id string) (admin.Diagnosis, error) {
	return fetchJSON[admin.Diagnosis](ctx, u.api, pathOf("users", id, "diagnosis"))
}

func (u remoteUsers) List(ctx context.Context, q admin.UserQuery, p storage.Page) (admin.UserList, error) {
	return fetchJSON[admin.UserList](ctx, u.api, withQuery(pathOf("users"), userParameters(q, p)))
}

// userParameters are those that select users.
func userParameters(q admin.UserQuery, p storage.Page) members {
	m := pageOf(p)
	m.putText("prefix", q.Prefix)
	m.putText("role", q.Role)
	m.putText("sort", q.Sort)
	put(m, "disabled", q.Disabled)
	put(m, "must_change_password", q.MustChangePassword)
	return m
}

func bulkMembers(c admin.BulkChange) members {
	m := members{"action": string(c.Action)}
	m.putText("role", c.Role)
	return m
}

func (u remoteUsers) ChangeEach(ctx context.Context, c admin.BulkChange, ids []string) (admin.BulkReport, error) {
	m := bulkMembers(c)
	m["ids"] = ids
	return call[admin.BulkReport](ctx, u.api, http.MethodPost, pathOf("users", "bulk"), m)
}

func (u remoteUsers) ChangeSelected(ctx context.Context, c admin.BulkChange, q admin.UserQuery, p storage.Page) (admin.BulkReport, error) {
	m := bulkMembers(c)
	if q == (admin.UserQuery{Sort: q.Sort}) {
		m["everybody"] = true
	}
	return call[admin.BulkReport](ctx, u.api, http.MethodPost, withQuery(pathOf("users", "bulk"), userParameters(q, p)), m)
}

func (u remoteUsers) Create(ctx context.Context, n admin.NewUser) (admin.User, error) {
	m := members{"username": n.Username}
	for name, text := range map[string]string{"email": n.Email, "full_name": n.FullName, "phone": n.Phone, "password": secretText(n.Password)} {
		m.putText(name, text)
	}
	for name, set := range map[string]bool{"disabled": n.Disabled, "email_verified": n.EmailVerified, "must_change_password": n.MustChangePassword} {
		if set {
			m[name] = true
		}
	}
	if len(n.Roles) > 0 {
		m["roles"] = n.Roles
	}
	if len(n.Attributes) > 0 {
		m["attributes"] = n.Attributes
	}
	return call[admin.User](ctx, u.api, http.MethodPost, pathOf("users"), m)
}

func (u remoteUsers) Update(ctx context.Context, id string, c admin.UserChange) (admin.User, error) {
	m := members{}
	put(m, "username", c.Username)
	put(m, "email", c.Email)
	put(m, "full_name", c.FullName)
	put(m, "phone", c.Phone)
	put(m, "roles", c.Roles)
	put(m, "email_verified", c.EmailVerified)
	put(m, "must_change_password", c.MustChangePassword)
	put(m, "attributes", c.Attributes)
	return call[admin.User](ctx, u.api, http.MethodPatch, pathOf("users", id), m)
}

func (u remoteUsers) SetPassword(ctx context.Context, id string, n admin.NewPassword) (admin.User, error) {
	m := members{"password": secretText(n.Password)}
	put(m, "must_change_password", n.MustChange)
	return call[admin.User](ctx, u.api, http.MethodPost, pathOf("users", id, "password"), m)
}

func (u remoteUsers) Delete(ctx context.Context, id string) error {
	_, err := u.api.send(ctx, http.MethodDelete, pathOf("users", id), nil)
	return err
}

func (u remoteUsers) Disable(ctx context.Context, id string) (admin.User, error) {
	return call[admin.User](ctx, u.api, http.MethodPost, pathOf("users", id, "disable"), nil)
}

func (u remoteUsers) Enable(ctx context.Context, id string) (admin.User, error) {
	return call[admin.User](ctx, u.api, http.MethodPost, pathOf("users", id, "enable"), nil)
}

func (u remoteUsers) Unlock(ctx context.Context, id string) (admin.User, error) {
	return call[admin.User](ctx, u.api, http.MethodPost, pathOf("users", id, "unlock"), nil)
}

func (u remoteUsers) EndSessions(ctx context.Context, id string) (int64, error) {
	return u.api.end(ctx, admin.SessionQuery{UserID: id}, pathOf("users", id, "sessions"))
}

// remoteRoles are the roles of a server.
type remoteRoles struct{ api *apiClient }

func roleMembers(c admin.RoleChange) members {
	m := members{}
	put(m, "description", c.Description)
	put(m, "scopes", c.Scopes)
	put(m, "rank", c.Rank)
	put(m, "require_authentication", c.Authentication)
	return m
}

func (r remoteRoles) List(ctx context.Context) (admin.RoleList, error) {
	return fetchJSON[admin.RoleList](ctx, r.api, pathOf("roles"))
}

func (r remoteRoles) Show(ctx context.Context, name string) (admin.Role, error) {
	return fetchJSON[admin.Role](ctx, r.api, pathOf("roles", name))
}

func (r remoteRoles) Create(ctx context.Context, name string, c admin.RoleChange) (admin.Role, error) {
	m := roleMembers(c)
	m["name"] = name
	return call[admin.Role](ctx, r.api, http.MethodPost, pathOf("roles"), m)
}

func (r remoteRoles) Update(ctx context.Context, name string, c admin.RoleChange) (admin.Role, error) {
	m := roleMembers(c)
	if c.ReleaseScopes {
		m["release_scopes"] = true
	}
	return call[admin.Role](ctx, r.api, http.MethodPatch, pathOf("roles", name), m)
}

// Rename does not tell how many holders moved: the API does not say.
func (r remoteRoles) Rename(ctx context.Context, old, name string) (admin.RoleRename, error) {
	v, err := call[admin.Role](ctx, r.api, http.MethodPatch, pathOf("roles", old), members{"name": name})
	return admin.RoleRename{Role: v}, err
}

func (r remoteRoles) Delete(ctx context.Context, name string, release bool) error {
	m := members{}
	if release {
		m["release_scopes"] = "true"
	}
	_, err := r.api.send(ctx, http.MethodDelete, withQuery(pathOf("roles", name), m), nil)
	return err
}

// remoteSessions are the sessions of a server.
type remoteSessions struct{ api *apiClient }

func (s remoteSessions) List(ctx context.Context, q admin.SessionQuery, p storage.Page) (admin.SessionList, error) {
	m := pageOf(p)
	for name, text := range map[string]string{"user_id": q.UserID, "client_id": q.ClientID, "network": q.Network, "device": q.Device} {
		m.putText(name, text)
	}
	if q.Active || q.Ended {
		m["active"] = q.Active
	}
	return fetchJSON[admin.SessionList](ctx, s.api, withQuery(pathOf("sessions"), m))
}

func (s remoteSessions) End(ctx context.Context, sid string) error {
	_, err := s.api.send(ctx, http.MethodDelete, pathOf("sessions", sid), nil)
	return err
}

func (s remoteSessions) EndAll(ctx context.Context) (int64, error) {
	return s.api.end(ctx, admin.SessionQuery{}, pathOf("sessions"))
}
