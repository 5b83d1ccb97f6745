package protocoltest

import (
	"context"
	"crypto/rand"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// Audiences of the fixtures.
const (
	API      = "https://api.example.com"
	OtherAPI = "https://other.example.com"
)

// Client is a client with its secret, which is empty for a public one.
type Client struct{ ID, Secret string }

// User is a user with their password.
type User struct{ ID, Username, Password string }

// Fixtures are the clients and users of a new Signet.
type Fixtures struct {
	Web                 Client // confidential: password, refresh_token; for API
	Other               Client // a second one like Web
	SPA                 Client // public: password, refresh_token
	Machine             Client // confidential: client_credentials; for API
	ResourceServer      Client // the resource server of API: introspects, has no grant
	OtherResourceServer Client // the resource server of OtherAPI

	Alice    User // a user like any other
	Editor   User // holds the role editor, which guards items:write
	Disabled User
}

// Origin is where SPA runs.
const Origin = "https://app.example.com"

// Scopes that Web, Other and SPA may ask for.
var appScopes = []string{"openid", "profile", "email", "phone", "items:read", "items:write"}

var testSource = issuer.RequestInfo{Actor: "test"}

func addFixtures(t testing.TB, s *Signet) Fixtures {
	t.Helper()
	apps := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	role := admin.RoleChange{Scopes: &[]string{"items:write"}}
	_, err := s.operator().Roles().Create(context.Background(), "editor", role)
	must(t, err)
	return Fixtures{
		Web:   s.AddClient(t, "web", admin.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}}),
		Other: s.AddClient(t, "other", admin.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}}),
		SPA: s.AddPublicClient(t, "spa", admin.ClientChange{
			Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}, Origins: &[]string{Origin},
		}),
		Machine: s.AddClient(t, "machine", admin.ClientChange{
			Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}, Audiences: &[]string{API},
		}),
		ResourceServer:      s.AddClient(t, "items-api", admin.ClientChange{Resources: &[]string{API}}),
		OtherResourceServer: s.AddClient(t, "other-api", admin.ClientChange{Resources: &[]string{OtherAPI}}),
		Alice:               s.AddUser(t, "alice", "user"),
		Editor:              s.AddUser(t, "erin", "user", "editor"),
		Disabled:            s.disable(t, s.AddUser(t, "mallory", "user")),
	}
}

// records creates and changes users and clients as the command line does.
type records struct {
	Admin   *admin.Service
	secrets *LogCapture // is told each secret, for the search for leaks
}

// NewSecret returns a unique random secret that the leak search looks for.
func (r *records) NewSecret(kind string) string {
	secret := rand.Text() + "-" + kind
	r.secrets.MarkSecret(secret)
	return secret
}

// AddClient makes a confidential client.
func (r *records) AddClient(t testing.TB, id string, settings admin.ClientChange) Client {
	t.Helper()
	c := Client{ID: id, Secret: r.NewSecret("client-secret")}
	_, err := r.operator().Clients().Create(context.Background(), admin.NewClient{ID: id, Secret: issuer.Secret(c.Secret), Settings: settings})
	must(t, err)
	return c
}

// AddPublicClient makes one without a secret, which may have the password grant.
func (r *records) AddPublicClient(t testing.TB, id string, settings admin.ClientChange) Client {
	t.Helper()
	n := admin.NewClient{ID: id, Public: true, InsecurePublicPassword: true, Settings: settings}
	_, err := r.operator().Clients().Create(context.Background(), n)
	must(t, err)
	return Client{ID: id}
}

// AddUser creates a user with a random password.
func (r *records) AddUser(t testing.TB, name string, roles ...string) User {
	t.Helper()
	p := User{Username: name, Password: r.NewSecret("pass word")}
	u, err := r.operator().Users().Create(context.Background(), admin.NewUser{
		Username: name, Email: name + "@example.com", FullName: "Full " + name, Phone: "+44 20 7946 0000",
		Roles: roles, Password: issuer.Secret(p.Password),
	})
	must(t, err)
	p.ID = u.ID
	return p
}

func (r *records) disable(t testing.TB, p User) User {
	t.Helper()
	_, err := r.operator().Users().Disable(context.Background(), p.ID)
	must(t, err)
	return p
}

func (r *records) setPassword(t testing.TB, p User, password string) {
	t.Helper()
	r.secrets.MarkSecret(password)
	_, err := r.operator().Users().SetPassword(context.Background(), p.ID, admin.NewPassword{Password: issuer.Secret(password)})
	must(t, err)
}

// operator is the administration as the command line has it.
func (r *records) operator() *admin.Admin { return r.Admin.Operator(testSource) }

// idOf returns the id of the user of that name.
func idOf(ctx context.Context, s *Signet, name string) string {
	s.t.Helper()
	u, err := s.operator().Users().Find(ctx, name)
	must(s.t, err)
	return u.ID
}

// owner is what the user may do to their own account by the session of the tokens.
func (s *Signet) owner(t testing.TB, p User, tokens Tokens) *admin.Owner {
	t.Helper()
	u, err := s.backend.User(context.Background(), p.ID)
	must(t, err)
	return s.Admin.Owner(u, sessionOf(t, tokens), testSource)
}
