package storagetest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

// What values become on their way through a store.
var valueContracts = []contract{
	{"TimesAreUTCMilliseconds", valueTimes},
	{"ZeroTimesStayZero", valueZeroTimes},
	{"EmptyListsAreNil", valueEmptyLists},
	{"Integers", valueIntegers},
	{"Long", valueLong},
	{"NotShared", valueNotShared},
}

// subMillisecond is a time that no backend keeps as it is.
var subMillisecond = start.Add(999_999).In(time.FixedZone("elsewhere", 5*3600+1800))

func wantTime(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func valueTimes(t *testing.T, s storage.Store) {
	ctx := t.Context()
	u, r, c, session, k, e := newUser(1), newRole(1), newClient(1), newSession(1), newKey(1), newEvent(1)
	u.CreatedAt, u.UpdatedAt = subMillisecond, subMillisecond
	r.CreatedAt, r.UpdatedAt = subMillisecond, subMillisecond
	c.CreatedAt, c.UpdatedAt = subMillisecond, subMillisecond
	session.RotatedAt, session.CreatedAt, session.ExpiresAt, session.AuthTime = subMillisecond, subMillisecond, subMillisecond.Add(time.Hour), subMillisecond
	k.CreatedAt, k.ActivatesAt, k.PredecessorActivatesAt, k.RestoresAt, k.VerifiesUntil = subMillisecond, subMillisecond, subMillisecond, subMillisecond, subMillisecond
	e.At = subMillisecond
	createAll(t, s, u, r, c, session, k, e)
	noErr(t, "RevokeKey", s.RevokeKey(ctx, k.KID, subMillisecond))
	noErr(t, "RevokeSession", s.RevokeSession(ctx, session.ID, subMillisecond, "logout"))

	check := func(name string, u storage.User, r storage.Role, c storage.Client) {
		for what, got := range map[string]time.Time{
			"User.CreatedAt": u.CreatedAt, "User.UpdatedAt": u.UpdatedAt, "Role.CreatedAt": r.CreatedAt,
			"Role.UpdatedAt": r.UpdatedAt, "Client.CreatedAt": c.CreatedAt, "Client.UpdatedAt": c.UpdatedAt,
		} {
			wantTime(t, what+" "+name, got, start)
		}
	}
	after := readAll(t, s, u, r, c, session)
	check("as read", after.user, after.role, after.client)
	updated := updateAll(t, s, u, r, c)
	check("as answered by the update", updated.user, updated.role, updated.client)

	got := after.session
	for what, at := range map[string]time.Time{
		"RotatedAt": got.RotatedAt, "CreatedAt": got.CreatedAt, "AuthTime": got.AuthTime, "RevokedAt": got.RevokedAt,
	} {
		wantTime(t, "Session."+what, at, start)
	}
	wantTime(t, "Session.ExpiresAt", got.ExpiresAt, start.Add(time.Hour))
	keys, err := s.ListKeys(ctx)
	noErr(t, "ListKeys", err)
	for _, at := range []time.Time{keys[0].CreatedAt, keys[0].ActivatesAt, keys[0].PredecessorActivatesAt, keys[0].RestoresAt, keys[0].VerifiesUntil, keys[0].RevokedAt} {
		wantTime(t, "a time of the key", at, start)
	}
	page, err := s.ListAudit(ctx, storage.AuditFilter{}, storage.Page{})
	noErr(t, "ListAudit", err)
	wantTime(t, "AuditEvent.At", page.Events[0].At, start)
	count, err := increment(ctx, s, "ann", subMillisecond, window)
	noErr(t, "ReserveCounters", err)
	wantTime(t, "AttemptCount.ResetAt", count.ResetAt, start.Add(window))
}

// records is one of each kind that is read by its id.
type records struct {
	user    storage.User
	role    storage.Role
	client  storage.Client
	session storage.Session
}

func createAll(t *testing.T, s storage.Store, u storage.User, r storage.Role, c storage.Client,
	session storage.Session, k storage.Key, e storage.AuditEvent) {
	t.Helper()
	createUser(t, s, u)
	createRole(t, s, r)
	createClient(t, s, c)
	createSession(t, s, session)
	insertKey(t, s, k)
	appendEvent(t, s, e)
}

func readAll(t *testing.T, s storage.Store, u storage.User, r storage.Role, c storage.Client, session storage.Session) (got records) {
	t.Helper()
	var err error
	got.user, err = s.User(t.Context(), u.ID)
	noErr(t, "User", err)
	got.role, err = s.Role(t.Context(), r.Name)
	noErr(t, "Role", err)
	got.client, err = s.Client(t.Context(), c.ID)
	noErr(t, "Client", err)
	got.session, err = s.Session(t.Context(), session.ID)
	noErr(t, "Session", err)
	return got
}

func updateAll(t *testing.T, s storage.Store, u storage.User, r storage.Role, c storage.Client) (got records) {
	t.Helper()
	var err error
	got.user, err = s.UpdateUser(t.Context(), u)
	noErr(t, "UpdateUser", err)
	got.role, err = s.UpdateRole(t.Context(), r)
	noErr(t, "UpdateRole", err)
	got.client, err = s.UpdateClient(t.Context(), c)
	noErr(t, "UpdateClient", err)
	return got
}

// valueZeroTimes also shows that a record may be all but empty.
func valueZeroTimes(t *testing.T, s storage.Store) {
	u := storage.User{ID: "u", Username: "u"}
	r := storage.Role{Name: "r"}
	c := storage.Client{ID: "c"}
	session := storage.Session{ID: "s"}
	k := storage.Key{Seq: 1, KID: "k"}
	e := storage.AuditEvent{ID: "e"}
	createAll(t, s, u, r, c, session, k, e)
	u.Version, r.Version, c.Version = 1, 1, 1
	wantUser(t, s, u)
	wantRole(t, s, r)
	wantClient(t, s, c)
	wantSession(t, s, session)
	wantKeys(t, s, k)
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	noErr(t, "ListAudit", err)
	wantEqual(t, "the events", page.Events, []storage.AuditEvent{e})

	// A session without an end has none to come: it is dead.
	_, err = s.RotateSession(t.Context(), storage.Rotation{SessionID: "s", At: start})
	wantErr(t, "RotateSession of a session without an end", err, storage.ErrConflict)
}

// valueEmptyLists: an empty list and none are the same, and come back as nil,
// from reads, listings and updates alike.
func valueEmptyLists(t *testing.T, s storage.Store) {
	empty := func() []string { return []string{} }
	u, r, c, session, k := newUser(1), newRole(1), newClient(1), newSession(1), newKey(1)
	u.Roles, r.Scopes = empty(), empty()
	c.Grants, c.Scopes, c.Audiences, c.Resources, c.Origins = empty(), empty(), empty(), empty(), empty()
	c.RedirectURIs, c.PostLogoutRedirectURIs, c.Contacts = empty(), empty(), empty()
	session.Scopes, session.Audience = empty(), empty()
	k.PublicJWK, k.Sealed = []byte{}, []byte{}
	createAll(t, s, u, r, c, session, k, newEvent(1))

	check := func(got records) {
		t.Helper()
		for what, list := range map[string][]string{
			"User.Roles": got.user.Roles, "Role.Scopes": got.role.Scopes,
			"Client.Grants": got.client.Grants, "Client.Scopes": got.client.Scopes, "Client.Audiences": got.client.Audiences,
			"Client.Resources": got.client.Resources, "Client.Origins": got.client.Origins,
			"Client.RedirectURIs": got.client.RedirectURIs, "Client.PostLogoutRedirectURIs": got.client.PostLogoutRedirectURIs, "Client.Contacts": got.client.Contacts,
			"Session.Scopes": got.session.Scopes, "Session.Audience": got.session.Audience,
		} {
			if list != nil {
				t.Errorf("%s: got %#v, want nil", what, list)
			}
		}
	}
	check(readAll(t, s, u, r, c, session))
	check(updateAll(t, s, u, r, c))
	rotated, err := s.RotateSession(t.Context(), rotationOf(session))
	noErr(t, "RotateSession", err)
	check(records{session: rotated.Session})
	k.PublicJWK, k.Sealed = nil, nil
	wantKeys(t, s, k)
}

func valueIntegers(t *testing.T, s storage.Store) {
	for i, n := range []int64{-1, math.MaxInt32 + 1, 1<<53 + 1, math.MaxInt64 - 1, math.MinInt64} {
		u, r, c, session := newUser(i), newRole(i), newClient(i), newSession(i)
		u.Epoch, r.Rank, c.Epoch = n, n, n
		session.UserEpoch, session.ClientEpoch, session.StatusIndex = n, n, n
		wantUser(t, s, createUser(t, s, u))
		wantRole(t, s, createRole(t, s, r))
		wantClient(t, s, createClient(t, s, c))
		wantSession(t, s, createSession(t, s, session))
	}
	k := newKey(1)
	k.Seq = 1 << 40
	wantKeys(t, s, insertKey(t, s, k))
}

func valueLong(t *testing.T, s storage.Store) {
	long := strings.Repeat("long \u00e4\u4e16\U0001f600 ", 4000) // about 60 kB
	u := newUser(1)
	u.FullName = long
	wantUser(t, s, createUser(t, s, u))

	c := newClient(1)
	c.Origins = nil
	for n := range 200 {
		c.Origins = append(c.Origins, fmt.Sprintf("https://app-%d.example.com", n))
	}
	wantClient(t, s, createClient(t, s, c))
	k := newKey(1)
	k.Sealed = []byte(long)
	wantKeys(t, s, insertKey(t, s, k))
}

// valueNotShared: a store keeps what it was given, not the caller's memory.
func valueNotShared(t *testing.T, s storage.Store) {
	u, k := newUser(1), newKey(1)
	createUser(t, s, u)
	insertKey(t, s, k)
	u.Roles[0], k.Sealed[0] = "spoilt", 0x55
	wantUser(t, s, newUser(1))
	wantKeys(t, s, newKey(1))

	got, err := s.User(t.Context(), u.ID)
	noErr(t, "User", err)
	got.Roles[0] = "spoilt"
	wantUser(t, s, newUser(1))
}
