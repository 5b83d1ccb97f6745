package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.org/signet/storage"
)

var _ storage.Connectors = (*Store)(nil)

var connectorTable = newTable("connectors",
	plain("id", func(c *storage.Connector) *string { return &c.ID }),
	plain(versionColumn, func(c *storage.Connector) *int64 { return &c.Version }),
	column[storage.Connector]{name: "settings",
		bind: func(c *storage.Connector) any { return encodeConnector(*c) },
		scan: func(c *storage.Connector) any { return connectorColumn{c} }},
	timestamp("created_at", func(c *storage.Connector) *time.Time { return &c.CreatedAt }),
	timestamp("updated_at", func(c *storage.Connector) *time.Time { return &c.UpdatedAt }),
)

var listConnectors = connectorTable.read + " ORDER BY id"

// encodeConnector is the column settings: the record without what has columns of its own.
func encodeConnector(c storage.Connector) string {
	c.ID, c.Version, c.CreatedAt, c.UpdatedAt = "", 0, time.Time{}, time.Time{}
	text, _ := json.Marshal(c) // texts, lists and numbers: it cannot fail
	return string(text)
}

type connectorColumn struct{ to *storage.Connector }

func (c connectorColumn) Scan(src any) error {
	text, isText := src.(string)
	if !isText {
		return fmt.Errorf("unexpected column type %T for the settings of a connector", src)
	}
	var v storage.Connector
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return fmt.Errorf("settings of a connector: %w", err)
	}
	v.ID, v.Version, v.CreatedAt, v.UpdatedAt = c.to.ID, c.to.Version, c.to.CreatedAt, c.to.UpdatedAt
	*c.to = v
	return nil
}

// CreateConnector implements [storage.Connectors].
func (s *Store) CreateConnector(ctx context.Context, c storage.Connector) error {
	c = c.Normalized()
	c.Version = 1
	return s.exec(ctx, "create connector", duplicate("id"), connectorTable.insert, connectorTable.insertValues(&c)...)
}

// Connector implements [storage.Connectors].
func (s *Store) Connector(ctx context.Context, id string) (storage.Connector, error) {
	return readOne(ctx, s, "read connector", connectorTable.byKey, connectorTable.scan, id)
}

// UpdateConnector implements [storage.Connectors].
func (s *Store) UpdateConnector(ctx context.Context, c storage.Connector) (storage.Connector, error) {
	c = c.Normalized()
	return writeMulti(ctx, s, "update connector", func(t *tx) (storage.Connector, error) {
		return updateRecord(t, connectorTable, &c)
	})
}

// DeleteConnector implements [storage.Connectors].
func (s *Store) DeleteConnector(ctx context.Context, id string, version int64) error {
	_, err := writeMulti(ctx, s, "delete connector", func(t *tx) (storage.Connector, error) {
		return deleteRecord(t, connectorTable, id, version)
	})
	return err
}

// ListConnectors implements [storage.Connectors].
func (s *Store) ListConnectors(ctx context.Context) ([]storage.Connector, error) {
	return readMany(ctx, s, "list connectors", selection{query: listConnectors}, connectorTable.scan)
}
