package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"

	"example.org/signet/endpoints"
	"example.org/signet/internal/random"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// The names of the demo accounts. Their secrets are random.
const (
	demoUser     = "demo"
	demoClient   = "demo-app"
	demoAPI      = "demo-api"
	demoDocs     = "demo-docs" // that the page at /docs offers
	demoAdmin    = "demo-admin"
	demoSPA      = "demo-spa" // the demo application in the browser
	demoRole     = "editor"
	demoAudience = "https://api.example.com"

	demoPasswordBytes = 15 // 20 characters in base64url
	demoSecretBytes   = 32
)

var demoScopes = []string{issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeEmail, "offline_access", "items:read", "items:write"}

// demoCredentials are the credentials of the demo accounts, stored beside the
// store so that the next start prints the same.
type demoCredentials struct {
	Username     string `json:"username"`
	Password     string `json:"password"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	APIClientID  string `json:"api_client_id"`
	APISecret    string `json:"api_client_secret"`
	AdminID      string `json:"admin_client_id"`
	AdminSecret  string `json:"admin_client_secret"`
}

func (s *storeSettings) demoPath() string {
	return filepath.Join(filepath.Dir(s.sqlitePath()), "demo.json")
}

// A demoMaker makes the demo accounts, with the credentials in the file at path.
type demoMaker struct {
	operator *admin.Admin
	random   io.Reader
	path     string
	appURL   string // of the demo application; "" for none
	docsURIs []string
}

// demo returns what makes the demo accounts of the server.
func (v *server) demo() demoMaker {
	m := demoMaker{
		operator: v.admin.Operator(issuer.RequestInfo{Actor: "dev"}), random: v.random, path: v.settings.demoPath(),
		docsURIs: docsRedirectURIs(v.settings.issuer),
	}
	if v.listeners.app != nil {
		m.appURL = v.demoAppURL()
	}
	return m
}

// demoAccount is a user, a role or a client that dev creates.
type demoAccount struct {
	name   string
	find   func(ctx context.Context) error
	create func(ctx context.Context, d demoCredentials) error
}

// accounts lists the demo accounts.
func (m demoMaker) accounts() []demoAccount {
	client := func(id string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := m.operator.Clients().Show(ctx, id); return err }
	}
	accounts := []demoAccount{
		{"user " + demoUser, func(ctx context.Context) error { _, err := m.operator.Users().Find(ctx, demoUser); return err }, m.createUser},
		{"client " + demoClient, client(demoClient), m.createClient},
		{"client " + demoAPI, client(demoAPI), m.createAPI},
		{"client " + demoDocs, client(demoDocs), m.createDocs},
		{"client " + demoAdmin, client(demoAdmin), m.createAdmin},
	}
	if m.appURL != "" {
		accounts = append(accounts, demoAccount{"client " + demoSPA, client(demoSPA), m.createSPA})
	}
	return accounts
}

// ensure creates the demo accounts that are missing.
func (m demoMaker) ensure(ctx context.Context) (demoCredentials, error) {
	d, err := m.loadCredentials(ctx)
	if err != nil {
		return demoCredentials{}, err
	}
	if err := m.createRole(ctx); err != nil && !errors.Is(err, storage.ErrConflict) { // there already
		return demoCredentials{}, fmt.Errorf("make the role %s: %w", demoRole, err)
	}
	if err := m.describeScopes(ctx); err != nil {
		return demoCredentials{}, fmt.Errorf("describe the demo scopes: %w", err)
	}
	for _, a := range m.accounts() {
		err := a.find(ctx)
		if errors.Is(err, storage.ErrNotFound) {
			err = a.create(ctx, d)
		}
		if err != nil {
			return demoCredentials{}, fmt.Errorf("make the %s: %w", a.name, err)
		}
	}
	if err := m.moveDocs(ctx); err != nil {
		return demoCredentials{}, fmt.Errorf("change the client %s: %w", demoDocs, err)
	}
	if m.appURL != "" {
		if err := m.moveSPA(ctx); err != nil {
			return demoCredentials{}, fmt.Errorf("change the client %s: %w", demoSPA, err)
		}
	}
	return d, nil
}

// loadCredentials reads the credentials of an earlier start, or generates
// them. Accounts of the same names that this command did not create are left
// unchanged: the command fails.
func (m demoMaker) loadCredentials(ctx context.Context) (demoCredentials, error) {
	path := m.path
	text, err := readBounded(path, maxSecret)
	if err == nil {
		var d demoCredentials
		if err = json.Unmarshal(text, &d); err == nil && d.AdminSecret == "" {
			err = errors.New("it is an earlier version's")
		}
		if err != nil {
			return demoCredentials{}, withHint(fmt.Errorf("%s cannot be read: %w", path, err), "remove the folder to begin anew, or run signet serve")
		}
		return d, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return demoCredentials{}, err
	}
	for _, a := range m.accounts() {
		if err := a.find(ctx); err == nil {
			return demoCredentials{}, withHint(fmt.Errorf("the store has a %s already, but no %s", a.name, path), "run signet serve with this store, or dev with another one by --storage")
		} else if !errors.Is(err, storage.ErrNotFound) {
			return demoCredentials{}, err
		}
	}
	d := demoCredentials{Username: demoUser, ClientID: demoClient, APIClientID: demoAPI, AdminID: demoAdmin}
	if err := errors.Join(m.randomSecret(&d.Password, demoPasswordBytes), m.randomSecret(&d.ClientSecret, demoSecretBytes), m.randomSecret(&d.APISecret, demoSecretBytes), m.randomSecret(&d.AdminSecret, demoSecretBytes)); err != nil {
		return demoCredentials{}, err
	}
	return d, m.saveCredentials(path, d)
}

func (m demoMaker) randomSecret(into *string, size int) (err error) {
	*into, err = random.Text(m.random, size)
	return err
}

// saveCredentials stores the credentials before any account has them, so that
// an interrupted first start can be resumed.
func (m demoMaker) saveCredentials(path string, d demoCredentials) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return createFile(path, append(text, '\n'))
}

func (m demoMaker) createRole(ctx context.Context) error {
	description, scopes, rank := "may change items", []string{"items:write"}, int64(10)
	_, err := m.operator.Roles().Create(ctx, demoRole, admin.RoleChange{Description: &description, Scopes: &scopes, Rank: &rank})
	return err
}

// describeScopes says what the demo API's scopes allow, for the consent page. Texts that a scope
// has already stay.
func (m demoMaker) describeScopes(ctx context.Context) error {
	list, err := m.operator.Scopes().List(ctx)
	if err != nil {
		return err
	}
	for scope, texts := range map[string]map[string]string{
		"items:read":  {"en": "read your items", "de": "Ihre Einträge lesen"},
		"items:write": {"en": "change your items", "de": "Ihre Einträge ändern"},
	} {
		if slices.ContainsFunc(list.Items, func(t admin.ScopeText) bool { return t.Scope == scope }) {
			continue
		}
		if _, err := m.operator.Scopes().Put(ctx, scope, texts); err != nil {
			return err
		}
	}
	return nil
}

func (m demoMaker) createUser(ctx context.Context, d demoCredentials) error {
	_, err := m.operator.Users().Create(ctx, admin.NewUser{
		Username: d.Username, Password: issuer.Secret(d.Password), Email: "demo@example.com", FullName: "Demo User",
		Roles: []string{role.User, role.Admin, demoRole},
	})
	return err
}

func (m demoMaker) createClient(ctx context.Context, d demoCredentials) error {
	name, audiences := "Demo application", []string{demoAudience}
	grants := []string{issuer.GrantPassword, issuer.GrantRefreshToken, issuer.GrantClientCredentials}
	_, err := m.operator.Clients().Create(ctx, admin.NewClient{
		ID: d.ClientID, Secret: issuer.Secret(d.ClientSecret),
		Settings: admin.ClientChange{Name: &name, Grants: &grants, Scopes: &demoScopes, Audiences: &audiences},
	})
	return err
}

func (m demoMaker) createAPI(ctx context.Context, d demoCredentials) error {
	name, resources := "Demo API", []string{demoAudience}
	_, err := m.operator.Clients().Create(ctx, admin.NewClient{
		ID: d.APIClientID, Secret: issuer.Secret(d.APISecret), Settings: admin.ClientChange{Name: &name, Resources: &resources},
	})
	return err
}

// createDocs makes a client without a secret, because a page cannot keep one,
// and without an audience, so that its tokens are for Signet itself. With them people
// can see and change their own account, and nothing else.
func (m demoMaker) createDocs(ctx context.Context, _ demoCredentials) error {
	name, settings := "The page at /docs", m.docsSignIn()
	scopes := []string{issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeEmail, issuer.ScopePhone, issuer.ScopeAccount}
	settings.Name, settings.Scopes = &name, &scopes
	_, err := m.operator.Clients().Create(ctx, admin.NewClient{ID: demoDocs, Public: true, InsecurePublicPassword: true, Settings: settings})
	return err
}

// moveDocs lets people sign in through the page at /docs where it is now, also with a store of
// before it could.
func (m demoMaker) moveDocs(ctx context.Context) error {
	c, err := m.operator.Clients().Show(ctx, demoDocs)
	if err != nil || slices.Equal(c.RedirectURIs, m.docsURIs) {
		return err
	}
	_, err = m.operator.Clients().Update(ctx, demoDocs, m.docsSignIn())
	return err
}

// docsSignIn are the ways in which people sign in through the page at /docs. It is a part of
// Signet, so they are not asked for their consent.
func (m demoMaker) docsSignIn() admin.ClientChange {
	grants, consent := []string{issuer.GrantAuthorizationCode, issuer.GrantPassword}, admin.ConsentNever
	return admin.ClientChange{
		Grants: &grants, InsecurePublicPassword: true,
		ClientSignInChange: admin.ClientSignInChange{RedirectURIs: &m.docsURIs, Consent: &consent},
	}
}

// docsRedirectURIs returns where a sign-in of the page at /docs ends: below the issuer's URL, and
// for people who come by the address of this machine on any port of it.
func docsRedirectURIs(issuerURL string) []string {
	uris := []string{issuerURL + endpoints.DocsRedirectPath}
	if u, err := url.Parse(issuerURL); err == nil && u.Hostname() == "localhost" {
		uris = append(uris, u.Scheme+"://127.0.0.1"+u.EscapedPath()+endpoints.DocsRedirectPath)
	}
	return uris
}

// createAdmin makes the client by which the demo user administers.
func (m demoMaker) createAdmin(ctx context.Context, d demoCredentials) error {
	name, grants := "Administration", []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	scopes := []string{issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeAccount, issuer.ScopeAdmin}
	_, err := m.operator.Clients().Create(ctx, admin.NewClient{
		ID: d.AdminID, Secret: issuer.Secret(d.AdminSecret), Settings: admin.ClientChange{Name: &name, Grants: &grants, Scopes: &scopes},
	})
	return err
}
