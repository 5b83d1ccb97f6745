package endpoints

import (
	"context"
	"strings"
	"time"

	"example.org/signet/issuer/admin"
)

// listClients is GET /api/v1/clients.
func listClients(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, _, err := req.page()
	if err != nil {
		return nil, err
	}
	return a.Clients().List(ctx, page)
}

// clientSchema lists the members of a client that can be changed, named as in
// RFC 7591 §2 where it has them.
var clientSchema = schema{
	"client_name": kindString, "grant_types": kindStrings, "scope": kindString, "audiences": kindStrings, "resources": kindStrings, "origins": kindStrings,
	"id_token_on_refresh": kindBool, "trust_client_ip": kindBool, "insecure_public_password": kindBool,

	"redirect_uris": kindStrings, "post_logout_redirect_uris": kindStrings, "backchannel_logout_uri": kindString, "backchannel_logout_session_required": kindBool,
	"initiate_login_uri": kindString, "require_pkce": kindBool, "consent": kindString, "token_endpoint_auth_method": kindString,
	"default_max_age": kindInt, "allow_localhost": kindBool, "require_auth_time": kindBool,
	"require_authentication": kindString, "password_grant_without_mfa": kindBool,

	"client_uri": kindString, "logo_uri": kindString, "policy_uri": kindString, "tos_uri": kindString, "contacts": kindStrings,
}

var newClientSchema = func() schema {
	s := schema{"client_id": kindString, "client_secret": kindString, "public": kindBool}
	for name, k := range clientSchema {
		s[name] = k
	}
	return s
}()

func clientChange(b jsonObject) admin.ClientChange {
	ch := admin.ClientChange{
		Name: b.optString("client_name"), Grants: b.optStrings("grant_types"), Audiences: b.optStrings("audiences"), Resources: b.optStrings("resources"),
		Origins: b.optStrings("origins"), IDTokenOnRefresh: b.optBool("id_token_on_refresh"), TrustClientIP: b.optBool("trust_client_ip"),
		InsecurePublicPassword: b.isTrue("insecure_public_password"),
		ClientSignInChange: admin.ClientSignInChange{
			RedirectURIs: b.optStrings("redirect_uris"), PostLogoutRedirectURIs: b.optStrings("post_logout_redirect_uris"),
			BackchannelLogoutURI: b.optString("backchannel_logout_uri"), BackchannelSession: b.optBool("backchannel_logout_session_required"),
			InitiateLoginURI: b.optString("initiate_login_uri"), RequirePKCE: b.optBool("require_pkce"), Consent: b.optString("consent"),
			AuthMethod: b.optString("token_endpoint_auth_method"), DefaultMaxAge: b.optInt("default_max_age"),
			LocalhostPorts: b.optBool("allow_localhost"), RequireAuthTime: b.optBool("require_auth_time"),
			Authentication: b.optString("require_authentication"), PasswordGrantWithoutMFA: b.optBool("password_grant_without_mfa"),
		},
		ClientDisplayChange: admin.ClientDisplayChange{
			HomeURI: b.optString("client_uri"), LogoURI: b.optString("logo_uri"), PolicyURI: b.optString("policy_uri"), TermsURI: b.optString("tos_uri"),
			Contacts: b.optStrings("contacts"),
		},
	}
	if scope := b.optString("scope"); scope != nil {
		scopes := strings.Fields(*scope)
		ch.Scopes = &scopes
	}
	return ch
}

// createClient is POST /api/v1/clients. A repeated request is a duplicate (409). A secret
// whose response was lost is replaced by POST …/secret.
func createClient(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(newClientSchema)
	if err != nil {
		return nil, err
	}
	v, err := a.Clients().Create(ctx, admin.NewClient{
		ID: b.str("client_id"), Public: b.isTrue("public"), Secret: b.secret("client_secret"),
		InsecurePublicPassword: b.isTrue("insecure_public_password"), Settings: clientChange(b),
	})
	if err != nil {
		return nil, err
	}
	return createdReply(v, v.Revision, "/api/v1/clients/"+v.ID), nil
}

// clientReply replies with the client.
func clientReply(v admin.Client, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return foundReply(v, v.Revision), nil
}

// showClient is GET /api/v1/clients/{client_id}.
func showClient(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return clientReply(a.Clients().Show(ctx, req.pathParam("client_id")))
}

// updateClient is PATCH /api/v1/clients/{client_id}.
func updateClient(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(clientSchema)
	if err != nil {
		return nil, err
	}
	return clientReply(a.Clients().Update(ctx, req.pathParam("client_id"), clientChange(b)))
}

// rotateSecret is POST /api/v1/clients/{client_id}/secret. With If-Match, a retry
// after the first request has succeeded changes nothing (412).
func rotateSecret(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"client_secret": kindString, "overlap": kindInt, "revoke": kindBool})
	if err != nil {
		return nil, err
	}
	r := admin.SecretRotation{Secret: b.secret("client_secret"), Revoke: b.isTrue("revoke")}
	if seconds := b.optInt("overlap"); seconds != nil {
		r.Overlap = secondsToDuration(*seconds)
	}
	return clientReply(a.Clients().RotateSecret(ctx, req.pathParam("client_id"), r))
}

// secondsToDuration saturates instead of overflowing.
func secondsToDuration(n int64) time.Duration {
	const most = int64(time.Duration(1<<63-1) / time.Second)
	return time.Duration(max(-most, min(n, most))) * time.Second
}

// disableClient is POST /api/v1/clients/{client_id}/disable.
func disableClient(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	return setClientDisabled(ctx, a, req, true)
}

// enableClient is POST /api/v1/clients/{client_id}/enable.
func enableClient(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	return setClientDisabled(ctx, a, req, false)
}

func setClientDisabled(ctx context.Context, a *admin.Admin, req *apiRequest, disabled bool) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return clientReply(a.Clients().Update(ctx, req.pathParam("client_id"), admin.ClientChange{Disabled: &disabled}))
}

// connectClient is GET /api/v1/clients/{client_id}/connect/{kind}.
func connectClient(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Clients().Connect(ctx, req.pathParam("client_id"), req.pathParam("kind"))
}

// listRefusals is GET /api/v1/clients/{client_id}/refusals.
func listRefusals(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, _, err := req.page()
	if err != nil {
		return nil, err
	}
	return a.Clients().Refusals(ctx, req.pathParam("client_id"), page)
}

// deleteClient is DELETE /api/v1/clients/{client_id}.
func deleteClient(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Clients().Delete(ctx, req.pathParam("client_id"))
}
