package endpoints

import (
	"example.org/signet/issuer"
)

// DocsRedirectPath is where a sign-in of the page at /docs ends. Below the page's own issuer it is
// a redirect URI of the client that signs in there.
const DocsRedirectPath = "/docs/oauth2-redirect.html"

// Paths below the issuer's.
const (
	pathAuthorize   = "/oauth2/authorize"
	pathToken       = "/oauth2/token"
	pathDeviceAuth  = "/oauth2/device_authorization"
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
	pathDocsSignIn  = DocsRedirectPath
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

	pathMeFactors         = "/me/factors"
	pathMeTOTP            = "/me/factors/totp"
	pathMeTOTPConfirm     = "/me/factors/totp/confirm"
	pathMeTOTPRemove      = "/me/factors/totp/remove"
	pathMePasskeys        = "/me/factors/passkeys"
	pathMePasskeyConfirm  = "/me/factors/passkeys/confirm"
	pathMePasskeyRename   = "/me/factors/passkeys/rename"
	pathMePasskeyRemove   = "/me/factors/passkeys/remove"
	pathMeRecoveryCodes   = "/me/factors/recovery-codes"
	pathMeBrowserSessions = "/me/browser-sessions"
	pathMeBrowserSession  = "/me/browser-sessions/{id}"
	pathMeConsents        = "/me/consents"
	pathMeConsent         = "/me/consents/{client_id}"
	pathMeLinks           = "/me/links"
	pathMeLink            = "/me/links/{link}"
)
