package sqlite

import (
	"fmt"
	"testing"

	"example.org/signet/storage"
)

func TestFill(t *testing.T) {
	s := openTest(t)
	const many = 300
	var users []storage.User
	var sessions []storage.Session
	for n := range many {
		name := fmt.Sprintf("filled%03d", n)
		users = append(users, storage.User{ID: name, Username: name, Email: name + "@example.org", Roles: []string{"user"}, CreatedAt: start, UpdatedAt: start})
		sessions = append(sessions, realisticSession(n))
	}
	if err := s.Fill(t.Context(), users, sessions); err != nil {
		t.Fatal(err)
	}
	for n := range many {
		if u, err := s.UserByLogin(t.Context(), users[n].Email); err != nil || u.ID != users[n].ID || u.Version != 1 {
			t.Fatalf("user %d is %+v: %v", n, u, err)
		}
		if got, err := s.Session(t.Context(), sessions[n].ID); err != nil || got.UserID != sessions[n].UserID {
			t.Fatalf("session %d is %+v: %v", n, got, err)
		}
	}
	page, err := s.ListUsers(t.Context(), storage.UserFilter{Prefix: "filled00"}, storage.Page{Limit: 100})
	if err != nil || len(page.Users) != 10 {
		t.Errorf("%d users have the prefix, want 10: %v", len(page.Users), err)
	}
}

// A record that cannot be inserted leaves none of the others.
func TestFill_WhollyOrNot(t *testing.T) {
	s := openTest(t)
	sessions := []storage.Session{realisticSession(1), realisticSession(2), realisticSession(1)}
	if err := s.Fill(t.Context(), nil, sessions); err == nil {
		t.Fatal("two sessions with one id are inserted")
	}
	if got, err := s.Session(t.Context(), sessions[1].ID); !notFound(err) {
		t.Errorf("one is there: %+v, %v", got, err)
	}
	if err := s.Fill(t.Context(), make([]storage.User, MaxFill), make([]storage.Session, 1)); err == nil {
		t.Error("there is no bound")
	}
}
