package issuer_test

import (
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// Hashing a password can take seconds in a queue. An administrator who was shut out meanwhile
// gets nothing done any more.
func TestAdministrator_ShutOutWhileHashing(t *testing.T) {
	for name, shutOut := range map[string]func(f *fixture, id string) error{
		"disabled": func(f *fixture, id string) error { return second(f.operator().Users().Disable(f.ctx, id)) },
		"demoted": func(f *fixture, id string) error {
			return second(f.operator().Users().Update(f.ctx, id, admin.UserChange{Roles: strs("user")}))
		},
		"deleted":       func(f *fixture, id string) error { return f.operator().Users().Delete(f.ctx, id) },
		"sessions over": func(f *fixture, id string) error { return second(f.operator().Users().EndSessions(f.ctx, id)) },
	} {
		f := newFixture(t).withAlice()
		alice := f.userID("alice")
		adam, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "adam", Password: alicePass, Roles: []string{"user", "admin"}})
		must(t, err)
		f.client("portal", admin.ClientChange{Grants: strs(issuer.GrantPassword), Scopes: strs(issuer.ScopeAdmin)})
		a, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic("portal"), Grant: issuer.GrantPassword, Username: "adam", Password: alicePass, Info: f.info})
		must(t, err)
		p, err := f.Identify(f.ctx, issuer.Secret(a.AccessToken), issuer.ScopeAdmin)
		must(t, err)
		as, err := f.admins.As(f.ctx, p, f.info)
		must(t, err)
		must(t, shutOut(f, adam.ID))
		_, err = as.Users().Create(f.ctx, admin.NewUser{Username: "backdoor", Password: alicePass})
		wantCode(t, name+": a new user", err, issuer.InvalidToken)
		_, err = as.Users().SetPassword(f.ctx, alice, admin.NewPassword{Password: "another good one"})
		wantCode(t, name+": a password", err, issuer.InvalidToken)
		_, err = as.Clients().Create(f.ctx, admin.NewClient{ID: "backdoor", Secret: "short-secret"})
		if err == nil {
			t.Errorf("%s: a new client", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }
