package attribute

import (
	"slices"
	"strings"

	"example.org/signet/storage"
)

// Schema is the definitions of all attributes. It is not changed, and safe for concurrent use.
type Schema struct {
	byName  map[string]storage.Attribute
	byClaim map[string]storage.Attribute
}

// NewSchema returns the schema of a record.
func NewSchema(s storage.AttributeSchema) *Schema {
	schema := &Schema{byName: make(map[string]storage.Attribute, len(s.Attributes)), byClaim: map[string]storage.Attribute{}}
	for _, a := range s.Attributes {
		schema.byName[a.Name] = a
		if a.Claim != "" {
			schema.byClaim[a.Claim] = a
		}
	}
	return schema
}

// ScopeOf returns the scope that gives the claim, "" where no attribute has it. A nil schema
// has none.
func (s *Schema) ScopeOf(claim string) string {
	if s == nil {
		return ""
	}
	return s.byClaim[claim].Scope
}

// GivesBy tells whether one of the scopes gives a claim.
func (s *Schema) GivesBy(scopes []string) bool {
	for _, a := range s.byClaim {
		if slices.Contains(scopes, a.Scope) {
			return true
		}
	}
	return false
}

// ClaimNames returns the claims of all attributes and the scopes that give them, sorted.
func (s *Schema) ClaimNames() (claims, scopes []string) {
	for claim, a := range s.byClaim {
		claims, scopes = append(claims, claim), append(scopes, a.Scope)
	}
	slices.Sort(claims)
	slices.Sort(scopes)
	return claims, slices.Compact(scopes)
}

// Shown returns the values that a reader sees, Admin or User. Those that do not fit any more
// are among them.
func (s *Schema) Shown(stored, reader string) map[string]any {
	shown := map[string]any{}
	for name, v := range decode(stored) {
		if a, known := s.lookup(name, reader); known && v.Since == since(a) {
			shown[name] = v.Value
		}
	}
	if len(shown) == 0 {
		return nil
	}
	return shown
}

// lookup returns the attribute of that name, if the reader may know of it.
func (s *Schema) lookup(name, reader string) (storage.Attribute, bool) {
	a, known := s.byName[name]
	return a, known && (reader == Admin || a.Readers == User)
}

// Claims returns the claims of a user that has says yes to. A value that does not fit the
// definition is left out.
func (s *Schema) Claims(stored string, has func(claim, scope string) bool) map[string]any {
	var claims map[string]any
	for name, v := range decode(stored) {
		a, known := s.byName[name]
		if !known || a.Claim == "" || v.Since != since(a) || !has(a.Claim, a.Scope) {
			continue
		}
		if value, reason := fit(a, v.Value); reason == "" {
			if claims == nil {
				claims = map[string]any{}
			}
			claims[a.Claim] = value
		}
	}
	return claims
}

// Put returns the list with a in the place of the attribute of its name, sorted by name.
func Put(list []storage.Attribute, a storage.Attribute) []storage.Attribute {
	list = append(Remove(list, a.Name), a)
	slices.SortFunc(list, func(a, b storage.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Remove returns a copy of the list without the attribute of that name.
func Remove(list []storage.Attribute, name string) []storage.Attribute {
	return slices.DeleteFunc(slices.Clone(list), func(a storage.Attribute) bool { return a.Name == name })
}
