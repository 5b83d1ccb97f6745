package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Attribute is the definition of an attribute that users may have.
type Attribute struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"`
	Description string    `json:"description,omitempty"`
	MaxLength   int64     `json:"max_length,omitempty"` // bytes of a string
	MaxCount    int64     `json:"max_count,omitempty"`  // strings of a list
	Readers     string    `json:"readers"`
	Writers     string    `json:"writers"`
	Claim       string    `json:"claim,omitempty"`
	Scope       string    `json:"scope,omitempty"` // that gives the claim
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// AttributeList is all of them, ordered by name.
type AttributeList struct {
	Items []Attribute `json:"items"`
}

// AttributeChange sets the fields that are not nil. The type is set once.
type AttributeChange struct {
	Type        *string
	Description *string
	MaxLength   *int64
	MaxCount    *int64
	Readers     *string
	Writers     *string
	Claim       *string
	Scope       *string
}

// Attributes are the operations on the definitions of attributes, as far as the actor may: an
// attribute with a claim is changed by who may give a client its scope.
type Attributes struct{ admin *Admin }

// List returns all definitions.
func (a Attributes) List(ctx context.Context) (AttributeList, error) {
	s, err := a.read(ctx)
	if err != nil {
		return AttributeList{}, err
	}
	list := AttributeList{Items: make([]Attribute, len(s.Attributes))}
	for n, one := range s.Attributes {
		list.Items[n] = Attribute(one)
	}
	return list, nil
}

// Show returns one definition. storage.ErrNotFound.
func (a Attributes) Show(ctx context.Context, name string) (Attribute, error) {
	s, err := a.read(ctx)
	if err != nil {
		return Attribute{}, err
	}
	one, found := findAttribute(s, name)
	if !found {
		return Attribute{}, errNoAttribute
	}
	return Attribute(one), nil
}

// Create defines an attribute.
func (a Attributes) Create(ctx context.Context, name string, c AttributeChange) (Attribute, error) {
	return a.swap(ctx, name, audit.EventAttributeCreated, func(s storage.AttributeSchema) (storage.Attribute, error) {
		switch _, there := findAttribute(s, name); {
		case there:
			return storage.Attribute{}, &storage.DuplicateError{Field: "name"}
		case len(s.Attributes) >= attribute.MaxAttributes:
			return storage.Attribute{}, newFieldError("name", fmt.Sprintf("is one too many: there are %d attributes", len(s.Attributes)))
		}
		one := storage.Attribute{Name: name, CreatedAt: a.admin.service.now()}
		if c.Type != nil {
			one.Type = *c.Type
		}
		return c.apply(one)
	})
}

// Update changes a definition. Values that fit it no more are no longer given as claims.
func (a Attributes) Update(ctx context.Context, name string, c AttributeChange) (Attribute, error) {
	return a.swap(ctx, name, audit.EventAttributeUpdated, func(s storage.AttributeSchema) (storage.Attribute, error) {
		one, found := findAttribute(s, name)
		switch {
		case !found:
			return one, errNoAttribute
		case c.Type != nil && *c.Type != one.Type:
			return one, newFieldError("type", "stays as it is: delete the attribute and create it again")
		}
		return c.apply(one)
	})
}

// Delete removes a definition, which hides the values of users at once. storage.ErrNotFound.
func (a Attributes) Delete(ctx context.Context, name string) error {
	_, err := a.swap(ctx, name, audit.EventAttributeDeleted, func(s storage.AttributeSchema) (storage.Attribute, error) {
		if _, found := findAttribute(s, name); !found {
			return storage.Attribute{}, errNoAttribute
		}
		return storage.Attribute{}, nil
	})
	return err
}

var errNoAttribute = fmt.Errorf("attribute: %w", storage.ErrNotFound)

func (a Attributes) read(ctx context.Context) (storage.AttributeSchema, error) {
	s, err := a.admin.service.store.AttributeSchema(ctx)
	return s, issuer.StoreError(err)
}

func findAttribute(s storage.AttributeSchema, name string) (storage.Attribute, bool) {
	n := slices.IndexFunc(s.Attributes, func(a storage.Attribute) bool { return a.Name == name })
	if n < 0 {
		return storage.Attribute{}, false
	}
	return s.Attributes[n], true
}

// apply returns the definition with the change, or every field at fault.
func (c AttributeChange) apply(a storage.Attribute) (storage.Attribute, error) {
	var v validation
	v.set(&a.Description, c.Description, func(text string) (string, error) { return checkText("description", text, maxDescription) })
	setIfGiven(&a.MaxLength, c.MaxLength)
	setIfGiven(&a.MaxCount, c.MaxCount)
	setIfGiven(&a.Readers, c.Readers)
	setIfGiven(&a.Writers, c.Writers)
	setIfGiven(&a.Claim, c.Claim)
	setIfGiven(&a.Scope, c.Scope)
	defined, faults := attribute.Define(a)
	for _, f := range faults {
		v.add(newFieldError(f.Field, f.Reason))
	}
	return defined, v.err()
}

// swap makes one change of the schema: define returns the attribute of that name afterwards,
// the zero one for none. What is so already is not written again.
func (a Attributes) swap(ctx context.Context, name, event string, define func(storage.AttributeSchema) (storage.Attribute, error)) (Attribute, error) {
	audited := a.admin.newChange(storage.AuditEvent{Type: event, Target: name})
	after, err := a.trySwap(ctx, name, audited, define)
	if err != nil {
		return Attribute{}, a.admin.reportFailed(ctx, audited, err)
	}
	a.admin.service.caches.InvalidateAttributes()
	return Attribute(after), nil
}

func (a Attributes) trySwap(ctx context.Context, name string, audited *audit.Change, define func(storage.AttributeSchema) (storage.Attribute, error)) (storage.Attribute, error) {
	for range maxUpdateAttempts {
		s, err := a.read(ctx)
		if err != nil {
			return storage.Attribute{}, err
		}
		before, _ := findAttribute(s, name)
		after, err := define(s)
		if err == nil {
			err = a.check(s, before, after)
		}
		if err != nil || before == after {
			return after, err
		}
		audited.Event.Detail = attributeChanges(before, after)
		if err := audited.Before(ctx); err != nil {
			return after, issuer.OutcomeUnknown(err)
		}
		if s.Attributes = attribute.Remove(s.Attributes, name); after.Name != "" {
			after.UpdatedAt = a.admin.service.now()
			s.Attributes = attribute.Put(s.Attributes, after)
		}
		if _, err = a.admin.service.store.SwapAttributeSchema(ctx, s); !errors.Is(err, storage.ErrConflict) {
			return after, writeError(err)
		}
	}
	return storage.Attribute{}, ErrConcurrentUpdate
}

// check refuses what the actor may not do, and a claim that another attribute has.
func (a Attributes) check(s storage.AttributeSchema, before, after storage.Attribute) error {
	for _, one := range []storage.Attribute{before, after} {
		if one.Scope == "" {
			continue
		}
		if err := a.admin.Scopes().may(one.Scope); err != nil {
			return err
		}
	}
	if after.Claim != "" && slices.ContainsFunc(attribute.Remove(s.Attributes, after.Name), func(b storage.Attribute) bool { return b.Claim == after.Claim }) {
		return newFieldError("claim", "is that of another attribute")
	}
	return nil
}

// attributeChanges is the detail of an audit event.
func attributeChanges(a, b storage.Attribute) string {
	if b.Name == "" { // deleted
		return ""
	}
	var c changes
	c.value("type", a.Type, b.Type)
	c.value("max_length", number(a.MaxLength), number(b.MaxLength))
	c.value("max_count", number(a.MaxCount), number(b.MaxCount))
	c.value("readers", a.Readers, b.Readers)
	c.value("writers", a.Writers, b.Writers)
	c.value("claim", a.Claim, b.Claim)
	c.value("scope", a.Scope, b.Scope)
	c.field("description", a.Description != b.Description)
	return c.String()
}

// number is "" for 0, which stands for no bound.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
