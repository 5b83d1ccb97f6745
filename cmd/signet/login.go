package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"example.org/signet/issuer"
)

// cliClientCommand makes the client of signet login: nobody signs in this way before.
const cliClientCommand = "signet client create " + issuer.CLIClient + " --public --grant device_code --grant refresh_token --scope 'openid signet:admin' --require-authentication mfa"

func newLogin(p *process) *cobra.Command {
	s := newSettings()
	var api string
	c := &cobra.Command{
		Use: "login URL", Short: "Sign in at a server, to administer it with --server", Args: exactArgs("URL"),
		Long: "Sign in at a server as an administrator: a page in a browser, on any device, takes the code that is shown here.\n" +
			"Commands with --server URL then work on that server by its admin API, with your rights. The session ends after 12\n" +
			"hours, by signet logout, or on your account page. Its tokens are kept in signet/credentials.json below your\n" +
			"directory of settings, readable by you alone.\n\nThe server must have the client " + issuer.CLIClient + ". Made at its store, by\n  " + cliClientCommand,
		Example: "  signet login https://id.example.com\n  signet login https://id.example.com --api https://admin.internal:8081\n  signet user list --server https://id.example.com",
	}
	c.Flags().StringVar(&api, "api", "", "`URL` of the admin API, where it is not that of the issuer")
	return p.withSettings(c, s, func(ctx context.Context, args []string) error {
		return p.login(ctx, serverName(args[0]), serverName(api))
	})
}

func newLogout(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "logout URL", Short: "End the session that signet login began", Args: exactArgs("URL"),
		Example: "  signet logout https://id.example.com",
	}
	return p.withSettings(c, s, func(ctx context.Context, args []string) error { return p.logout(ctx, serverName(args[0])) })
}

// newHTTPClient returns a client that follows no redirect: a token is sent where it was meant to be.
func newHTTPClient() *http.Client {
	return &http.Client{Timeout: apiTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func withHTTPClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, newHTTPClient())
}

func cliConfig(token, device string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: issuer.CLIClient, Scopes: []string{issuer.ScopeOpenID, issuer.ScopeAdmin},
		Endpoint: oauth2.Endpoint{TokenURL: token, DeviceAuthURL: device, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// serverMetadata is what a sign-in needs of RFC 8414.
type serverMetadata struct {
	Issuer string `json:"issuer"`
	Token  string `json:"token_endpoint"`
	Device string `json:"device_authorization_endpoint"`
	Revoke string `json:"revocation_endpoint"`
}

// discover reads the metadata of the server, which must be its own and keep to its origin.
func discover(ctx context.Context, server string) (m serverMetadata, err error) {
	if _, err := issuer.ParseURL(server); err != nil {
		return m, usageErrorf("URL: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/.well-known/openid-configuration", nil)
	if err != nil {
		return m, err
	}
	answer, err := newHTTPClient().Do(r)
	if err != nil {
		return m, fmt.Errorf("%s cannot be reached: %w", server, err)
	}
	defer answer.Body.Close()
	if err = json.NewDecoder(io.LimitReader(answer.Body, maxCredentials)).Decode(&m); err != nil || answer.StatusCode != http.StatusOK || m.Issuer != server {
		return m, withHint(fmt.Errorf("%s is not the URL of an issuer", server), "it is what the server has as --issuer, letter by letter")
	}
	for _, endpoint := range []string{m.Token, m.Device, m.Revoke} {
		if !sameOrigin(endpoint, server) {
			return m, fmt.Errorf("%s has no device flow below its own address", server)
		}
	}
	return m, nil
}

func sameOrigin(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

// login signs in by the device flow, and keeps the tokens.
func (p *process) login(ctx context.Context, server, api string) error {
	m, err := discover(ctx, server)
	if err != nil {
		return err
	}
	if api == "" {
		api = server
	} else if _, err := issuer.ParseURL(api); err != nil {
		return usageErrorf("--api: %v", err)
	}
	file, err := p.credentials()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(withHTTPClient(ctx))
	defer stop()
	config := cliConfig(m.Token, m.Device)
	device, err := config.DeviceAuth(ctx)
	if err != nil {
		return explainOAuth(server, err)
	}
	p.messagef("Open %s in a browser, sign in as an administrator, and enter\n\n    %s\n\nIt is good for %s.", escapeUnprintable(device.VerificationURI), escapeUnprintable(device.UserCode), time.Until(device.Expiry).Round(time.Minute))
	t, err := config.DeviceAccessToken(ctx, device)
	if err != nil {
		return explainDevice(server, err)
	}
	if err := file.change(func(all map[string]credential) {
		all[server] = credential{API: api, Token: m.Token, Revoke: m.Revoke, Access: t.AccessToken, Refresh: t.RefreshToken, Expiry: t.Expiry}
	}); err != nil {
		return err
	}
	p.messagef("signed in at %s: add --server %s to commands", server, server)
	return nil
}

func explainDevice(server string, err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		switch refused.ErrorCode {
		case "access_denied":
			return fmt.Errorf("%s: the sign-in was refused in the browser", server)
		case "expired_token":
			return withHint(fmt.Errorf("%s: nobody entered the code in time", server), "signet login %s shows another", server)
		}
	}
	return explainOAuth(server, err)
}

// logout ends the session at the server, and forgets its tokens once it has.
func (p *process) logout(ctx context.Context, server string) error {
	file, err := p.credentials()
	if err != nil {
		return err
	}
	all, err := file.read()
	if err != nil {
		return err
	}
	c, known := all[server]
	if !known {
		return withHint(fmt.Errorf("you are not signed in at %s", server), "signet login %s signs you in", server)
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := revokeToken(ctx, c); err != nil {
		return withHint(fmt.Errorf("%s: %w", server, err), "the session ends on your account page too")
	}
	if err := file.change(func(all map[string]credential) { delete(all, server) }); err != nil {
		return err
	}
	p.messagef("signed out at %s", server)
	return nil
}

func revokeToken(ctx context.Context, c credential) error {
	answer, err := postForm(ctx, c.Revoke, url.Values{"client_id": {issuer.CLIClient}, "token": {c.Refresh}})
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusUnauthorized { // 401: the client is gone, and its sessions
		return fmt.Errorf("the server answered %d to the logout", answer.StatusCode)
	}
	return nil
}
