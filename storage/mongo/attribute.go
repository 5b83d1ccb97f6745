package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.AttributeSchemas = (*Store)(nil)

// attributeSchemaID is the _id of the one document in the collection attribute_schema.
const attributeSchemaID = "attributes"

// attributeSchemaDoc is a [storage.AttributeSchema]. Names of attributes are values, never
// names of fields.
type attributeSchemaDoc struct {
	ID         string         `bson:"_id"`
	Attributes []attributeDoc `bson:"attributes,omitempty"`
	Version    int64          `bson:"version"`
}

type attributeDoc struct {
	Name        string    `bson:"name"`
	Type        string    `bson:"type"`
	Description string    `bson:"description,omitempty"`
	MaxLength   int64     `bson:"max_length,omitempty"`
	MaxCount    int64     `bson:"max_count,omitempty"`
	Readers     string    `bson:"readers"`
	Writers     string    `bson:"writers"`
	Claim       string    `bson:"claim,omitempty"`
	Scope       string    `bson:"scope,omitempty"`
	CreatedAt   time.Time `bson:"created_at"`
	UpdatedAt   time.Time `bson:"updated_at"`
}

func newAttributeSchemaDoc(a storage.AttributeSchema, version int64) attributeSchemaDoc {
	doc := attributeSchemaDoc{ID: attributeSchemaID, Version: version}
	for _, one := range a.Normalized().Attributes {
		doc.Attributes = append(doc.Attributes, attributeDoc(one))
	}
	return doc
}

func (d attributeSchemaDoc) record() storage.AttributeSchema {
	a := storage.AttributeSchema{Version: d.Version}
	for _, one := range d.Attributes {
		a.Attributes = append(a.Attributes, storage.Attribute(one))
	}
	return a
}

// AttributeSchema implements [storage.AttributeSchemas].
func (s *Store) AttributeSchema(ctx context.Context) (storage.AttributeSchema, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[attributeSchemaDoc](ctx, s, attributeSchema, byID(attributeSchemaID))
	if errors.Is(err, storage.ErrNotFound) {
		return storage.AttributeSchema{}, nil
	}
	return doc.record(), err
}

// SwapAttributeSchema implements [storage.AttributeSchemas] by one insert, or by one
// replacement that is conditional on the version.
func (s *Store) SwapAttributeSchema(ctx context.Context, a storage.AttributeSchema) (storage.AttributeSchema, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newAttributeSchemaDoc(a, a.Version+1)
	var err error
	if a.Version == 0 {
		err = s.insert(ctx, attributeSchema, doc)
	} else {
		var done bool
		if done, err = s.replace(ctx, attributeSchema, bson.D{eq("_id", doc.ID), eq("version", a.Version)}, doc); err == nil && !done {
			err = storage.ErrConflict
		}
	}
	switch {
	case errors.Is(err, errDuplicate):
		return storage.AttributeSchema{}, storage.ErrConflict
	case err != nil:
		return storage.AttributeSchema{}, err
	}
	return doc.record(), nil
}
