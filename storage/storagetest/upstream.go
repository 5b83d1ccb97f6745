package storagetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.org/signet/storage"
)

var connectorContracts = []contract{
	{"CreateAndRead", connectorCreateAndRead},
	{"Duplicate", connectorDuplicate},
	{"Update", connectorUpdate},
	{"UpdateRace", connectorUpdateRace},
	{"Delete", connectorDelete},
	{"List", connectorList},
	{"Injection", connectorInjection},
}

var userLinkContracts = []contract{
	{"CreateAndRead", linkCreateAndRead},
	{"Duplicate", linkDuplicate},
	{"CreateRace", linkCreateRace},
	{"Update", linkUpdate},
	{"UpdateRace", linkUpdateRace},
	{"Delete", linkDelete},
	{"GoWithTheUser", linksGoWithTheUser},
	{"List", linkList},
	{"Injection", linkInjection},
}

// newConnector has every field set to something of its own.
func newConnector(n int) storage.Connector {
	return storage.Connector{
		ID: fmt.Sprintf("connector-%03d", n), Name: fmt.Sprintf("<Provider> %d", n), Kind: "oidc", Issuer: fmt.Sprintf("https://idp%d.example", n),
		ClientID: fmt.Sprintf("client-%03d", n), SealedSecret: fmt.Sprintf("sealed-%03d", n), Scopes: []string{"openid", "email"}, Prompt: "select_account",
		Domains: []string{"example.org", "example.net"}, AuthoritativeDomains: []string{"example.org"}, CreateUsers: n%2 == 1, TrustMethods: true,
		Claims:    storage.ConnectorClaims{Username: "login", Email: "mail", Name: "display"},
		RoleRules: []storage.RoleRule{{Claim: "groups", Value: "staff", Role: "editor"}, {Claim: "https://example/groups", Value: "a.b$c", Role: "reader"}},
		MaxRank:   1<<40 + int64(n), Disabled: n%2 == 0, CreatedBy: "root", Version: 1, CreatedAt: start, UpdatedAt: start.Add(time.Duration(n) * time.Minute),
	}
}

func createConnector(t *testing.T, s storage.Store, c storage.Connector) storage.Connector {
	t.Helper()
	noErr(t, "CreateConnector "+c.ID, s.CreateConnector(t.Context(), c))
	c.Version = 1
	return c
}

func wantConnector(t *testing.T, s storage.Store, want storage.Connector) {
	t.Helper()
	got, err := s.Connector(t.Context(), want.ID)
	noErr(t, "Connector "+want.ID, err)
	wantEqual(t, "connector "+want.ID, got, want)
}

func connectorCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 3 {
		c := newConnector(n)
		c.Version = int64(n) * 7
		wantConnector(t, s, createConnector(t, s, c))
	}
	wantConnector(t, s, createConnector(t, s, storage.Connector{ID: "bare", CreatedAt: start, UpdatedAt: start}))
	c := newConnector(5)
	c.CreatedAt, c.UpdatedAt, c.Scopes, c.Domains, c.AuthoritativeDomains, c.RoleRules = subMillisecond, subMillisecond, []string{}, []string{}, []string{}, []storage.RoleRule{}
	createConnector(t, s, c)
	c.CreatedAt, c.UpdatedAt, c.Scopes, c.Domains, c.AuthoritativeDomains, c.RoleRules = start, start, nil, nil, nil, nil
	wantConnector(t, s, c)
	for _, id := range []string{"", "connector-404"} {
		wantErr(t, "Connector", second(s.Connector(t.Context(), id)), storage.ErrNotFound)
	}
}

func connectorDuplicate(t *testing.T, s storage.Store) {
	want := createConnector(t, s, newConnector(1))
	other := newConnector(2)
	other.ID = want.ID
	wantDuplicate(t, "CreateConnector", s.CreateConnector(t.Context(), other), "id")
	wantConnector(t, s, want)
}

func connectorUpdate(t *testing.T, s storage.Store) {
	first := createConnector(t, s, newConnector(1))
	next := newConnector(2)
	next.ID = first.ID
	got, err := s.UpdateConnector(t.Context(), next)
	noErr(t, "UpdateConnector", err)
	next.Version = 2
	wantEqual(t, "the answer of UpdateConnector", got, next)
	wantConnector(t, s, next)
	for _, version := range []int64{0, 1, 3, -1} {
		stale := next
		stale.Version, stale.Name = version, "stale"
		wantErr(t, fmt.Sprint("UpdateConnector of version ", version), second(s.UpdateConnector(t.Context(), stale)), storage.ErrConflict)
	}
	wantConnector(t, s, next)
	wantErr(t, "UpdateConnector of none", second(s.UpdateConnector(t.Context(), newConnector(404))), storage.ErrNotFound)
}

func connectorUpdateRace(t *testing.T, s storage.Store) {
	want := createConnector(t, s, newConnector(1))
	errs := race(racers, func(i int) error {
		c := newConnector(1)
		c.Name = fmt.Sprint(i)
		return second(s.UpdateConnector(t.Context(), c))
	})
	want.Name, want.Version = fmt.Sprint(winner(t, errs, storage.ErrConflict)), 2
	wantConnector(t, s, want)
}

func connectorDelete(t *testing.T, s storage.Store) {
	c, other := createConnector(t, s, newConnector(1)), createConnector(t, s, newConnector(2))
	wantErr(t, "DeleteConnector of another version", s.DeleteConnector(t.Context(), c.ID, 2), storage.ErrConflict)
	wantConnector(t, s, c)
	noErr(t, "DeleteConnector", s.DeleteConnector(t.Context(), c.ID, 1))
	for _, version := range []int64{0, 1} {
		wantErr(t, "DeleteConnector again", s.DeleteConnector(t.Context(), c.ID, version), storage.ErrNotFound)
	}
	wantErr(t, "Connector", second(s.Connector(t.Context(), c.ID)), storage.ErrNotFound)
	wantConnector(t, s, other)
}

func connectorList(t *testing.T, s storage.Store) {
	got, err := s.ListConnectors(t.Context())
	noErr(t, "ListConnectors of none", err)
	wantEqual(t, "how many connectors there are", len(got), 0)
	var want []storage.Connector
	for n := range 5 {
		want = append(want, newConnector(n))
		createConnector(t, s, newConnector((n*2)%5))
	}
	got, err = s.ListConnectors(t.Context())
	noErr(t, "ListConnectors", err)
	wantEqual(t, "the connectors in the order of their ids", got, want)
}

func connectorInjection(t *testing.T, s storage.Store) {
	for _, v := range append(sampledStrings(), "$set", "a.b", "$where") {
		c := storage.Connector{
			ID: v, Name: v, Kind: v, Issuer: v, ClientID: v, SealedSecret: v, Scopes: []string{v}, Prompt: v, Domains: []string{v}, AuthoritativeDomains: []string{v},
			Claims: storage.ConnectorClaims{Username: v, Email: v, Name: v}, RoleRules: []storage.RoleRule{{Claim: v, Value: v, Role: v}}, CreatedBy: v,
			CreatedAt: start, UpdatedAt: start,
		}
		wantConnector(t, s, createConnector(t, s, c))
		noErr(t, "DeleteConnector", s.DeleteConnector(t.Context(), v, 1))
	}
}

// newLink has every field set to something of its own. It belongs to user n.
func newLink(n int) storage.UserLink {
	issuer, subject := fmt.Sprintf("https://idp%d.example", n), fmt.Sprintf("subject-%03d", n)
	return storage.UserLink{
		ID: storage.LinkID(issuer, subject), Issuer: issuer, Subject: subject, ConnectorID: fmt.Sprintf("connector-%03d", n),
		UserID: fmt.Sprintf("user-id-%03d", n), UserCreatedAt: start.Add(time.Duration(n) * time.Minute), Email: fmt.Sprintf("ann%d@example.org", n), Name: "Ann",
		Roles: []string{"editor", "reader"}, Creating: n%2 == 1, Ending: n%3 == 1, Version: 1, CreatedAt: start, LastUsedAt: start.Add(time.Hour),
	}
}

func createLink(t *testing.T, s storage.Store, l storage.UserLink) storage.UserLink {
	t.Helper()
	noErr(t, "CreateUserLink", s.CreateUserLink(t.Context(), l))
	l.Version = 1
	return l
}

func wantLink(t *testing.T, s storage.Store, want storage.UserLink) {
	t.Helper()
	got, err := s.UserLink(t.Context(), want.ID)
	noErr(t, "UserLink", err)
	wantEqual(t, "the link", got, want)
}

func linkCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 3 {
		l := newLink(n)
		l.Version = int64(n) * 7
		wantLink(t, s, createLink(t, s, l))
	}
	wantLink(t, s, createLink(t, s, storage.UserLink{ID: "bare", UserCreatedAt: start, CreatedAt: start}))
	l := newLink(5)
	l.UserCreatedAt, l.CreatedAt, l.LastUsedAt, l.Roles = subMillisecond, subMillisecond, subMillisecond, []string{}
	createLink(t, s, l)
	l.UserCreatedAt, l.CreatedAt, l.LastUsedAt, l.Roles = start, start, start, nil
	wantLink(t, s, l)
	for _, id := range []string{"", "link-404"} {
		wantErr(t, "UserLink", second(s.UserLink(t.Context(), id)), storage.ErrNotFound)
	}
}

func linkDuplicate(t *testing.T, s storage.Store) {
	want := createLink(t, s, newLink(1))
	other := newLink(2)
	other.ID = want.ID
	wantDuplicate(t, "CreateUserLink", s.CreateUserLink(t.Context(), other), "subject")
	wantLink(t, s, want)
}

func linkCreateRace(t *testing.T, s storage.Store) {
	of := func(i int) storage.UserLink {
		l := newLink(1)
		l.UserID = fmt.Sprint("user ", i)
		return l
	}
	errs := race(racers, func(i int) error { return s.CreateUserLink(t.Context(), of(i)) })
	wantLink(t, s, of(winner(t, errs, storage.ErrConflict)))
}

func linkUpdate(t *testing.T, s storage.Store) {
	first, other := createLink(t, s, newLink(1)), createLink(t, s, newLink(3))
	next := newLink(2)
	next.ID, next.Roles, next.LastUsedAt = first.ID, nil, time.Time{}
	got, err := s.UpdateUserLink(t.Context(), next)
	noErr(t, "UpdateUserLink", err)
	next.Version = 2
	wantEqual(t, "the answer of UpdateUserLink", got, next)
	wantLink(t, s, next)
	for _, version := range []int64{0, 1, 3, -1} {
		stale := next
		stale.Version, stale.Name = version, "stale"
		wantErr(t, fmt.Sprint("UpdateUserLink of version ", version), second(s.UpdateUserLink(t.Context(), stale)), storage.ErrConflict)
	}
	wantLink(t, s, next)
	wantLink(t, s, other)
	wantErr(t, "UpdateUserLink of none", second(s.UpdateUserLink(t.Context(), newLink(404))), storage.ErrNotFound)
}

func linkUpdateRace(t *testing.T, s storage.Store) {
	want := createLink(t, s, newLink(1))
	errs := race(racers, func(i int) error {
		l := newLink(1)
		l.Name = fmt.Sprint(i)
		return second(s.UpdateUserLink(t.Context(), l))
	})
	want.Name, want.Version = fmt.Sprint(winner(t, errs, storage.ErrConflict)), 2
	wantLink(t, s, want)
}

func linkDelete(t *testing.T, s storage.Store) {
	l, other := createLink(t, s, newLink(1)), createLink(t, s, newLink(2))
	wantErr(t, "DeleteUserLink of another version", s.DeleteUserLink(t.Context(), l.ID, 2), storage.ErrConflict)
	wantLink(t, s, l)
	noErr(t, "DeleteUserLink", s.DeleteUserLink(t.Context(), l.ID, 1))
	for _, version := range []int64{0, 1} {
		wantErr(t, "DeleteUserLink again", s.DeleteUserLink(t.Context(), l.ID, version), storage.ErrNotFound)
	}
	wantErr(t, "UserLink", second(s.UserLink(t.Context(), l.ID)), storage.ErrNotFound)
	noErr(t, "DeleteUserLink of any version", s.DeleteUserLink(t.Context(), other.ID, 0))
	wantLink(t, s, createLink(t, s, newLink(1)))
}

func linksGoWithTheUser(t *testing.T, s storage.Store) {
	createUser(t, s, newUser(1))
	createUser(t, s, newUser(2))
	second, other := newLink(3), createLink(t, s, newLink(2))
	second.UserID = newLink(1).UserID
	links := []storage.UserLink{createLink(t, s, newLink(1)), createLink(t, s, second)}
	wantErr(t, "DeleteUser of another version", s.DeleteUser(t.Context(), newUser(1).ID, 9), storage.ErrConflict)
	wantLink(t, s, links[0])
	noErr(t, "DeleteUser", s.DeleteUser(t.Context(), newUser(1).ID, 0))
	for _, l := range links {
		_, err := s.UserLink(t.Context(), l.ID)
		wantErr(t, "UserLink of a user who is gone", err, storage.ErrNotFound)
	}
	wantLink(t, s, other)
}

func linkList(t *testing.T, s storage.Store) {
	all, of := map[string]storage.UserLink{}, map[string]int{}
	for n := range 9 {
		l := newLink(n)
		l.UserID = fmt.Sprintf("user-id-%03d", n%2)
		all[l.ID] = createLink(t, s, l)
		of[l.UserID]++
		of[""]++
	}
	of["user-id-404"] = 0
	for user, want := range of {
		for _, limit := range []int{1, 2, 100} {
			got := listAll(t, limit, func(p storage.Page) ([]string, string, error) {
				page, err := s.ListUserLinks(t.Context(), user, p)
				for _, l := range page.Links {
					wantEqual(t, "a link listed", l, all[l.ID])
				}
				return idsOf(page.Links, func(l storage.UserLink) string { return l.ID }), page.Next, err
			})
			wantEqual(t, fmt.Sprintf("the number of links of %q in pages of %d", user, limit), len(got), want)
			wantEqual(t, "whether they are in order", slices.IsSorted(got), true)
		}
	}
}

func linkInjection(t *testing.T, s storage.Store) {
	for _, v := range append(sampledStrings(), "$set", "a.b", "$where") {
		l := storage.UserLink{
			ID: v, Issuer: v, Subject: v, ConnectorID: v, UserID: v, Email: v, Name: v, Roles: []string{v, v + "#"}, UserCreatedAt: start, CreatedAt: start,
		}
		wantLink(t, s, createLink(t, s, l))
		page, err := s.ListUserLinks(t.Context(), v, storage.Page{})
		noErr(t, "ListUserLinks", err)
		if v != "" {
			wantEqual(t, "how many links the user has", len(page.Links), 1)
		}
		noErr(t, "DeleteUserLink", s.DeleteUserLink(t.Context(), v, 1))
	}
}

// upstreamCalls are those of connectors and links.
func upstreamCalls(s storage.Store) map[string]func(ctx context.Context) error {
	c, l := newConnector(1), newLink(1)
	return map[string]func(ctx context.Context) error{
		"CreateConnector": func(ctx context.Context) error { return s.CreateConnector(ctx, newConnector(2)) },
		"Connector":       func(ctx context.Context) error { return second(s.Connector(ctx, c.ID)) },
		"UpdateConnector": func(ctx context.Context) error { return second(s.UpdateConnector(ctx, c)) },
		"DeleteConnector": func(ctx context.Context) error { return s.DeleteConnector(ctx, c.ID, 0) },
		"ListConnectors":  func(ctx context.Context) error { return second(s.ListConnectors(ctx)) },
		"CreateUserLink":  func(ctx context.Context) error { return s.CreateUserLink(ctx, newLink(2)) },
		"UserLink":        func(ctx context.Context) error { return second(s.UserLink(ctx, l.ID)) },
		"UpdateUserLink":  func(ctx context.Context) error { return second(s.UpdateUserLink(ctx, l)) },
		"DeleteUserLink":  func(ctx context.Context) error { return s.DeleteUserLink(ctx, l.ID, 0) },
		"ListUserLinks":   func(ctx context.Context) error { return second(s.ListUserLinks(ctx, l.UserID, storage.Page{})) },
	}
}
