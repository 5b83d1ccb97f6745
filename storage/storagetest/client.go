package storagetest

import (
	"fmt"
	"slices"
	"testing"

	"example.org/signet/storage"
)

var clientContracts = []contract{
	{"CreateAndRead", clientCreateAndRead},
	{"Duplicate", clientDuplicate},
	{"NotFound", clientNotFound},
	{"Update", clientUpdate},
	{"UpdateRace", clientUpdateRace},
	{"Delete", clientDelete},
	{"List", clientList},
	{"Any", clientAny},
	{"AnyIsExact", clientAnyIsExact},
	{"AnyFollowsChanges", clientAnyFollowsChanges},
	{"Origins", clientOrigins},
	{"CreateRace", clientCreateRace},
}

func createClient(t *testing.T, s storage.Store, c storage.Client) storage.Client {
	t.Helper()
	noErr(t, "CreateClient "+c.ID, s.CreateClient(t.Context(), c))
	return c
}

func wantClient(t *testing.T, s storage.Store, want storage.Client) {
	t.Helper()
	got, err := s.Client(t.Context(), want.ID)
	noErr(t, "Client "+want.ID, err)
	wantEqual(t, "client "+want.ID, got, want)
}

func clientCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 4 {
		c := newClient(n)
		c.Version = int64(n) * 7
		createClient(t, s, c)
	}
	for n := range 4 {
		wantClient(t, s, newClient(n))
	}
}

func clientDuplicate(t *testing.T, s storage.Store) {
	createClient(t, s, newClient(1))
	other := newClient(2)
	other.ID = newClient(1).ID
	wantDuplicate(t, "CreateClient", s.CreateClient(t.Context(), other), "client_id")
	wantClient(t, s, newClient(1))
}

func clientNotFound(t *testing.T, s storage.Store) {
	ctx := t.Context()
	_, err := s.Client(ctx, "client-404")
	wantErr(t, "Client", err, storage.ErrNotFound)
	_, err = s.UpdateClient(ctx, newClient(404))
	wantErr(t, "UpdateClient", err, storage.ErrNotFound)
	wantErr(t, "DeleteClient", s.DeleteClient(ctx, "client-404", 0), storage.ErrNotFound)
}

func clientUpdate(t *testing.T, s storage.Store) {
	createClient(t, s, newClient(1))
	next := newClient(4)
	next.ID = newClient(1).ID
	got, err := s.UpdateClient(t.Context(), next)
	noErr(t, "UpdateClient", err)
	next.Version = 2
	wantEqual(t, "the answer of UpdateClient", got, next)
	wantClient(t, s, next)
	for _, version := range []int64{0, 1, 3} {
		stale := next
		stale.Version, stale.Name = version, "stale"
		_, err := s.UpdateClient(t.Context(), stale)
		wantErr(t, "UpdateClient of another version", err, storage.ErrConflict)
	}
	wantClient(t, s, next)
}

func clientUpdateRace(t *testing.T, s storage.Store) {
	want := createClient(t, s, newClient(1))
	errs := race(racers, func(i int) error {
		c := newClient(1)
		c.Epoch = int64(i)
		_, err := s.UpdateClient(t.Context(), c)
		return err
	})
	want.Epoch, want.Version = int64(winner(t, errs, storage.ErrConflict)), 2
	wantClient(t, s, want)
}

func clientDelete(t *testing.T, s storage.Store) {
	c, other := createClient(t, s, newClient(1)), createClient(t, s, newClient(2))
	moved, err := s.UpdateClient(t.Context(), c)
	noErr(t, "UpdateClient", err)
	wantErr(t, "DeleteClient of an old version", s.DeleteClient(t.Context(), c.ID, c.Version), storage.ErrConflict)
	wantClient(t, s, moved)
	noErr(t, "DeleteClient", s.DeleteClient(t.Context(), c.ID, moved.Version))
	_, err = s.Client(t.Context(), c.ID)
	wantErr(t, "Client after DeleteClient", err, storage.ErrNotFound)
	wantErr(t, "DeleteClient again", s.DeleteClient(t.Context(), c.ID, 0), storage.ErrNotFound)
	wantClient(t, s, other)
	createClient(t, s, c)
	wantClient(t, s, c)
}

func clientList(t *testing.T, s storage.Store) {
	var want []storage.Client
	for n := range 5 {
		want = append(want, newClient(n))
		createClient(t, s, newClient((n*2)%5))
	}
	page, err := s.ListClients(t.Context(), storage.Page{})
	noErr(t, "ListClients", err)
	wantEqual(t, "the listing", page, storage.ClientPage{Clients: want})
}

func wantAny(t *testing.T, s storage.Store, grant string, want bool) {
	t.Helper()
	got, err := s.AnyClient(t.Context(), grant)
	noErr(t, "AnyClient", err)
	wantEqual(t, fmt.Sprintf("AnyClient %q", grant), got, want)
}

func clientAny(t *testing.T, s storage.Store) {
	wantAny(t, s, "password", false)
	create := func(id string, disabled bool, grant string) {
		c := newClient(0)
		c.ID, c.Disabled, c.Grants = id, disabled, []string{"implicit", grant}
		createClient(t, s, c)
	}
	create("off", true, "password")
	wantAny(t, s, "password", false) // a disabled client counts for nothing
	create("a", false, "refresh_token")
	create("b", false, "client_credentials")
	wantAny(t, s, "refresh_token", true)
	wantAny(t, s, "client_credentials", true)
	wantAny(t, s, "password", false)
}

func clientAnyIsExact(t *testing.T, s storage.Store) {
	createClient(t, s, newClient(0))
	none := newClient(2)
	none.Grants = nil
	createClient(t, s, none)
	for _, grant := range append([]string{"pass", "PASSWORD", "password ", "password,refresh_token"}, injectionStrings...) {
		wantAny(t, s, grant, false)
	}
	wantAny(t, s, "password", true)
}

func wantOrigins(t *testing.T, s storage.Store, want ...string) {
	t.Helper()
	got, err := s.ClientOrigins(t.Context())
	noErr(t, "ClientOrigins", err)
	slices.Sort(got)
	slices.Sort(want)
	wantEqual(t, "ClientOrigins", got, want)
}

// clientOrigins: those of enabled clients, each once, whatever they share.
func clientOrigins(t *testing.T, s storage.Store) {
	wantOrigins(t, s)
	create := func(id string, disabled bool, origins ...string) storage.Client {
		c := newClient(0)
		c.ID, c.Disabled, c.Origins = id, disabled, origins
		return createClient(t, s, c)
	}
	create("off", true, "https://off.example")
	create("none", false)
	wantOrigins(t, s)
	a := create("a", false, "https://a.example", "https://shared.example")
	create("b", false, "https://shared.example", "https://b.example")
	wantOrigins(t, s, "https://a.example", "https://b.example", "https://shared.example")
	a.Origins = []string{"https://new.example"}
	a, err := s.UpdateClient(t.Context(), a)
	noErr(t, "UpdateClient", err)
	wantOrigins(t, s, "https://b.example", "https://new.example", "https://shared.example")
	noErr(t, "DeleteClient", s.DeleteClient(t.Context(), a.ID, 0))
	wantOrigins(t, s, "https://b.example", "https://shared.example")
	for n := range 1200 { // more than one batch of any driver
		create(fmt.Sprintf("many-%d", n), false, fmt.Sprintf("https://%d.example", n))
	}
	got, err := s.ClientOrigins(t.Context())
	noErr(t, "ClientOrigins", err)
	wantEqual(t, "the number of origins", len(got), 1202)
}

func clientAnyFollowsChanges(t *testing.T, s storage.Store) {
	c := createClient(t, s, newClient(0))
	wantAny(t, s, "password", true)
	c.Disabled = true
	c, err := s.UpdateClient(t.Context(), c)
	noErr(t, "UpdateClient", err)
	wantAny(t, s, "password", false)
	c.Disabled, c.Grants = false, []string{"device_code"}
	_, err = s.UpdateClient(t.Context(), c)
	noErr(t, "UpdateClient", err)
	wantAny(t, s, "password", false)
	wantAny(t, s, "device_code", true)
	noErr(t, "DeleteClient", s.DeleteClient(t.Context(), c.ID, 0))
	wantAny(t, s, "device_code", false)
}

func clientCreateRace(t *testing.T, s storage.Store) {
	contender := func(i int) storage.Client {
		c := newClient(1)
		c.Name = fmt.Sprint(i)
		return c
	}
	errs := race(racers, func(i int) error { return s.CreateClient(t.Context(), contender(i)) })
	wantClient(t, s, contender(winner(t, errs, storage.ErrConflict)))
}
