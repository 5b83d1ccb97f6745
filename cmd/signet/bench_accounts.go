package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"example.org/signet/internal/bench"
	"example.org/signet/internal/random"
	"example.org/signet/internal/secret"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/role"
)

const (
	// benchRedirectURI is never called: the codes are read from the redirect to it.
	benchRedirectURI = "http://127.0.0.1/signet-bench"
	benchScope       = "bench"
	benchUsers       = 16
	benchNameBytes   = 6

	// benchDeleteTimeout bounds the deletion of the accounts after a run that was interrupted.
	benchDeleteTimeout = time.Minute
)

// benchCredentials is the file of --credentials. The one that signet dev writes fits.
type benchCredentials struct {
	ClientID     string      `json:"client_id"`
	ClientSecret secret.Text `json:"client_secret"`
	Username     string      `json:"username"`
	Password     secret.Text `json:"password"`
	RedirectURI  string      `json:"redirect_uri"`
	Scope        string      `json:"scope"`
}

// measureWithCredentials measures a running issuer with accounts that exist.
func (b *benchCommand) measureWithCredentials(ctx context.Context, cfg bench.Config) (bench.Report, error) {
	cfg.Issuer, cfg.MetricsURL = b.target.issuer, b.target.metrics
	if b.credentials != "" {
		account, err := b.readCredentials()
		if err != nil {
			return bench.Report{}, err
		}
		cfg.Account = account
	}
	return b.measure(ctx, cfg)
}

// readCredentials repeats nothing of the file in an error.
func (b *benchCommand) readCredentials() (bench.Account, error) {
	var text []byte
	var err error
	if b.credentials == "-" {
		text, err = readBoundedFrom(b.stdin, "standard input", maxSecret)
	} else {
		text, err = readBounded(b.credentials, maxSecret)
	}
	if err != nil {
		return bench.Account{}, fmt.Errorf("--credentials: %w", err)
	}
	var c benchCredentials
	if json.Unmarshal(text, &c) != nil {
		return bench.Account{}, withHint(errors.New("--credentials: this is no JSON object of texts"), "%s", credentialsExample)
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return bench.Account{}, withHint(errors.New("--credentials: client_id or client_secret is missing"), "%s", credentialsExample)
	}
	a := bench.Account{ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURI: c.RedirectURI, Scope: c.Scope}
	if c.Username != "" {
		a.Users = []bench.User{{Name: c.Username, Password: c.Password}}
	}
	return a, nil
}

const credentialsExample = `write {"client_id": "…", "client_secret": "…", "username": "…", "password": "…", "redirect_uri": "…"}`

// measureWithAccounts measures a running issuer with accounts of this run, made in its store.
func (b *benchCommand) measureWithAccounts(ctx context.Context, cfg bench.Config) (report bench.Report, err error) {
	ac, err := b.openAdmin(ctx, b.settings, mustExist)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, ac.close(context.WithoutCancel(ctx))) }()
	m := benchMaker{operator: ac.operator, random: b.random}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), benchDeleteTimeout)
		defer cancel()
		err = errors.Join(err, m.remove(ctx))
	}()
	cfg.Issuer, cfg.MetricsURL = b.target.issuer, b.target.metrics
	if cfg.Account, err = m.make(ctx, min(b.connections, benchUsers)); err != nil {
		return report, err
	}
	return b.measure(ctx, cfg)
}

// temporaryAccount makes the accounts in a new store in dir.
func (b *benchCommand) temporaryAccount(ctx context.Context, dir string) (bench.Account, error) {
	s := newSettings()
	s.storage, s.keySettings, s.hashSettings = sqliteScheme+storeFile(dir), b.settings.keySettings, b.settings.hashSettings
	quiet := *b.process
	quiet.stderr = io.Discard // nobody needs a copy of this master key
	ac, err := quiet.openAdmin(ctx, s, createIfMissing)
	if err != nil {
		return bench.Account{}, err
	}
	m := benchMaker{operator: ac.operator, random: b.random}
	account, err := m.make(ctx, min(b.connections, benchUsers))
	if err == nil {
		err = m.makeAdmin(ctx, &account)
	}
	return account, errors.Join(err, ac.close(ctx))
}

// benchMaker makes the accounts of a run, with random names and secrets that nobody sees.
type benchMaker struct {
	operator *admin.Admin
	random   io.Reader

	clients []string
	users   []string // by id
}

// make makes a client that may do what the workloads do, and so many users.
func (m *benchMaker) make(ctx context.Context, users int) (bench.Account, error) {
	name, err := random.Text(m.random, benchNameBytes)
	if err != nil {
		return bench.Account{}, err
	}
	name = "bench-" + strings.ToLower(strings.NewReplacer("_", "x", "-", "x").Replace(name))
	a := bench.Account{ClientID: name, RedirectURI: benchRedirectURI, Scope: benchScope}
	if err := m.makeClient(ctx, &a); err != nil {
		return a, fmt.Errorf("make the client %s: %w", name, err)
	}
	for n := range users {
		u := bench.User{Name: fmt.Sprintf("%s-user%d", name, n)}
		if u.Password, err = m.secret(demoPasswordBytes); err != nil {
			return a, err
		}
		made, err := m.operator.Users().Create(ctx, admin.NewUser{Username: u.Name, Password: issuer.Secret(u.Password), Roles: []string{role.User}})
		if err != nil {
			return a, fmt.Errorf("make the user %s: %w", u.Name, err)
		}
		a.Users, m.users = append(a.Users, u), append(m.users, made.ID)
	}
	return a, nil
}

// makeClient makes the client of the account, and one beside it that gets an ID token at each
// refresh.
func (m *benchMaker) makeClient(ctx context.Context, a *bench.Account) (err error) {
	a.IDToken.ID = a.ClientID + "-id-token"
	for id, into := range map[string]*secret.Text{a.ClientID: &a.ClientSecret, a.IDToken.ID: &a.IDToken.Secret} {
		if *into, err = m.secret(demoSecretBytes); err != nil {
			return err
		}
		title, consent, idToken := "signet bench", admin.ConsentNever, id == a.IDToken.ID
		scopes, uris := []string{issuer.ScopeOpenID, benchScope}, []string{a.RedirectURI}
		grants := []string{issuer.GrantClientCredentials, issuer.GrantPassword, issuer.GrantRefreshToken, issuer.GrantAuthorizationCode}
		if _, err = m.operator.Clients().Create(ctx, admin.NewClient{
			ID: id, Secret: issuer.Secret(*into),
			Settings: admin.ClientChange{
				Name: &title, Grants: &grants, Scopes: &scopes, IDTokenOnRefresh: &idToken,
				ClientSignInChange: admin.ClientSignInChange{RedirectURIs: &uris, Consent: &consent},
			},
		}); err != nil {
			return err
		}
		m.clients = append(m.clients, id)
	}
	return nil
}

// makeAdmin makes an administrator and a client for them. Only a temporary store gets one.
func (m *benchMaker) makeAdmin(ctx context.Context, a *bench.Account) (err error) {
	admins := bench.Admin{ClientID: a.ClientID + "-admin", User: bench.User{Name: a.ClientID + "-admin-user"}, Prefixes: []string{a.ClientID}}
	if admins.ClientSecret, err = m.secret(demoSecretBytes); err != nil {
		return err
	}
	if admins.User.Password, err = m.secret(demoPasswordBytes); err != nil {
		return err
	}
	title, grants, scopes := "signet bench administration", []string{issuer.GrantPassword, issuer.GrantRefreshToken}, []string{issuer.ScopeAdmin}
	if _, err := m.operator.Clients().Create(ctx, admin.NewClient{
		ID: admins.ClientID, Secret: issuer.Secret(admins.ClientSecret), Settings: admin.ClientChange{Name: &title, Grants: &grants, Scopes: &scopes},
	}); err != nil {
		return fmt.Errorf("make the client %s: %w", admins.ClientID, err)
	}
	if _, err := m.operator.Users().Create(ctx, admin.NewUser{
		Username: admins.User.Name, Password: issuer.Secret(admins.User.Password), Roles: []string{role.User, role.Admin},
	}); err != nil {
		return fmt.Errorf("make the user %s: %w", admins.User.Name, err)
	}
	a.Admin = admins
	return nil
}

func (m *benchMaker) secret(size int) (secret.Text, error) {
	text, err := random.Text(m.random, size)
	return secret.Text(text), err
}

// remove deletes the accounts, and with them their sessions.
func (m *benchMaker) remove(ctx context.Context) error {
	var errs []error
	for _, id := range m.users {
		if err := m.operator.Users().Delete(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("delete the user %s of this run: %w", id, err))
		}
	}
	for _, id := range m.clients {
		if err := m.operator.Clients().Delete(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("delete the client %s of this run: %w", id, err))
		}
	}
	return errors.Join(errs...)
}
