// Command clients puts Go libraries that the module itself does not use at the
// disposal of the tests of internal/e2e, which run it:
//
//	clients round     plays the round with zitadel/oidc as the application, and jwx,
//	                  cap, go-jwt-middleware and keyfunc as resource servers (TestGoClients)
//	clients library   uses x/oauth2 and go-oidc as it is told (TestRound and others)
//	clients rotation  verifies tokens with go-oidc and cap (TestClusterRotation)
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

const everything = "openid profile email items:read items:write"

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	modes := map[string]func(context.Context) error{"round": runRound, "library": runLibrary, "rotation": runRotation}
	if len(args) != 1 || modes[args[0]] == nil {
		return errors.New("usage: clients round|library|rotation")
	}
	return modes[args[0]](ctx)
}

// round is the life of a session.
type round struct {
	conversation
	settings
	warm []verifier // they keep their keys through the whole round

	web, machine rp.RelyingParty
	api          rs.ResourceServer
	token        *oauth2.Token
	idToken      string
	subject      string
}

func runRound(ctx context.Context) error {
	r := &round{conversation: conversation{bufio.NewScanner(os.Stdin)}}
	if err := r.receive(&r.settings); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		play func(context.Context) error
	}{
		{"zitadel/oidc: discovery", r.discovery},
		{"zitadel/oidc: password", r.login},
		{"zitadel/oidc: client credentials", r.clientCredentials},
		{"verifiers accept", r.acceptance},
		{"verifiers refuse", r.refusals},
		{"verifiers refuse an expired token", r.expiry},
		{"zitadel/oidc: refresh", r.refresh},
		{"key rotation", r.rotation},
		{"zitadel/oidc: introspection", r.introspection},
		{"zitadel/oidc: revocation", r.revocation},
	} {
		if err := r.check(step.name, func() error { return step.play(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *round) discovery(ctx context.Context) (err error) {
	scopes := strings.Fields(everything)
	if r.web, err = rp.NewRelyingPartyOIDC(ctx, r.Issuer, r.Web.ID, r.Web.Secret, "", scopes, rp.WithAuthStyle(oauth2.AuthStyleInHeader)); err != nil {
		return err
	}
	if r.machine, err = rp.NewRelyingPartyOIDC(ctx, r.Issuer, r.Machine.ID, r.Machine.Secret, "", []string{"items:read"}, rp.WithAuthStyle(oauth2.AuthStyleInParams)); err != nil {
		return err
	}
	if r.api, err = rs.NewResourceServerClientCredentials(ctx, r.Issuer, r.Resource.ID, r.Resource.Secret); err != nil {
		return err
	}
	r.warm, err = verifiers(ctx, r.Issuer, r.Audience)
	return err
}

// login has the library check the ID token, and ask for the user.
func (r *round) login(ctx context.Context) error {
	token, err := r.web.OAuthConfig().PasswordCredentialsToken(ctx, r.User.Name, r.User.Password)
	if err != nil {
		return err
	}
	r.token = token
	r.idToken, _ = token.Extra("id_token").(string)
	claims, err := rp.VerifyTokens[*oidc.IDTokenClaims](ctx, token.AccessToken, r.idToken, r.web.IDTokenVerifier())
	if err != nil {
		return err
	}
	r.subject = claims.Subject
	info, err := rp.Userinfo[*oidc.UserInfo](ctx, token.AccessToken, token.TokenType, claims.Subject, r.web)
	if err != nil {
		return err
	}
	return same("e-mail", info.Email, r.User.Email)
}

func (r *round) clientCredentials(ctx context.Context) error {
	token, err := rp.ClientCredentials(ctx, r.machine, url.Values{})
	if err != nil {
		return err
	}
	for _, v := range r.warm {
		subject, err := v.verify(token.AccessToken)
		if err := errors.Join(err, same(v.name+": subject", subject, r.Machine.ID)); err != nil {
			return err
		}
	}
	return same("refresh token", token.RefreshToken, "") // RFC 6749 §4.4.3
}

func (r *round) acceptance(context.Context) error { return r.allAccept(r.warm, r.token.AccessToken) }

func (r *round) allAccept(all []verifier, tokens ...string) error {
	for _, v := range all {
		for _, token := range tokens {
			subject, err := v.verify(token)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			if err := same(v.name+": subject", subject, r.subject); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *round) refusals(ctx context.Context) error {
	elsewhere := *r.web.OAuthConfig()
	elsewhere.ClientID, elsewhere.ClientSecret = r.Elsewhere.ID, r.Elsewhere.Secret
	stranger, err := elsewhere.PasswordCredentialsToken(ctx, r.User.Name, r.User.Password)
	if err != nil {
		return err
	}
	for what, token := range map[string]string{
		"nonsense": "nonsense", "a refresh token": r.token.RefreshToken, "an ID token": r.idToken,
		"another audience": stranger.AccessToken, "a forgery": forged(r.token.AccessToken),
	} {
		for _, v := range r.warm {
			if _, err := v.verify(token); err == nil {
				return fmt.Errorf("%s accepted %s", v.name, what)
			}
		}
	}
	return nil
}

// forged is the token with other claims under the same signature.
func forged(token string) string {
	parts := strings.Split(token, ".")
	parts[1] = parts[1][:len(parts[1])-8] + "AAAAAAAA"
	return strings.Join(parts, ".")
}

func (r *round) expiry(context.Context) error {
	for _, v := range r.warm {
		err := errors.New("an expired token is accepted")
		for range 600 {
			if _, refusal := v.verify(r.Expired); refusal != nil {
				err = nil
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

func (r *round) refresh(ctx context.Context) error {
	fresh, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, r.web, r.token.RefreshToken, "", "")
	if err != nil {
		return err
	}
	if fresh.RefreshToken == r.token.RefreshToken || fresh.AccessToken == r.token.AccessToken {
		return errors.New("the refresh gave the same token again")
	}
	r.token = fresh.Token
	return r.allAccept(r.warm, r.token.AccessToken)
}

// rotation: the next key was published before it signed, so that even those who
// go by time alone know it.
func (r *round) rotation(ctx context.Context) error {
	old := r.token.AccessToken
	if err := r.ask("rotate"); err != nil {
		return err
	}
	if err := r.refresh(ctx); err != nil {
		return err
	}
	cold, err := verifiers(ctx, r.Issuer, r.Audience)
	if err != nil {
		return err
	}
	return r.allAccept(slices.Concat(r.warm, cold), old, r.token.AccessToken)
}

func (r *round) introspection(ctx context.Context) error {
	said, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, r.api, r.token.AccessToken)
	if err != nil {
		return err
	}
	if !said.Active || said.Subject != r.subject || !slices.Contains(said.Audience, r.Audience) || fmt.Sprint(said.Claims["roles"]) != "[editor]" {
		return fmt.Errorf("introspection says %+v", said)
	}
	return r.dead(ctx, forged(r.token.AccessToken))
}

func (r *round) dead(ctx context.Context, token string) error {
	said, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, r.api, token)
	if err == nil && said.Active {
		err = errors.New("the token introspects as active")
	}
	return err
}

func (r *round) revocation(ctx context.Context) error {
	for range 2 { // RFC 7009 §2.2: again is no error
		if err := rp.RevokeToken(ctx, r.web, r.token.RefreshToken, "refresh_token"); err != nil {
			return err
		}
	}
	if _, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, r.web, r.token.RefreshToken, "", ""); err == nil {
		return errors.New("a revoked session was refreshed")
	}
	return r.dead(ctx, r.token.AccessToken)
}

func same(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s is %q, want %q", what, got, want)
	}
	return nil
}
