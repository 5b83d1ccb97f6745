package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// What dev makes. The names are fixed, the secrets never.
const (
	demoUser     = "demo"
	demoClient   = "demo-app"
	demoAPI      = "demo-api"
	demoDocs     = "demo-docs" // that the page at /docs offers
	demoRole     = "editor"
	demoAudience = "https://api.example.com"

	demoPasswordBytes = 15 // drawn: 20 characters
	demoSecretBytes   = 32
)

var demoScopes = []string{issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeEmail, "offline_access", "items:read", "items:write"}

// demo is the accounts of a trial, as they are kept beside the store so that
// the next start shows the same.
type demo struct {
	Username     string `json:"username"`
	Password     string `json:"password"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	APIID        string `json:"api_client_id"`
	APISecret    string `json:"api_client_secret"`
}

func (s *settings) demoPath() string { return filepath.Join(filepath.Dir(s.sqlitePath()), "demo.json") }

// demoAccount is one of the things that dev makes.
type demoAccount struct {
	name string
	find func(ctx context.Context) error
	make func(ctx context.Context, d demo) error
}

func (v *server) demoAccounts() []demoAccount {
	client := func(id string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := v.issuer.FindClient(ctx, id); return err }
	}
	return []demoAccount{
		{"user " + demoUser, func(ctx context.Context) error { _, err := v.issuer.FindUser(ctx, demoUser); return err }, v.makeDemoUser},
		{"client " + demoClient, client(demoClient), v.makeDemoClient},
		{"client " + demoAPI, client(demoAPI), v.makeDemoAPI},
		{"client " + demoDocs, client(demoDocs), v.makeDemoDocs},
	}
}

// ensureDemo makes the demo accounts where they are missing.
func (v *server) ensureDemo(ctx context.Context) (demo, error) {
	d, err := v.demoSecrets(ctx)
	if err != nil {
		return demo{}, err
	}
	if err := v.makeDemoRole(ctx); err != nil && !errors.Is(err, storage.ErrConflict) { // there already
		return demo{}, fmt.Errorf("make the role %s: %w", demoRole, err)
	}
	for _, a := range v.demoAccounts() {
		err := a.find(ctx)
		if errors.Is(err, storage.ErrNotFound) {
			err = a.make(ctx, d)
		}
		if err != nil {
			return demo{}, fmt.Errorf("make the %s: %w", a.name, err)
		}
	}
	return d, nil
}

// demoSecrets reads the secrets of an earlier start, or draws them. Accounts of
// the same names that this command did not make are somebody's: their secrets
// are not known here, and not to be changed.
func (v *server) demoSecrets(ctx context.Context) (demo, error) {
	path := v.settings.demoPath()
	text, err := readBounded(path, maxSecret)
	if err == nil {
		var d demo
		if err := json.Unmarshal(text, &d); err != nil {
			return demo{}, hint(fmt.Errorf("%s cannot be read: %w", path, err), "remove the folder to begin anew, or run signet serve")
		}
		return d, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return demo{}, err
	}
	for _, a := range v.demoAccounts() {
		if err := a.find(ctx); err == nil {
			return demo{}, hint(fmt.Errorf("the store has a %s already, but no %s", a.name, path), "run signet serve with this store, or dev with another one by --storage")
		} else if !errors.Is(err, storage.ErrNotFound) {
			return demo{}, err
		}
	}
	d := demo{Username: demoUser, ClientID: demoClient, APIID: demoAPI}
	if err := errors.Join(v.draw(&d.Password, demoPasswordBytes), v.draw(&d.ClientSecret, demoSecretBytes), v.draw(&d.APISecret, demoSecretBytes)); err != nil {
		return demo{}, err
	}
	return d, v.keepDemo(path, d)
}

func (v *server) draw(into *string, size int) error {
	raw := make([]byte, size)
	_, err := io.ReadFull(v.random, raw)
	*into = base64.RawURLEncoding.EncodeToString(raw)
	return err
}

// keepDemo stores the secrets before any account has them, so that an
// interrupted first start can be gone on with.
func (v *server) keepDemo(path string, d demo) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return createWhole(path, append(text, '\n'))
}

func (v *server) makeDemoRole(ctx context.Context) error {
	description, scopes, rank := "may change items", []string{"items:write"}, int64(10)
	_, err := v.issuer.CreateRole(ctx, demoRole, issuer.RoleChange{Description: &description, Scopes: &scopes, Rank: &rank}, devSource)
	return err
}

func (v *server) makeDemoUser(ctx context.Context, d demo) error {
	_, err := v.issuer.CreateUser(ctx, issuer.NewUser{
		Username: d.Username, Password: issuer.Secret(d.Password), Email: "demo@example.com", FullName: "Demo User",
		Roles: []string{issuer.RoleUser, issuer.RoleAdmin, demoRole},
	}, devSource)
	return err
}

func (v *server) makeDemoClient(ctx context.Context, d demo) error {
	name, audiences := "Demo application", []string{demoAudience}
	grants := []string{issuer.GrantPassword, issuer.GrantRefreshToken, issuer.GrantClientCredentials}
	_, err := v.issuer.CreateClient(ctx, issuer.NewClient{
		ID: d.ClientID, Secret: issuer.Secret(d.ClientSecret),
		Settings: issuer.ClientChange{Name: &name, Grants: &grants, Scopes: &demoScopes, Audiences: &audiences},
	}, devSource)
	return err
}

func (v *server) makeDemoAPI(ctx context.Context, d demo) error {
	name, resources := "Demo API", []string{demoAudience}
	_, err := v.issuer.CreateClient(ctx, issuer.NewClient{
		ID: d.APIID, Secret: issuer.Secret(d.APISecret), Settings: issuer.ClientChange{Name: &name, Resources: &resources},
	}, devSource)
	return err
}

// makeDemoDocs makes a client without a secret, because a page cannot keep one,
// and without an audience, so that its tokens are for Signet itself.
func (v *server) makeDemoDocs(ctx context.Context, _ demo) error {
	name, grants := "The page at /docs", []string{issuer.GrantPassword}
	scopes := []string{issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeEmail, issuer.ScopePhone}
	_, err := v.issuer.CreateClient(ctx, issuer.NewClient{
		ID: demoDocs, Public: true, InsecurePublicPassword: true,
		Settings: issuer.ClientChange{Name: &name, Grants: &grants, Scopes: &scopes},
	}, devSource)
	return err
}

var devSource = issuer.Source{Actor: "dev"}
