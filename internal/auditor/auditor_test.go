package auditor_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/auditor"
	"example.org/signet/storage"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// ledger is a store made by hand.
type ledger struct {
	auditor.Store
	users    []storage.User
	roles    []storage.Role
	clients  []storage.Client
	sessions []storage.Session
	keys     []storage.Key
	events   []storage.AuditEvent
	endings  []storage.Ending
	guards   map[string]storage.Guard
	counters []time.Time
	broken   error
}

func (l *ledger) ListUsers(context.Context, storage.UserFilter, storage.Page) (storage.UserPage, error) {
	return storage.UserPage{Users: l.users}, l.broken
}
func (l *ledger) ListRoles(context.Context) ([]storage.Role, error) { return l.roles, nil }
func (l *ledger) ListClients(context.Context, storage.Page) (storage.ClientPage, error) {
	return storage.ClientPage{Clients: l.clients}, nil
}

// ListSessions gives one a page.
func (l *ledger) ListSessions(_ context.Context, _ storage.SessionFilter, p storage.Page) (page storage.SessionPage, _ error) {
	at := len(p.After)
	if at+1 < len(l.sessions) {
		page.Next = strings.Repeat("x", at+1)
	}
	page.Sessions = l.sessions[at : at+1]
	return page, nil
}
func (l *ledger) ListKeys(context.Context) ([]storage.Key, error) { return l.keys, nil }
func (l *ledger) ListAudit(context.Context, storage.AuditFilter, storage.Page) (storage.AuditPage, error) {
	return storage.AuditPage{Events: l.events}, nil
}
func (l *ledger) Endings(context.Context, int) ([]storage.Ending, error) { return l.endings, nil }
func (l *ledger) Epoch(context.Context) (storage.Epoch, error)           { return storage.Epoch{Number: 1}, nil }
func (l *ledger) Guard(_ context.Context, name string) (storage.Guard, error) {
	if g, there := l.guards[name]; there {
		return g, nil
	}
	return storage.Guard{}, storage.ErrNotFound
}
func (l *ledger) SweepAttempts(_ context.Context, before time.Time, _ int) (n int64, _ error) {
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

// scene is a Signet in order: ann is a super_admin, ben is disabled, and one of
// their sessions each is there, alive and marked.
type scene struct {
	store  ledger
	jwks   string
	signs  [2]string // what the instances sign with
	active map[string]bool
}

func inOrder() *scene {
	session := storage.Session{ID: "s1", UserID: "ann", ClientID: "web", UserEpoch: 1<<32 | 5, ClientEpoch: 7, StatusIndex: 1, CreatedAt: now, RotatedAt: now, ExpiresAt: now.Add(time.Hour)}
	dead := session
	dead.ID, dead.UserID, dead.StatusIndex, dead.RevokedAt, dead.Reason = "s2", "ben", 2, now, "test"
	event := func(id, kind, target string, seq int64) storage.AuditEvent {
		return storage.AuditEvent{ID: id, Type: kind, Target: target, Writer: "w", Seq: seq}
	}
	return &scene{
		store: ledger{
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
			guards:   map[string]storage.Guard{"bootstrapped": {}, "super_admin": {Members: []string{"ann"}}},
			counters: []time.Time{now.Add(time.Minute)},
		},
		jwks: jwks, signs: [2]string{"one", "one"}, active: map[string]bool{"s1": true},
	}
}

func (c *scene) examine(t *testing.T) ([]string, error) {
	t.Helper()
	s := auditor.Subject{Store: &c.store, Now: now, Window: time.Hour, Tokens: []string{token("one", "s1"), token("one", "s2"), "nonsense"}}
	for _, kid := range c.signs {
		s.Instances = append(s.Instances, auditor.Instance{
			JWKS:   func() ([]byte, error) { return []byte(c.jwks), nil },
			Sign:   func() (string, error) { return token(kid, ""), nil },
			Active: func(token string) bool { return c.active[sid(token)] },
		})
	}
	return auditor.Examine(t.Context(), s)
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
	if found, err := inOrder().examine(t); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestUnreadable(t *testing.T) {
	c := inOrder()
	c.store.broken = storage.Unavailable("ListUsers", errors.New("cut"))
	if _, err := c.examine(t); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// TestEveryLineFinds: what never finds anything shows nothing.
func TestEveryLineFinds(t *testing.T) {
	for _, c := range []struct {
		want  string // the line, and a part of the only finding
		spoil func(c *scene)
	}{
		{"1 is there twice", func(c *scene) { c.store.sessions[1].ID = "s1"; c.quiet() }},
		{"1 counts below 0", func(c *scene) { c.store.sessions[0].Generation = -1 }},
		{"1 without a new generation", func(c *scene) { c.store.sessions[0].RotatedAt = now.Add(time.Second) }},
		{"1 after its end", func(c *scene) { c.store.sessions[1].ExpiresAt = now }},
		{"1 for the reason", func(c *scene) { c.store.sessions[1].Reason = "" }},
		{"1 place 1 in the status lists", func(c *scene) { c.store.sessions[1].RetiredIndex = 1 }},
		{"1 is active, the session is dead", func(c *scene) { c.active["s2"] = true }},
		{"2 user is gone", func(c *scene) { c.store.sessions[0].UserID = "eve"; c.store.tell("user.deleted", "eve"); c.quiet() }},
		{"2 client is gone", func(c *scene) { c.store.sessions[0].ClientID = "gone"; c.quiet() }},
		{"2 user's epoch is over", func(c *scene) { c.store.sessions[0].UserEpoch--; c.quiet() }},
		{"2 client's epoch is over", func(c *scene) { c.store.sessions[0].ClientEpoch--; c.quiet() }},
		{"2 with its user", func(c *scene) { c.revive(); c.store.sessions[1].UserEpoch = 1<<32 | 6 }},
		{"2 with its client", func(c *scene) { c.store.clients[0].Disabled = true; c.quiet() }},
		{"2 is active, the session is dead", func(c *scene) {
			c.store.sessions[0].ClientEpoch--
			c.store.endings = []storage.Ending{{ClientID: "web"}}
		}},
		{"4 two keys sign", func(c *scene) { c.signs[1] = "two" }},
		{"4 revoked true", func(c *scene) { c.store.keys[0].RevokedAt = now }},
		{"4 imported true", func(c *scene) { c.store.keys[0].VerifiesUntil = now }},
		{"4 known false", func(c *scene) { c.signs = [2]string{"three", "three"} }},
		{"4 listed false", func(c *scene) { c.jwks = `{"keys":[]}` }},
		{"4 private member", func(c *scene) { c.jwks = strings.Replace(jwks, `"x":"a"`, `"D":"secret"`, 1) }},
		{"4 the record of key one has the private member", func(c *scene) { c.store.keys[0].PublicJWK = []byte(`{"d":"secret"}`) }},
		{"4 is there twice", func(c *scene) { c.store.keys[1].Seq = 1 }},
		{"4 without a name", func(c *scene) { c.jwks = strings.Replace(jwks, `"kid":"two"`, `"kid":"one"`, 1) }},
		{"7 outlast", func(c *scene) { c.store.counters = append(c.store.counters, now.Add(2*time.Hour)) }},
		{"9 making of user", func(c *scene) { c.store.events[0].Target = "eve" }},
		{"9 making of client", func(c *scene) { c.store.events[2].Target = "other" }},
		{"9 making of role", func(c *scene) { c.store.events[3].Target = "other" }},
		{"9 was disabled", func(c *scene) { c.store.events[4].Type = "user.enabled" }},
		{"9 was deleted", func(c *scene) { c.store.sessions[1].UserID = "eve" }},
		{"9 comes before it was made", func(c *scene) {
			c.store.events[0].Type, c.store.events[0].Target = "user.updated", "ben"
			c.store.tell("user.registered", "ann")
		}},
		{"9 comes after", func(c *scene) { c.store.events[4].ID = "3" }},
		{"9 of its writer", func(c *scene) { c.store.events[4].Seq = 4 }},
		{"10 not canonical", func(c *scene) { c.store.users[1].Username = "Ben" }},
		{"10 has two users", func(c *scene) { c.store.users[1].Email = "ann" }},
		{"10 which is not known", func(c *scene) { c.store.users[1].Roles = []string{"wizard"} }},
		{"10 is relied on", func(c *scene) { c.store.guards["super_admin"] = storage.Guard{Members: []string{"ann", "ben"}} }},
		{"10 and is none", func(c *scene) { c.store.users[0].Roles = nil; delete(c.store.guards, "super_admin") }},
	} {
		t.Run(c.want, func(t *testing.T) {
			spoiled := inOrder()
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
	for name, change := range map[string]func(c *scene){
		"an end that is announced": func(c *scene) {
			c.store.sessions[0].UserEpoch--
			c.store.endings = []storage.Ending{{UserID: "ann"}}
			c.quiet()
		},
		"a session that is over": func(c *scene) {
			c.revive()
			c.store.sessions[1].ExpiresAt = now.Add(-1)
			c.store.sessions[1].CreatedAt = now.Add(-2)
			c.store.sessions[1].RotatedAt = now.Add(-2)
		},
		"the session that was kept": func(c *scene) {
			c.store.users[0].Epoch, c.store.users[0].KeptSession, c.store.users[0].KeptEpoch = 6, "s1", 1
		},
		"nobody is wanted": func(c *scene) { c.store.users[0].Roles = nil; c.store.guards["super_admin"] = storage.Guard{} },
	} {
		c := inOrder()
		change(c)
		if found, err := c.examine(t); err != nil || len(found) > 0 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func (l *ledger) tell(kind, target string) {
	n := len(l.events) + 1
	l.events = append(l.events, storage.AuditEvent{ID: strconv.Itoa(n), Type: kind, Target: target, Writer: "w", Seq: int64(n)})
}

// quiet has no token active, revive takes the mark of the second session away.
func (c *scene) quiet()  { c.active = nil }
func (c *scene) revive() { c.store.sessions[1].RevokedAt, c.store.sessions[1].Reason = time.Time{}, "" }
