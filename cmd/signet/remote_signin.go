package main

import (
	"context"
	"net/http"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/factor"
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
