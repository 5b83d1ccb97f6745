package protocoltest

import (
	"context"
	"crypto/rand"
	"testing"

	"example.org/signet/issuer"
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
	role := issuer.RoleChange{Scopes: &[]string{"items:write"}}
	_, err := s.Service.CreateRole(context.Background(), "editor", role, testSource)
	must(t, err)
	return Fixtures{
		Web:   s.AddClient(t, "web", issuer.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}}),
		Other: s.AddClient(t, "other", issuer.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}}),
		SPA: s.AddPublicClient(t, "spa", issuer.ClientChange{
			Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}, Origins: &[]string{Origin},
		}),
		Machine: s.AddClient(t, "machine", issuer.ClientChange{
			Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}, Audiences: &[]string{API},
		}),
		ResourceServer:      s.AddClient(t, "items-api", issuer.ClientChange{Resources: &[]string{API}}),
		OtherResourceServer: s.AddClient(t, "other-api", issuer.ClientChange{Resources: &[]string{OtherAPI}}),
		Alice:               s.AddUser(t, "alice", "user"),
		Editor:              s.AddUser(t, "erin", "user", "editor"),
		Disabled:            s.disable(t, s.AddUser(t, "mallory", "user")),
	}
}

// NewSecret returns a unique random secret that the leak search looks for.
func (s *Signet) NewSecret(kind string) string {
	secret := rand.Text() + "-" + kind
	s.Log.MarkSecret(secret)
	return secret
}

// AddClient makes a confidential client.
func (s *Signet) AddClient(t testing.TB, id string, settings issuer.ClientChange) Client {
	t.Helper()
	c := Client{ID: id, Secret: s.NewSecret("client-secret")}
	_, err := s.Service.CreateClient(context.Background(), issuer.NewClient{ID: id, Secret: issuer.Secret(c.Secret), Settings: settings}, testSource)
	must(t, err)
	return c
}

// AddPublicClient makes one without a secret, which may have the password grant.
func (s *Signet) AddPublicClient(t testing.TB, id string, settings issuer.ClientChange) Client {
	t.Helper()
	n := issuer.NewClient{ID: id, Public: true, InsecurePublicPassword: true, Settings: settings}
	_, err := s.Service.CreateClient(context.Background(), n, testSource)
	must(t, err)
	return Client{ID: id}
}

// AddUser creates a user with a random password.
func (s *Signet) AddUser(t testing.TB, name string, roles ...string) User {
	t.Helper()
	p := User{Username: name, Password: s.NewSecret("pass word")}
	u, err := s.Service.CreateUser(context.Background(), issuer.NewUser{
		Username: name, Email: name + "@example.com", FullName: "Full " + name, Phone: "+44 20 7946 0000",
		Roles: roles, Password: issuer.Secret(p.Password),
	}, testSource)
	must(t, err)
	p.ID = u.ID
	return p
}

func (s *Signet) disable(t testing.TB, p User) User {
	t.Helper()
	_, err := s.Service.DisableUser(context.Background(), p.ID, testSource)
	must(t, err)
	return p
}

func (s *Signet) setPassword(t testing.TB, p User, password string) {
	t.Helper()
	s.Log.MarkSecret(password)
	_, err := s.Service.SetPassword(context.Background(), p.ID, issuer.Secret(password), testSource)
	must(t, err)
}
