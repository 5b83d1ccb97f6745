package checker_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/checker"
	"example.org/signet/storage"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fakeStore is a store made by hand.
type fakeStore struct {
	checker.Store
	users    []storage.User
	roles    []storage.Role
	clients  []storage.Client
	sessions []storage.Session
	keys     []storage.Key
	events   []storage.AuditEvent
	pending  []storage.PendingRevocation
	sets     map[string]storage.SharedSet
	counters []time.Time
	broken   error
}

func (l *fakeStore) ListUsers(context.Context, storage.UserFilter, storage.Page) (storage.UserPage, error) {
	return storage.UserPage{Users: l.users}, l.broken
}
func (l *fakeStore) ListRoles(context.Context) ([]storage.Role, error) { return l.roles, nil }
func (l *fakeStore) ListClients(context.Context, storage.Page) (storage.ClientPage, error) {
	return storage.ClientPage{Clients: l.clients}, nil
}

// ListSessions gives one a page.
func (l *fakeStore) ListSessions(_ context.Context, _ storage.SessionFilter, p storage.Page) (page storage.SessionPage, _ error) {
	at := len(p.After)
	if at+1 < len(l.sessions) {
		page.Next = strings.Repeat("x", at+1)
	}
	page.Sessions = l.sessions[at : at+1]
	return page, nil
}
func (l *fakeStore) ListKeys(context.Context) ([]storage.Key, error) { return l.keys, nil }
func (l *fakeStore) ListAudit(context.Context, storage.AuditFilter, storage.Page) (storage.AuditPage, error) {
	return storage.AuditPage{Events: l.events}, nil
}
func (l *fakeStore) PendingRevocations(context.Context, int) ([]storage.PendingRevocation, error) {
	return l.pending, nil
}
func (l *fakeStore) Epoch(context.Context) (storage.Epoch, error) {
	return storage.Epoch{Number: 1}, nil
}
func (l *fakeStore) SharedSet(_ context.Context, name string) (storage.SharedSet, error) {
	if g, there := l.sets[name]; there {
		return g, nil
	}
	return storage.SharedSet{}, storage.ErrNotFound
}
func (l *fakeStore) SweepCounters(_ context.Context, before time.Time, _ int) (n int64, _ error) {
	var left []time.Time
	for _, end := range l.counters {
		if end.Before(before) {
			n++
		} else {
			left = append(left, end)
		}
	}
	l.counters = left
	return n, nil
}

func token(kid, sid string) string {
	part := func(format, v string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(format, v)))
	}
	return part(`{"kid":%q}`, kid) + "." + part(`{"sid":%q}`, sid) + ".x"
}

const jwks = `{"keys":[{"kty":"EC","kid":"one","x":"a","y":"b"},{"kty":"EC","kid":"two","x":"c","y":"d"}]}`

// testCase is a Signet in order: ann is a super_admin, ben is disabled, and one of
// their sessions each is there, alive and marked.
type testCase struct {
	store  fakeStore
	jwks   string
	signs  [2]string // what the instances sign with
	active map[string]bool
}

func validCase() *testCase {
	session := storage.Session{ID: "s1", UserID: "ann", ClientID: "web", UserEpoch: 1<<32 | 5, ClientEpoch: 7, StatusIndex: 1, CreatedAt: now, RotatedAt: now, ExpiresAt: now.Add(time.Hour)}
	dead := session
	dead.ID, dead.UserID, dead.StatusIndex, dead.RevokedAt, dead.Reason = "s2", "ben", 2, now, "test"
	event := func(id, kind, target string, seq int64) storage.AuditEvent {
		return storage.AuditEvent{ID: id, Type: kind, Target: target, Writer: "w", Seq: seq}
	}
	return &testCase{
		store: fakeStore{
			users: []storage.User{
				{ID: "ann", Username: "ann", Email: "ann@example.com", Roles: []string{"super_admin", "user"}, Epoch: 5},
				{ID: "ben", Username: "ben", Roles: []string{"user"}, Epoch: 6, Disabled: true},
			},
			roles:    []storage.Role{{Name: "user", BuiltIn: true}, {Name: "super_admin", BuiltIn: true}, {Name: "editor"}},
			clients:  []storage.Client{{ID: "web", Epoch: 7}},
			sessions: []storage.Session{session, dead},
			keys:     []storage.Key{{Seq: 1, KID: "one", PublicJWK: []byte(`{"kty":"EC"}`)}, {Seq: 2, KID: "two", PublicJWK: []byte(`{}`)}},
			events: []storage.AuditEvent{
				event("1", "super_admin.bootstrapped", "ann", 1), event("2", "user.created", "ben", 2), event("3", "client.created", "web", 3),
				event("4", "role.created", "editor", 4), event("5", "user.disabled", "ben", 5),
			},
			sets:     map[string]storage.SharedSet{"bootstrapped": {}, "super_admin": {Members: []string{"ann"}}},
			counters: []time.Time{now.Add(time.Minute)},
		},
		jwks: jwks, signs: [2]string{"one", "one"}, active: map[string]bool{"s1": true},
	}
}

func (c *testCase) examine(t *testing.T) ([]string, error) {
	t.Helper()
	s := checker.Target{Store: &c.store, Now: now, Window: time.Hour, Tokens: []string{token("one", "s1"), token("one", "s2"), "nonsense"}}
	for _, kid := range c.signs {
		s.Instances = append(s.Instances, checker.Instance{
			JWKS:   func() ([]byte, error) { return []byte(c.jwks), nil },
			Sign:   func() (string, error) { return token(kid, ""), nil },
			Active: func(token string) bool { return c.active[sid(token)] },
		})
	}
	return checker.Check(t.Context(), s)
}

func sid(of string) string {
	for _, s := range []string{"s1", "s2"} {
		if of == token("one", s) {
			return s
		}
	}
	return ""
}

func TestNothingToFind(t *testing.T) {
	if found, err := validCase().examine(t); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestUnreadable(t *testing.T) {
	c := validCase()
	c.store.broken = storage.Unavailable("ListUsers", errors.New("cut"))
	if _, err := c.examine(t); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// TestEveryRuleFindsViolations: what never finds anything shows nothing.
func TestEveryRuleFindsViolations(t *testing.T) {
	for _, c := range []struct {
		want  string // the line, and a part of the only finding
		spoil func(c *testCase)
	}{
		{"1 is there twice", func(c *testCase) { c.store.sessions[1].ID = "s1"; c.quiet() }},
		{"1 counts below 0", func(c *testCase) { c.store.sessions[0].Generation = -2 }},
		{"1 and its code was not redeemed", func(c *testCase) { c.store.sessions[0].Generation = storage.PendingGeneration }},
		{"1 keeps what its code was bound to", func(c *testCase) { c.store.sessions[0].Code.Nonce = "n" }},
		{"1 without a new generation", func(c *testCase) { c.store.sessions[0].RotatedAt = now.Add(time.Second) }},
		{"1 after its end", func(c *testCase) { c.store.sessions[1].ExpiresAt = now }},
		{"1 for the reason", func(c *testCase) { c.store.sessions[1].Reason = "" }},
		{"1 place 1 in the status lists", func(c *testCase) { c.store.sessions[1].RetiredIndex = 1 }},
		{"1 is active, the session is dead", func(c *testCase) { c.active["s2"] = true }},
		{"2 user is gone", func(c *testCase) { c.store.sessions[0].UserID = "eve"; c.store.tell("user.deleted", "eve"); c.quiet() }},
		{"2 client is gone", func(c *testCase) { c.store.sessions[0].ClientID = "gone"; c.quiet() }},
		{"2 user's epoch is over", func(c *testCase) { c.store.sessions[0].UserEpoch--; c.quiet() }},
		{"2 client's epoch is over", func(c *testCase) { c.store.sessions[0].ClientEpoch--; c.quiet() }},
		{"2 has lost the role", func(c *testCase) { c.store.sessions[0].Roles = []string{"editor"} }},
		{"2 with its user", func(c *testCase) { c.revive(); c.store.sessions[1].UserEpoch = 1<<32 | 6 }},
		{"2 with its client", func(c *testCase) { c.store.clients[0].Disabled = true; c.quiet() }},
		{"2 is active, the session is dead", func(c *testCase) {
			c.store.sessions[0].ClientEpoch--
			c.store.pending = []storage.PendingRevocation{{ClientID: "web"}}
		}},
		{"4 two keys sign", func(c *testCase) { c.signs[1] = "two" }},
		{"4 revoked true", func(c *testCase) { c.store.keys[0].RevokedAt = now }},
		{"4 imported true", func(c *testCase) { c.store.keys[0].VerifiesUntil = now }},
		{"4 known false", func(c *testCase) { c.signs = [2]string{"three", "three"} }},
		{"4 listed false", func(c *testCase) { c.jwks = `{"keys":[]}` }},
		{"4 private member", func(c *testCase) { c.jwks = strings.Replace(jwks, `"x":"a"`, `"D":"secret"`, 1) }},
		{"4 the record of key one has the private member", func(c *testCase) { c.store.keys[0].PublicJWK = []byte(`{"d":"secret"}`) }},
		{"4 is there twice", func(c *testCase) { c.store.keys[1].Seq = 1 }},
		{"4 without a name", func(c *testCase) { c.jwks = strings.Replace(jwks, `"kid":"two"`, `"kid":"one"`, 1) }},
		{"7 outlast", func(c *testCase) { c.store.counters = append(c.store.counters, now.Add(2*time.Hour)) }},
		{"9 making of user", func(c *testCase) { c.store.events[0].Target = "eve" }},
		{"9 making of client", func(c *testCase) { c.store.events[2].Target = "other" }},
		{"9 making of role", func(c *testCase) { c.store.events[3].Target = "other" }},
		{"9 was disabled", func(c *testCase) { c.store.events[4].Type = "user.enabled" }},
		{"9 was deleted", func(c *testCase) { c.store.sessions[1].UserID = "eve" }},
		{"9 comes before it was made", func(c *testCase) {
			c.store.events[0].Type, c.store.events[0].Target = "user.updated", "ben"
			c.store.tell("user.registered", "ann")
		}},
		{"9 comes after", func(c *testCase) { c.store.events[4].ID = "3" }},
		{"9 of its writer", func(c *testCase) { c.store.events[4].Seq = 4 }},
		{"10 not canonical", func(c *testCase) { c.store.users[1].Username = "Ben" }},
		{"10 has two users", func(c *testCase) { c.store.users[1].Email = "ann" }},
		{"10 which is not known", func(c *testCase) { c.store.users[1].Roles = []string{"wizard"} }},
		{"10 is relied on", func(c *testCase) { c.store.sets["super_admin"] = storage.SharedSet{Members: []string{"ann", "ben"}} }},
		{"10 and is none", func(c *testCase) { c.store.users[0].Roles = nil; delete(c.store.sets, "super_admin") }},
	} {
		t.Run(c.want, func(t *testing.T) {
			spoiled := validCase()
			c.spoil(spoiled)
			found, err := spoiled.examine(t)
			line, part, _ := strings.Cut(c.want, " ")
			if err != nil || len(found) == 0 {
				t.Fatalf("found %q, %v", found, err)
			}
			for _, f := range found {
				if !strings.HasPrefix(f, line+" ") || !strings.Contains(f, part) {
					t.Errorf("found %q", f)
				}
			}
		})
	}
}

// What is on its way is nothing to find.
func TestAllowances(t *testing.T) {
	for name, change := range map[string]func(c *testCase){
		"an end that is announced": func(c *testCase) {
			c.store.sessions[0].UserEpoch--
			c.store.pending = []storage.PendingRevocation{{UserID: "ann"}}
			c.quiet()
		},
		"a session that is over": func(c *testCase) {
			c.revive()
			c.store.sessions[1].ExpiresAt = now.Add(-1)
			c.store.sessions[1].CreatedAt = now.Add(-2)
			c.store.sessions[1].RotatedAt = now.Add(-2)
		},
		"the session that was kept": func(c *testCase) {
			c.store.users[0].Epoch, c.store.users[0].KeptSession, c.store.users[0].KeptEpoch = 6, "s1", 1
		},
		"nobody is wanted": func(c *testCase) { c.store.users[0].Roles = nil; c.store.sets["super_admin"] = storage.SharedSet{} },
	} {
		c := validCase()
		change(c)
		if found, err := c.examine(t); err != nil || len(found) > 0 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func (l *fakeStore) tell(kind, target string) {
	n := len(l.events) + 1
	l.events = append(l.events, storage.AuditEvent{ID: strconv.Itoa(n), Type: kind, Target: target, Writer: "w", Seq: int64(n)})
}

// quiet has no token active, revive takes the mark of the second session away.
func (c *testCase) quiet() { c.active = nil }
func (c *testCase) revive() {
	c.store.sessions[1].RevokedAt, c.store.sessions[1].Reason = time.Time{}, ""
}
