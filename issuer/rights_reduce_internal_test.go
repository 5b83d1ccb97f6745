package issuer

import (
	"context"
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

// manySessions holds more sessions of one client than one call looks at.
type manySessions struct {
	sessions []storage.Session
	client   storage.Client
	reads    int // pages
	lost     int // of the next compare-and-swaps
}

func (m *manySessions) User(context.Context, string) (storage.User, error) {
	return storage.User{}, storage.ErrNotFound
}
func (m *manySessions) Client(context.Context, string) (storage.Client, error) { return m.client, nil }
func (m *manySessions) ListRoles(context.Context) ([]storage.Role, error)      { return nil, nil }
func (m *manySessions) Session(_ context.Context, id string) (storage.Session, error) {
	return *m.find(id), nil
}

func (m *manySessions) find(id string) *storage.Session {
	var n int
	_, _ = fmt.Sscanf(id, "s%d", &n)
	return &m.sessions[n]
}

func (m *manySessions) ListSessions(_ context.Context, _ storage.SessionFilter, p storage.Page) (page storage.SessionPage, err error) {
	first := 0
	if p.After != "" {
		_, _ = fmt.Sscanf(p.After, "s%d", &first)
		first++
	}
	last := min(first+p.Size(), len(m.sessions))
	page.Sessions = m.sessions[first:last]
	if last < len(m.sessions) {
		page.Next = m.sessions[last-1].ID
	}
	m.reads++
	return page, nil
}

func (m *manySessions) UpdateRights(_ context.Context, u storage.RightsUpdate) (storage.Session, error) {
	if m.lost > 0 {
		m.lost--
		return storage.Session{}, storage.ErrConflict
	}
	s := m.find(u.SessionID)
	s.Roles, s.DeniedScopes, s.DeniedAudiences, s.StatusRetired = u.Roles, u.DeniedScopes, u.DeniedAudiences, u.StatusRetired
	return *s, nil
}

// One call is bounded, and the next goes on where it ended.
func TestReduce_ManySessions_InPortions(t *testing.T) {
	const count = reducerPages*storage.MaxPage + 1500
	m := &manySessions{client: storage.Client{ID: "c", Scopes: []string{"read"}, Audiences: []string{"api"}}, lost: 3}
	for n := range count {
		m.sessions = append(m.sessions, storage.Session{
			ID: fmt.Sprintf("s%d", n), StatusIndex: int64(n) + 1, Scopes: []string{"read", "write"}, Audience: []string{"api"},
		})
	}
	rr := NewRightsReducer(m, "https://id.example.org", time.Now)
	pending := storage.PendingRevocation{ClientID: "c", Kind: storage.PendingRights}
	var calls int
	for cursor := ""; calls == 0 || cursor != ""; calls++ {
		m.reads = 0
		var err error
		if cursor, err = rr.Reduce(t.Context(), pending, cursor); err != nil {
			t.Fatal(err)
		}
		if m.reads > reducerPages {
			t.Errorf("one call reads %d pages", m.reads)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
	for _, s := range m.sessions {
		if !s.StatusRetired || len(s.DeniedScopes) != 1 || s.DeniedScopes[0] != "write" {
			t.Fatalf("session %s is %+v", s.ID, s)
		}
	}
}

// The sessions of whoever is gone end altogether: nothing is to be done.
func TestReduce_UserGone_DoesNothing(t *testing.T) {
	m := &manySessions{}
	next, err := NewRightsReducer(m, "https://id.example.org", time.Now).Reduce(t.Context(), storage.PendingRevocation{UserID: "u", Kind: storage.PendingRights}, "")
	if next != "" || err != nil || m.reads > 0 {
		t.Errorf("next %q, %v, %d reads", next, err, m.reads)
	}
}
