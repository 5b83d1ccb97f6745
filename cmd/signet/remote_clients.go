package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/connect"
	"example.org/signet/storage"
)

// remoteClients are the clients of a server.
type remoteClients struct{ api *apiClient }

func (c remoteClients) List(ctx context.Context, p storage.Page) (admin.ClientList, error) {
	return fetchJSON[admin.ClientList](ctx, c.api, withQuery(pathOf("clients"), pageOf(p)))
}

func (c remoteClients) Show(ctx context.Context, id string) (admin.Client, error) {
	return fetchJSON[admin.Client](ctx, c.api, pathOf("clients", id))
}

func (c remoteClients) Connect(ctx context.Context, id, kind string) (connect.Guide, error) {
	return fetchJSON[connect.Guide](ctx, c.api, pathOf("clients", id, "connect", kind))
}

func (c remoteClients) Refusals(ctx context.Context, id string, p storage.Page) (admin.RefusalList, error) {
	return fetchJSON[admin.RefusalList](ctx, c.api, withQuery(pathOf("clients", id, "refusals"), pageOf(p)))
}

// clientMembers are those of a change, but whether it is disabled.
func clientMembers(ch admin.ClientChange) members {
	m := members{}
	put(m, "client_name", ch.Name)
	put(m, "grant_types", ch.Grants)
	if ch.Scopes != nil {
		m["scope"] = strings.Join(*ch.Scopes, " ")
	}
	put(m, "audiences", ch.Audiences)
	put(m, "resources", ch.Resources)
	put(m, "origins", ch.Origins)
	put(m, "id_token_on_refresh", ch.IDTokenOnRefresh)
	put(m, "trust_client_ip", ch.TrustClientIP)
	if ch.InsecurePublicPassword {
		m["insecure_public_password"] = true
	}
	put(m, "redirect_uris", ch.RedirectURIs)
	put(m, "post_logout_redirect_uris", ch.PostLogoutRedirectURIs)
	put(m, "backchannel_logout_uri", ch.BackchannelLogoutURI)
	put(m, "backchannel_logout_session_required", ch.BackchannelSession)
	put(m, "initiate_login_uri", ch.InitiateLoginURI)
	put(m, "require_pkce", ch.RequirePKCE)
	put(m, "consent", ch.Consent)
	put(m, "token_endpoint_auth_method", ch.AuthMethod)
	put(m, "default_max_age", ch.DefaultMaxAge)
	put(m, "allow_localhost", ch.LocalhostPorts)
	put(m, "require_auth_time", ch.RequireAuthTime)
	put(m, "require_authentication", ch.Authentication)
	put(m, "password_grant_without_mfa", ch.PasswordGrantWithoutMFA)
	put(m, "client_uri", ch.HomeURI)
	put(m, "logo_uri", ch.LogoURI)
	put(m, "policy_uri", ch.PolicyURI)
	put(m, "tos_uri", ch.TermsURI)
	put(m, "contacts", ch.Contacts)
	return m
}

func (c remoteClients) Create(ctx context.Context, n admin.NewClient) (admin.Client, error) {
	m := clientMembers(n.Settings)
	m["client_id"] = n.ID
	m.putText("client_secret", secretText(n.Secret))
	if n.Public {
		m["public"] = true
	}
	if n.InsecurePublicPassword {
		m["insecure_public_password"] = true
	}
	return call[admin.Client](ctx, c.api, http.MethodPost, pathOf("clients"), m)
}

// Update disables or enables the client after the rest of the change, by a request of its own.
func (c remoteClients) Update(ctx context.Context, id string, ch admin.ClientChange) (v admin.Client, err error) {
	if m := clientMembers(ch); len(m) > 0 {
		if v, err = call[admin.Client](ctx, c.api, http.MethodPatch, pathOf("clients", id), m); err != nil {
			return v, err
		}
	}
	if ch.Disabled == nil {
		return v, nil
	}
	step := "enable"
	if *ch.Disabled {
		step = "disable"
	}
	return call[admin.Client](ctx, c.api, http.MethodPost, pathOf("clients", id, step), nil)
}

func (c remoteClients) RotateSecret(ctx context.Context, id string, r admin.SecretRotation) (admin.Client, error) {
	m := members{}
	m.putText("client_secret", secretText(r.Secret))
	if r.Overlap != 0 {
		m["overlap"] = int64(r.Overlap / time.Second)
	}
	if r.Revoke {
		m["revoke"] = true
	}
	return call[admin.Client](ctx, c.api, http.MethodPost, pathOf("clients", id, "secret"), m)
}

func (c remoteClients) EndSessions(ctx context.Context, id string) (int64, error) {
	return c.api.end(ctx, admin.SessionQuery{ClientID: id}, pathOf("clients", id, "sessions"))
}

func (c remoteClients) Delete(ctx context.Context, id string) error {
	_, err := c.api.send(ctx, http.MethodDelete, pathOf("clients", id), nil)
	return err
}

// remoteScopes are the texts of scopes at a server.
type remoteScopes struct{ api *apiClient }

func (s remoteScopes) List(ctx context.Context) (admin.ScopeTextList, error) {
	return fetchJSON[admin.ScopeTextList](ctx, s.api, pathOf("scopes"))
}

func (s remoteScopes) Put(ctx context.Context, scope string, texts map[string]string) (admin.ScopeText, error) {
	return call[admin.ScopeText](ctx, s.api, http.MethodPut, pathOf("scopes", scope), members{"texts": texts})
}

func (s remoteScopes) Delete(ctx context.Context, scope string) error {
	_, err := s.api.send(ctx, http.MethodDelete, pathOf("scopes", scope), nil)
	return err
}

// remoteAttributes are the definitions of attributes at a server.
type remoteAttributes struct{ api *apiClient }

func attributeMembers(c admin.AttributeChange) members {
	m := members{}
	put(m, "type", c.Type)
	put(m, "description", c.Description)
	put(m, "max_length", c.MaxLength)
	put(m, "max_count", c.MaxCount)
	put(m, "readers", c.Readers)
	put(m, "writers", c.Writers)
	put(m, "claim", c.Claim)
	put(m, "scope", c.Scope)
	return m
}

func (a remoteAttributes) List(ctx context.Context) (admin.AttributeList, error) {
	return fetchJSON[admin.AttributeList](ctx, a.api, pathOf("attributes"))
}

func (a remoteAttributes) Show(ctx context.Context, name string) (admin.Attribute, error) {
	return fetchJSON[admin.Attribute](ctx, a.api, pathOf("attributes", name))
}

func (a remoteAttributes) Create(ctx context.Context, name string, c admin.AttributeChange) (admin.Attribute, error) {
	m := attributeMembers(c)
	m["name"] = name
	return call[admin.Attribute](ctx, a.api, http.MethodPost, pathOf("attributes"), m)
}

func (a remoteAttributes) Update(ctx context.Context, name string, c admin.AttributeChange) (admin.Attribute, error) {
	return call[admin.Attribute](ctx, a.api, http.MethodPatch, pathOf("attributes", name), attributeMembers(c))
}

func (a remoteAttributes) Delete(ctx context.Context, name string) error {
	_, err := a.api.send(ctx, http.MethodDelete, pathOf("attributes", name), nil)
	return err
}

// remoteAudit is the audit log of a server.
type remoteAudit struct{ api *apiClient }

func (a remoteAudit) List(ctx context.Context, f storage.AuditFilter, p storage.Page) (admin.AuditList, error) {
	m := pageOf(p)
	for name, text := range map[string]string{"type": f.Type, "actor": f.Actor, "target": f.Target, "person": f.Person, "client_id": f.ClientID, "request_id": f.RequestID} {
		m.putText(name, text)
	}
	for name, at := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !at.IsZero() {
			m[name] = at.UTC().Format(time.RFC3339)
		}
	}
	if f.Newest {
		m["sort"] = "-time"
	}
	return fetchJSON[admin.AuditList](ctx, a.api, withQuery(pathOf("audit"), m))
}

// remoteKeys are the signing keys of a server.
type remoteKeys struct{ api *apiClient }

func (k remoteKeys) List(ctx context.Context) (admin.KeyList, error) {
	return fetchJSON[admin.KeyList](ctx, k.api, pathOf("keys"))
}

func (k remoteKeys) Rotate(ctx context.Context, force bool) (admin.KeyRotation, error) {
	var m members
	if force {
		m = members{"force": true}
	}
	return call[admin.KeyRotation](ctx, k.api, http.MethodPost, pathOf("keys", "rotate"), m)
}

func (k remoteKeys) RollBack(ctx context.Context) (admin.KeyRotation, error) {
	return call[admin.KeyRotation](ctx, k.api, http.MethodPost, pathOf("keys", "rollback"), nil)
}

func (k remoteKeys) Revoke(ctx context.Context, kid string) (admin.KeyList, error) {
	return call[admin.KeyList](ctx, k.api, http.MethodPost, pathOf("keys", kid, "revoke"), nil)
}
