package endpoints

import (
	"context"
	"maps"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// listConnectors is GET /api/v1/connectors. It returns all of them in one page.
func listConnectors(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Connectors().List(ctx)
}

var connectorSchema = schema{
	"name": kindString, "issuer": kindString, "client_id": kindString, "client_secret": kindString, "scopes": kindStrings, "prompt": kindString,
	"domains": kindStrings, "authoritative_domains": kindStrings, "create_users": kindBool, "trust_methods": kindBool,
	"username_claim": kindString, "email_claim": kindString, "name_claim": kindString, "role_rules": kindStrings, "disabled": kindBool,
}

// newConnectorSchema has what a connector gets once, too.
func newConnectorSchema() schema {
	s := schema{"id": kindString, "kind": kindString}
	maps.Copy(s, connectorSchema)
	return s
}

func connectorChange(b jsonObject) admin.ConnectorChange {
	c := admin.ConnectorChange{
		Name: b.optString("name"), Issuer: b.optString("issuer"), ClientID: b.optString("client_id"), Scopes: b.optStrings("scopes"), Prompt: b.optString("prompt"),
		Domains: b.optStrings("domains"), AuthoritativeDomains: b.optStrings("authoritative_domains"),
		CreateUsers: b.optBool("create_users"), TrustMethods: b.optBool("trust_methods"),
		UsernameClaim: b.optString("username_claim"), EmailClaim: b.optString("email_claim"), NameClaim: b.optString("name_claim"),
		RoleRules: b.optStrings("role_rules"), Disabled: b.optBool("disabled"),
	}
	if text := b.optString("client_secret"); text != nil {
		secret := issuer.Secret(*text)
		c.Secret = &secret
	}
	return c
}

// createConnector is POST /api/v1/connectors. A repeated request is a duplicate (409).
func createConnector(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(newConnectorSchema())
	if err != nil {
		return nil, err
	}
	c, err := a.Connectors().Create(ctx, b.str("id"), b.str("kind"), connectorChange(b))
	if err != nil {
		return nil, err
	}
	return createdReply(c, c.Revision, pathConnectors+"/"+c.ID), nil
}

// showConnector is GET /api/v1/connectors/{connector}.
func showConnector(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	c, err := a.Connectors().Show(ctx, req.pathParam("connector"))
	if err != nil {
		return nil, err
	}
	return foundReply(c, c.Revision), nil
}

// updateConnector is PATCH /api/v1/connectors/{connector}.
func updateConnector(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(connectorSchema)
	if err != nil {
		return nil, err
	}
	c, err := a.Connectors().Update(ctx, req.pathParam("connector"), connectorChange(b))
	if err != nil {
		return nil, err
	}
	return foundReply(c, c.Revision), nil
}

// deleteConnector is DELETE /api/v1/connectors/{connector}.
func deleteConnector(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Connectors().Delete(ctx, req.pathParam("connector"))
}

// listUserLinks is GET /api/v1/users/{id}/links.
func listUserLinks(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Users().Links(ctx, req.pathParam("id"))
}

// removeUserLink is DELETE /api/v1/users/{id}/links/{link}.
func removeUserLink(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Users().Unlink(ctx, req.pathParam("id"), req.pathParam("link"))
}
