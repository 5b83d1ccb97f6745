package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"example.org/signet/storage"
)

var _ storage.AttributeSchemas = (*Store)(nil)

// attributeSchemaID is the key of the one row.
const attributeSchemaID = "attributes"

var attributeSchemaTable = newTable("attribute_schema",
	column[storage.AttributeSchema]{name: "id",
		bind: func(*storage.AttributeSchema) any { return attributeSchemaID },
		scan: func(*storage.AttributeSchema) any { return skipped{} }},
	column[storage.AttributeSchema]{name: "attributes",
		bind: func(a *storage.AttributeSchema) any { return encodeAttributes(a.Attributes) },
		scan: func(a *storage.AttributeSchema) any { return attributesColumn{&a.Attributes} }},
	plain(versionColumn, func(a *storage.AttributeSchema) *int64 { return &a.Version }),
)

var insertAttributeSchema = attributeSchemaTable.insert + " RETURNING " + attributeSchemaTable.list

func encodeAttributes(list []storage.Attribute) string {
	if len(list) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(list) // times of four-digit years: it cannot fail
	return string(text)
}

type attributesColumn struct{ to *[]storage.Attribute }

func (c attributesColumn) Scan(src any) error {
	text, isText := src.(string)
	if !isText {
		return fmt.Errorf("unexpected column type %T for attributes", src)
	}
	*c.to = nil
	if text == "[]" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), c.to); err != nil {
		return fmt.Errorf("attributes: %w", err)
	}
	return nil
}

// AttributeSchema implements [storage.AttributeSchemas].
func (s *Store) AttributeSchema(ctx context.Context) (storage.AttributeSchema, error) {
	a, err := readOne(ctx, s, "read attribute schema", attributeSchemaTable.byKey, attributeSchemaTable.scan, attributeSchemaID)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.AttributeSchema{}, nil
	}
	return a, err
}

// SwapAttributeSchema implements [storage.AttributeSchemas].
func (s *Store) SwapAttributeSchema(ctx context.Context, a storage.AttributeSchema) (storage.AttributeSchema, error) {
	return write(ctx, s, "swap attribute schema", func(t *tx) (storage.AttributeSchema, error) {
		swapped, err := swapAttributeSchema(t, a.Normalized())
		if notFound(err) {
			err = storage.ErrConflict
		}
		return swapped, err
	})
}

func swapAttributeSchema(t *tx, a storage.AttributeSchema) (storage.AttributeSchema, error) {
	if a.Version == 0 {
		a.Version = 1
		return queryOne(t, insertAttributeSchema, attributeSchemaTable.scan, attributeSchemaTable.insertValues(&a)...)
	}
	return queryOne(t, attributeSchemaTable.update, attributeSchemaTable.scan, attributeSchemaTable.updateValues(&a)...)
}
