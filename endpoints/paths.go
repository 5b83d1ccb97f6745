package endpoints

import (
	"example.org/signet/issuer"
)

// Paths below the issuer's.
const (
	pathAuthorize   = "/oauth2/authorize"
	pathToken       = "/oauth2/token"
	pathIntrospect  = "/oauth2/introspect"
	pathLogout      = "/oauth2/logout"
	pathRevoke      = "/oauth2/revoke"
	pathUserInfo    = "/oauth2/userinfo"
	pathJWKS        = "/.well-known/jwks.json"
	pathOIDC        = "/.well-known/openid-configuration"
	pathOAuthServer = "/.well-known/oauth-authorization-server"
	pathOpenAPI     = "/openapi.yaml"
	pathHome        = "/"
	pathDocs        = "/docs"
	pathLive        = "/livez"
	pathReady       = "/readyz"
	pathStatus      = issuer.PathStatus
)

// Paths of self-service.
const (
	pathRegister   = "/register"
	pathMe         = "/me"
	pathMePassword = "/me/password"
	pathMeSessions = "/me/sessions"
	pathMeSession  = "/me/sessions/{sid}"

	pathMeBrowserSessions = "/me/browser-sessions"
	pathMeBrowserSession  = "/me/browser-sessions/{id}"
	pathMeConsents        = "/me/consents"
	pathMeConsent         = "/me/consents/{client_id}"
)
