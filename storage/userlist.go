package storage

import (
	"strconv"
	"strings"
	"time"
)

// UserPage is one page of users, in the order that the filter asks for. With a prefix a page
// may hold fewer than asked for, even none, and still have a next one: see [UserFilter.Page].
type UserPage struct {
	Users []User
	Next  string // cursor of the next page; "" at the end
}

// UserOrder is an order of users.
type UserOrder int

const (
	UsersByCreation UserOrder = iota // by CreatedAt and then ID
	UsersByName                      // by Username
)

// UserFilter selects users, and orders them. Zero fields select all, by rising creation.
//
// A user who is there from the first page to the last is listed once, unless a change of theirs
// moves them in the order meanwhile: of CreatedAt, or, in an order of names, of a login name.
type UserFilter struct {
	Prefix             string // of the canonical username or e-mail, taken literally
	Role               string // holders of the role
	Disabled           *bool  // nil for both
	MustChangePassword *bool  // nil for both

	// Order is that of the page. With a Prefix it is always that of the login names that begin
	// with it: a user for whom both do is listed at the one that comes first.
	Order      UserOrder
	Descending bool
}

// ByName tells whether the order is one of login names.
func (f UserFilter) ByName() bool { return f.Order == UsersByName || f.Prefix != "" }

// UserMatch is a user met by one of the login names.
type UserMatch struct {
	User    User
	ByEmail bool
}

// name is the login name by which the user was met.
func (m UserMatch) name() string {
	if m.ByEmail {
		return m.User.Email
	}
	return m.User.Username
}

// Before tells whether m comes before o in the order of f.
func (f UserFilter) Before(m, o UserMatch) bool {
	if f.Descending {
		m, o = o, m
	}
	if f.ByName() {
		return m.name() < o.name()
	}
	if !m.User.CreatedAt.Equal(o.User.CreatedAt) {
		return m.User.CreatedAt.Before(o.User.CreatedAt)
	}
	return m.User.ID < o.User.ID
}

// Examined is how many matches a backend reads for a page of that size. With a prefix a user
// may be met twice.
func (f UserFilter) Examined(size int) int {
	if f.Prefix != "" {
		return 2*size + 1
	}
	return size + 1
}

// Page makes a page of up to size users of the first matches in the order of f, of which a
// backend reads up to [UserFilter.Examined]. Those met for the second time are left out. Where so
// many are left out that the page does not fill, its cursor goes on after the last of them.
func (f UserFilter) Page(matches []UserMatch, size int) (page UserPage) {
	last := ""
	for _, m := range matches {
		if !f.metBefore(m) {
			if len(page.Users) == size {
				page.Next = last
				return page
			}
			page.Users = append(page.Users, m.User)
		}
		last = f.cursor(m)
	}
	if len(matches) >= f.Examined(size) {
		page.Next = last
	}
	return page
}

// metBefore tells whether the other login name of the user has the prefix too and comes first.
func (f UserFilter) metBefore(m UserMatch) bool {
	if f.Prefix == "" {
		return false
	}
	other := UserMatch{m.User, !m.ByEmail}
	if !strings.HasPrefix(other.name(), f.Prefix) {
		return false
	}
	if other.name() == m.name() {
		return m.ByEmail
	}
	return f.Before(other, m)
}

// cursor is the place of a match in the order of f.
func (f UserFilter) cursor(m UserMatch) string {
	if f.ByName() {
		return m.name()
	}
	return strconv.FormatInt(m.User.CreatedAt.UnixMilli(), 10) + "." + m.User.ID
}

// ParseCreationCursor returns the place that a cursor of an order by creation stands for. It
// returns false for a text that is none.
func ParseCreationCursor(cursor string) (at time.Time, id string, ok bool) {
	ms, id, found := strings.Cut(cursor, ".")
	n, err := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n).UTC(), id, found && err == nil
}
