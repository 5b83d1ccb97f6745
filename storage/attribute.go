package storage

import (
	"context"
	"time"
)

// Attribute is the definition of one attribute that the operator gives to users.
type Attribute struct {
	Name        string
	Type        string // string, integer, boolean or strings
	Description string
	MaxLength   int64  // of a string, or of each string of a list, in bytes
	MaxCount    int64  // of a list, in strings
	Readers     string // admin, or user for the user too
	Writers     string // likewise
	Claim       string // "" for none
	Scope       string // that gives the claim, "" without a claim
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// AttributeSchema is the definitions of all attributes, in one record: there are few.
type AttributeSchema struct {
	Attributes []Attribute // sorted by name
	Version    int64       // counts changes, from 1; 0 where there was none yet
}

// Normalized returns the schema as every backend keeps it.
func (s AttributeSchema) Normalized() AttributeSchema {
	if len(s.Attributes) == 0 {
		s.Attributes = nil
		return s
	}
	list := make([]Attribute, len(s.Attributes))
	for n, a := range s.Attributes {
		a.CreatedAt, a.UpdatedAt = Time(a.CreatedAt), Time(a.UpdatedAt)
		list[n] = a
	}
	s.Attributes = list
	return s
}

// AttributeSchemas holds the one schema of attributes.
type AttributeSchemas interface {
	// AttributeSchema returns the schema; the zero one where there was none yet.
	AttributeSchema(ctx context.Context) (AttributeSchema, error)

	// SwapAttributeSchema puts a in the place of the schema whose version still is a.Version,
	// and stores it with Version+1, which it returns. ErrConflict where the version moved on.
	SwapAttributeSchema(ctx context.Context, a AttributeSchema) (AttributeSchema, error)
}
