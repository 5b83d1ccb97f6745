package bench

import "example.org/signet/internal/secret"

// Account is what requests are sent as. Where a part is missing, the workloads that need it are
// skipped.
type Account struct {
	ClientID     string
	ClientSecret secret.Text
	Users        []User
	RedirectURI  string // registered for the client; "" for none
	Scope        string // to ask for, without openid; "" for whatever the client has
	IDToken      Client // gets an ID token at a refresh, too; without one that workload is skipped
	Admin        Admin
}

// Client is a client with a secret.
type Client struct {
	ID     string
	Secret secret.Text
}

// Admin is who may list the users by the admin API at the issuer's address. Without a client the
// workload is skipped.
type Admin struct {
	ClientID     string // may use the password grant for the scope signet:admin
	ClientSecret secret.Text
	User         User
	Prefixes     []string // of user names to look for, in turn
}

// User is a person who can log in.
type User struct {
	Name     string
	Password secret.Text
}

// user returns the user of a worker.
func (a Account) user(worker int) User { return a.Users[worker%len(a.Users)] }
