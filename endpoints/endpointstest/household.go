package endpointstest

import (
	"context"
	"crypto/rand"
	"testing"

	"example.org/signet/issuer"
)

// Audiences of the household.
const (
	API      = "https://api.example.com"
	OtherAPI = "https://other.example.com"
)

// Client is a client with its secret, which is empty for a public one.
type Client struct{ ID, Secret string }

// Person is a user with their password.
type Person struct{ ID, Username, Password string }

// Household is who lives in a Signet.
type Household struct {
	Web     Client // confidential: password, refresh_token; for API
	Other   Client // a second one like Web
	SPA     Client // public: password, refresh_token
	Machine Client // confidential: client_credentials; for API
	Guard   Client // the resource server of API: introspects, has no grant
	Foreign Client // the resource server of OtherAPI

	Alice    Person // a user like any other
	Editor   Person // holds the role editor, which guards items:write
	Disabled Person
}

// Origin is where SPA runs.
const Origin = "https://app.example.com"

// Scopes that Web, Other and SPA may ask for.
var appScopes = []string{"openid", "profile", "email", "phone", "items:read", "items:write"}

var source = issuer.RequestInfo{Actor: "test"}

func settle(t testing.TB, s *Signet) Household {
	t.Helper()
	apps := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	role := issuer.RoleChange{Scopes: &[]string{"items:write"}}
	_, err := s.Service.CreateRole(context.Background(), "editor", role, source)
	must(t, err)
	return Household{
		Web:   s.AddClient(t, "web", issuer.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}}),
		Other: s.AddClient(t, "other", issuer.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}}),
		SPA: s.AddPublicClient(t, "spa", issuer.ClientChange{
			Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}, Origins: &[]string{Origin},
		}),
		Machine: s.AddClient(t, "machine", issuer.ClientChange{
			Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}, Audiences: &[]string{API},
		}),
		Guard:    s.AddClient(t, "items-api", issuer.ClientChange{Resources: &[]string{API}}),
		Foreign:  s.AddClient(t, "other-api", issuer.ClientChange{Resources: &[]string{OtherAPI}}),
		Alice:    s.AddUser(t, "alice", "user"),
		Editor:   s.AddUser(t, "erin", "user", "editor"),
		Disabled: s.disable(t, s.AddUser(t, "mallory", "user")),
	}
}

// Marker draws a secret that cannot be mistaken for anything else.
func (s *Signet) Marker(kind string) string {
	secret := rand.Text() + "-" + kind
	s.Log.Secret(secret)
	return secret
}

// AddClient makes a confidential client.
func (s *Signet) AddClient(t testing.TB, id string, settings issuer.ClientChange) Client {
	t.Helper()
	c := Client{ID: id, Secret: s.Marker("client-secret")}
	_, err := s.Service.CreateClient(context.Background(), issuer.NewClient{ID: id, Secret: issuer.Secret(c.Secret), Settings: settings}, source)
	must(t, err)
	return c
}

// AddPublicClient makes one without a secret, which may have the password grant.
func (s *Signet) AddPublicClient(t testing.TB, id string, settings issuer.ClientChange) Client {
	t.Helper()
	n := issuer.NewClient{ID: id, Public: true, InsecurePublicPassword: true, Settings: settings}
	_, err := s.Service.CreateClient(context.Background(), n, source)
	must(t, err)
	return Client{ID: id}
}

// AddUser makes a user with a drawn password.
func (s *Signet) AddUser(t testing.TB, name string, roles ...string) Person {
	t.Helper()
	p := Person{Username: name, Password: s.Marker("pass word")}
	u, err := s.Service.CreateUser(context.Background(), issuer.NewUser{
		Username: name, Email: name + "@example.com", FullName: "Full " + name, Phone: "+44 20 7946 0000",
		Roles: roles, Password: issuer.Secret(p.Password),
	}, source)
	must(t, err)
	p.ID = u.ID
	return p
}

func (s *Signet) disable(t testing.TB, p Person) Person {
	t.Helper()
	_, err := s.Service.DisableUser(context.Background(), p.ID, source)
	must(t, err)
	return p
}

func (s *Signet) setPassword(t testing.TB, p Person, password string) {
	t.Helper()
	s.Log.Secret(password)
	_, err := s.Service.SetPassword(context.Background(), p.ID, issuer.Secret(password), source)
	must(t, err)
}
