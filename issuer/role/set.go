// Package role holds what roles mean: which scopes they give, and whom they outrank.
package role

import (
	"slices"

	"example.org/signet/storage"
)

// The built-in roles, in rising rank.
const (
	User       = "user"
	Admin      = "admin"
	SuperAdmin = "super_admin"
)

// Ranks of the built-in roles; a custom role has any rank between them.
const (
	RankUser       = 0
	RankAdmin      = 100
	RankSuperAdmin = 1000
)

// Set is the definitions of all roles at one moment.
type Set struct {
	byName     map[string]storage.Role
	restricted map[string]struct{} // every scope that some role names
}

// NewSet returns the set of these roles.
func NewSet(list []storage.Role) *Set {
	s := &Set{byName: make(map[string]storage.Role, len(list)), restricted: map[string]struct{}{}}
	for _, r := range list {
		s.byName[r.Name] = r
		for _, scope := range r.Scopes {
			s.restricted[scope] = struct{}{}
		}
	}
	return s
}

// Has tells whether there is a role of that name.
func (s *Set) Has(name string) bool {
	_, ok := s.byName[name]
	return ok
}

// Rank returns the highest rank of the roles. A role that does not exist has rank 0.
func (s *Set) Rank(names ...string) int64 {
	var highest int64
	for _, name := range names {
		highest = max(highest, s.byName[name].Rank)
	}
	return highest
}

// Authentication returns what holders of the role must sign in with; "" for a password alone.
func (s *Set) Authentication(name string) string { return s.byName[name].Authentication }

// Restricted tells whether some role names the scope. One that no role names is open to every
// user.
func (s *Set) Restricted(scope string) bool {
	_, ok := s.restricted[scope]
	return ok
}

// Grants tells whether holders of the roles may have the scope.
func (s *Set) Grants(held []string, scope string) bool {
	if !s.Restricted(scope) {
		return true
	}
	return slices.ContainsFunc(held, func(name string) bool { return slices.Contains(s.byName[name].Scopes, scope) })
}

// ScopesFor returns the scopes that holders of the roles may have, in the order of asked. They may
// be asked itself, so nobody changes its elements.
func (s *Set) ScopesFor(held, asked []string) []string {
	if !slices.ContainsFunc(asked, func(scope string) bool { return !s.Grants(held, scope) }) && asked != nil {
		return slices.Clip(asked) // all, as nearly always
	}
	granted := make([]string, 0, len(asked))
	for _, scope := range asked {
		if s.Grants(held, scope) {
			granted = append(granted, scope)
		}
	}
	return granted
}

// LowestRank returns the lowest rank of a role that names the scope; false where none does.
func (s *Set) LowestRank(scope string) (rank int64, ok bool) {
	for _, r := range s.byName {
		if slices.Contains(r.Scopes, scope) && (!ok || r.Rank < rank) {
			rank, ok = r.Rank, true
		}
	}
	return rank, ok
}
