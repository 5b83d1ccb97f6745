package main

import (
	"context"
	"net/http"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// Links returns the accounts at other providers of a user of the server.
func (u remoteUsers) Links(ctx context.Context, id string) (admin.LinkList, error) {
	return fetchJSON[admin.LinkList](ctx, u.api, pathOf("users", id, "links"))
}

func (u remoteUsers) Unlink(ctx context.Context, id, linkID string) error {
	_, err := u.api.about("linked account").send(ctx, http.MethodDelete, pathOf("users", id, "links", linkID), nil)
	return err
}

// remoteFactors are the second factors of the users of a server.
type remoteFactors struct{ api *apiClient }

func (f remoteFactors) Show(ctx context.Context, id string) (factor.Summary, error) {
	return fetchJSON[factor.Summary](ctx, f.api, pathOf("users", id, "factors"))
}

func (f remoteFactors) Reset(ctx context.Context, id string) error {
	_, err := f.api.send(ctx, http.MethodDelete, pathOf("users", id, "factors"), nil)
	return err
}

func (f remoteFactors) Demand(ctx context.Context, id string) error {
	_, err := f.api.send(ctx, http.MethodPost, pathOf("users", id, "factors", "demand"), nil)
	return err
}

// remoteConnectors are the connectors of a server.
type remoteConnectors struct{ api *apiClient }

func connectorMembers(c admin.ConnectorChange) members {
	m := members{}
	put(m, "name", c.Name)
	put(m, "issuer", c.Issuer)
	put(m, "client_id", c.ClientID)
	if c.Secret != nil {
		m["client_secret"] = secretText(*c.Secret)
	}
	put(m, "scopes", c.Scopes)
	put(m, "prompt", c.Prompt)
	put(m, "domains", c.Domains)
	put(m, "authoritative_domains", c.AuthoritativeDomains)
	put(m, "create_users", c.CreateUsers)
	put(m, "trust_methods", c.TrustMethods)
	put(m, "username_claim", c.UsernameClaim)
	put(m, "email_claim", c.EmailClaim)
	put(m, "name_claim", c.NameClaim)
	put(m, "role_rules", c.RoleRules)
	put(m, "disabled", c.Disabled)
	return m
}

func (c remoteConnectors) List(ctx context.Context) (admin.ConnectorList, error) {
	return fetchJSON[admin.ConnectorList](ctx, c.api, pathOf("connectors"))
}

func (c remoteConnectors) Show(ctx context.Context, id string) (admin.Connector, error) {
	return fetchJSON[admin.Connector](ctx, c.api, pathOf("connectors", id))
}

func (c remoteConnectors) Create(ctx context.Context, id, kind string, ch admin.ConnectorChange) (admin.Connector, error) {
	m := connectorMembers(ch)
	m["id"], m["kind"] = id, kind
	return call[admin.Connector](ctx, c.api, http.MethodPost, pathOf("connectors"), m)
}

func (c remoteConnectors) Update(ctx context.Context, id string, ch admin.ConnectorChange) (admin.Connector, error) {
	return call[admin.Connector](ctx, c.api, http.MethodPatch, pathOf("connectors", id), connectorMembers(ch))
}

func (c remoteConnectors) Delete(ctx context.Context, id string) error {
	_, err := c.api.send(ctx, http.MethodDelete, pathOf("connectors", id), nil)
	return err
}

// remoteBrowsers are the browser sessions and the consents of the users of a server.
type remoteBrowsers struct{ api *apiClient }

func (b remoteBrowsers) Sessions(ctx context.Context, id string) (admin.BrowserSessionList, error) {
	return fetchJSON[admin.BrowserSessionList](ctx, b.api, pathOf("users", id, "browser-sessions"))
}

func (b remoteBrowsers) List(ctx context.Context, p storage.Page) (admin.BrowserSessionPage, error) {
	return fetchJSON[admin.BrowserSessionPage](ctx, b.api, withQuery(pathOf("browser-sessions"), pageOf(p)))
}

func (b remoteBrowsers) EndSession(ctx context.Context, id, handle string) error {
	_, err := b.api.send(ctx, http.MethodDelete, pathOf("users", id, "browser-sessions", handle), nil)
	return err
}

func (b remoteBrowsers) EndSessions(ctx context.Context, id string) error {
	_, err := b.api.send(ctx, http.MethodDelete, pathOf("users", id, "browser-sessions"), nil)
	return err
}

func (b remoteBrowsers) Consents(ctx context.Context, id string, p storage.Page) (admin.ConsentList, error) {
	return fetchJSON[admin.ConsentList](ctx, b.api, withQuery(pathOf("users", id, "consents"), pageOf(p)))
}

func (b remoteBrowsers) RevokeConsent(ctx context.Context, id, clientID string) error {
	_, err := b.api.about("consent").send(ctx, http.MethodDelete, pathOf("users", id, "consents", clientID), nil)
	return err
}
