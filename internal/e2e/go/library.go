package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// libraryCall is one use of golang.org/x/oauth2 or coreos/go-oidc that a test
// asks for; see libraryCall in internal/e2e.
type libraryCall struct {
	Use      string   `json:"use"`
	Client   client   `json:"client"`
	Style    string   `json:"style"` // of client authentication
	Scopes   []string `json:"scopes"`
	Username string   `json:"username"`
	Password string   `json:"password"`
	Token    string   `json:"token"`
	Access   string   `json:"access_token"` // that the ID token's at_hash is of
	Audience string   `json:"audience"`
}

// libraryReply is what the library returned. Error is its text; Code and Status
// are there where the library understood an RFC 6749 §5.2 answer.
type libraryReply struct {
	Error  string `json:"error,omitempty"`
	Code   string `json:"code,omitempty"`
	Status int    `json:"status,omitempty"`

	Access    string `json:"access_token,omitempty"`
	Refresh   string `json:"refresh_token,omitempty"`
	ID        string `json:"id_token,omitempty"`
	Type      string `json:"token_type,omitempty"`
	ExpiresIn int64  `json:"expires_in,omitempty"`
	Scope     string `json:"scope,omitempty"`

	Subject string `json:"sub,omitempty"`
	Email   string `json:"email,omitempty"`
	Nonce   string `json:"nonce,omitempty"`
	Issued  int64  `json:"iat,omitempty"`
	Expires int64  `json:"exp,omitempty"`

	Grants []string `json:"grant_types_supported,omitempty"`
	Auth   []string `json:"token_endpoint_auth_methods_supported,omitempty"`
}

// library is the two libraries, with what discovery has told them.
type library struct {
	settings
	provider *oidc.Provider
}

// runLibrary answers calls until its standard input ends.
func runLibrary(ctx context.Context) error {
	in := conversation{bufio.NewScanner(os.Stdin)}
	var l library
	if err := in.receive(&l.settings); err != nil {
		return err
	}
	for in.lines.Scan() {
		var call libraryCall
		if err := json.Unmarshal(in.lines.Bytes(), &call); err != nil {
			return err
		}
		reply, err := l.perform(ctx, call)
		if err != nil {
			reply = libraryReply{Error: err.Error()}
			var refused *oauth2.RetrieveError
			if errors.As(err, &refused) {
				reply.Code, reply.Status = refused.ErrorCode, refused.Response.StatusCode
			}
		}
		if err := json.NewEncoder(os.Stdout).Encode(reply); err != nil {
			return err
		}
	}
	return nil
}

func (l *library) perform(ctx context.Context, c libraryCall) (libraryReply, error) {
	switch c.Use {
	case "discovery":
		return l.discovery(ctx)
	case "password":
		config := l.config(c)
		return granted(config.PasswordCredentialsToken(ctx, c.Username, c.Password))
	case "refresh":
		config := l.config(c)
		return granted(config.TokenSource(ctx, &oauth2.Token{RefreshToken: c.Token}).Token())
	case "client credentials":
		config := clientcredentials.Config{
			ClientID: c.Client.ID, ClientSecret: c.Client.Secret, TokenURL: l.Issuer + "/oauth2/token", Scopes: c.Scopes, AuthStyle: styles[c.Style],
		}
		return granted(config.Token(ctx))
	case "ID token":
		return l.idToken(ctx, c)
	case "access token":
		return verified(l.verifier(ctx, c.Audience).Verify(ctx, c.Token))
	case "signature":
		_, err := oidc.NewRemoteKeySet(ctx, l.Issuer+jwksPath).VerifySignature(ctx, c.Token)
		return libraryReply{}, err
	case "userinfo":
		info, err := l.provider.UserInfo(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: c.Token}))
		if err != nil {
			return libraryReply{}, err
		}
		return libraryReply{Subject: info.Subject, Email: info.Email}, nil
	}
	return libraryReply{}, fmt.Errorf("unknown use %q", c.Use)
}

func (l *library) discovery(ctx context.Context) (reply libraryReply, err error) {
	if l.provider, err = oidc.NewProvider(ctx, l.Issuer); err != nil {
		return reply, err
	}
	err = l.provider.Claims(&reply)
	return reply, err
}

var styles = map[string]oauth2.AuthStyle{
	"": oauth2.AuthStyleInHeader, "header": oauth2.AuthStyleInHeader, "parameters": oauth2.AuthStyleInParams, "tried out": oauth2.AuthStyleAutoDetect,
}

// config takes the endpoint from discovery where that was asked for.
func (l *library) config(c libraryCall) oauth2.Config {
	endpoint := oauth2.Endpoint{TokenURL: l.Issuer + "/oauth2/token"}
	if l.provider != nil {
		endpoint = l.provider.Endpoint()
	}
	endpoint.AuthStyle = styles[c.Style]
	return oauth2.Config{ClientID: c.Client.ID, ClientSecret: c.Client.Secret, Endpoint: endpoint, Scopes: c.Scopes}
}

// verifier fetches its keys for this one token.
func (l *library) verifier(ctx context.Context, audience string) *oidc.IDTokenVerifier {
	return oidc.NewVerifier(l.Issuer, oidc.NewRemoteKeySet(ctx, l.Issuer+jwksPath), &oidc.Config{ClientID: audience})
}

// idToken checks at_hash too, where an access token came along.
func (l *library) idToken(ctx context.Context, c libraryCall) (libraryReply, error) {
	id, err := l.provider.Verifier(&oidc.Config{ClientID: c.Client.ID}).Verify(ctx, c.Token)
	if err == nil && c.Access != "" {
		err = id.VerifyAccessToken(c.Access)
	}
	return verified(id, err)
}

func granted(token *oauth2.Token, err error) (libraryReply, error) {
	if err != nil {
		return libraryReply{}, err
	}
	id, _ := token.Extra("id_token").(string)
	scope, _ := token.Extra("scope").(string)
	return libraryReply{
		Access: token.AccessToken, Refresh: token.RefreshToken, ID: id, Type: token.Type(), ExpiresIn: token.ExpiresIn, Scope: scope,
	}, nil
}

func verified(token *oidc.IDToken, err error) (libraryReply, error) {
	if err != nil {
		return libraryReply{}, err
	}
	return libraryReply{Subject: token.Subject, Nonce: token.Nonce, Issued: token.IssuedAt.Unix(), Expires: token.Expiry.Unix()}, nil
}
