package sqlite

import (
	"context"
	"errors"

	"example.org/signet/storage"
)

var _ storage.SharedSets = (*Store)(nil)

const sharedSetColumns = query("name, members, version")

func scanSharedSet(row scanner) (g storage.SharedSet, err error) {
	err = row.Scan(&g.Name, listColumn{&g.Members}, &g.Version)
	return g, err
}

// SharedSet implements [storage.SharedSets].
func (s *Store) SharedSet(ctx context.Context, name string) (storage.SharedSet, error) {
	return readOne(ctx, s, "read shared set", "SELECT "+sharedSetColumns+" FROM guards WHERE name = ?", scanSharedSet, name)
}

// SwapSharedSet implements [storage.SharedSets].
func (s *Store) SwapSharedSet(ctx context.Context, g storage.SharedSet) (storage.SharedSet, error) {
	return write(ctx, s, "swap shared set", func(t *tx) (storage.SharedSet, error) {
		swapped, err := swapSharedSet(t, g)
		if errors.Is(err, storage.ErrNotFound) {
			err = storage.ErrConflict
		}
		return swapped, err
	})
}

func swapSharedSet(t *tx, g storage.SharedSet) (storage.SharedSet, error) {
	if g.Version == 0 {
		return queryOne(t, "INSERT INTO guards ("+sharedSetColumns+") VALUES (?, ?, 1) ON CONFLICT DO NOTHING RETURNING "+sharedSetColumns,
			scanSharedSet, g.Name, encodeList(g.Members))
	}
	return queryOne(t, "UPDATE guards SET members = ?, version = version + 1 WHERE name = ? AND version = ? RETURNING "+sharedSetColumns,
		scanSharedSet, encodeList(g.Members), g.Name, g.Version)
}
