package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"example.org/signet/endpoints"
	"example.org/signet/internal/demoapp"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// demoAppURL is the address of the demo application, which is also its redirect URI. A name is
// not an origin that a browser takes for trustworthy on every machine; the loopback address is.
func (v *server) demoAppURL() string { return v.listeners.urlOf(v.listeners.app) + "/" }

// demoAppServer returns the server of the demo application.
func (v *server) demoAppServer() (*http.Server, error) {
	app, err := demoapp.New(demoapp.Config{
		Issuer: v.settings.issuer, ClientID: demoSPA, Scope: strings.Join(demoScopes, " "), Resource: demoAudience, Hint: demoUser,
	})
	if err != nil {
		return nil, err
	}
	return endpoints.NewServer(app, v.log), nil
}

// createSPA makes the client of the demo application.
func (m demoMaker) createSPA(ctx context.Context, _ demoCredentials) error {
	name, grants, audiences := "Demo application", []string{issuer.GrantAuthorizationCode, issuer.GrantRefreshToken}, []string{demoAudience}
	_, err := m.operator.Clients().Create(ctx, admin.NewClient{
		ID: demoSPA, Public: true,
		Settings: admin.ClientChange{
			Name: &name, Grants: &grants, Scopes: &demoScopes, Audiences: &audiences, Origins: m.appOrigins(), ClientSignInChange: m.appAddress(),
		},
	})
	return err
}

// moveSPA lets the demo application live at another address than at the start before.
func (m demoMaker) moveSPA(ctx context.Context) error {
	c, err := m.operator.Clients().Show(ctx, demoSPA)
	if err != nil || slices.Contains(c.RedirectURIs, m.appURL) {
		return err
	}
	_, err = m.operator.Clients().Update(ctx, demoSPA, admin.ClientChange{Origins: m.appOrigins(), ClientSignInChange: m.appAddress()})
	return err
}

// appAddress is where a browser comes back to after a sign-in and after a logout.
func (m demoMaker) appAddress() admin.ClientSignInChange {
	here := []string{m.appURL}
	return admin.ClientSignInChange{RedirectURIs: &here, PostLogoutRedirectURIs: &here}
}

// appOrigins is the origin from which the demo application calls the token endpoint.
func (m demoMaker) appOrigins() *[]string { return &[]string{strings.TrimSuffix(m.appURL, "/")} }
