package sqlite

import (
	"context"
	"errors"

	"example.org/signet/storage"
)

var _ storage.Guards = (*Store)(nil)

const guardColumns = query("name, members, version")

func scanGuard(row scanner) (g storage.Guard, err error) {
	err = row.Scan(&g.Name, listColumn{&g.Members}, &g.Version)
	return g, err
}

// Guard implements [storage.Guards].
func (s *Store) Guard(ctx context.Context, name string) (storage.Guard, error) {
	return one(ctx, s, "read guard", "SELECT "+guardColumns+" FROM guards WHERE name = ?", scanGuard, name)
}

// SwapGuard implements [storage.Guards].
func (s *Store) SwapGuard(ctx context.Context, g storage.Guard) (storage.Guard, error) {
	return write(ctx, s, "swap guard", func(t *tx) (storage.Guard, error) {
		swapped, err := swapGuard(t, g)
		if errors.Is(err, storage.ErrNotFound) {
			err = storage.ErrConflict
		}
		return swapped, err
	})
}

func swapGuard(t *tx, g storage.Guard) (storage.Guard, error) {
	if g.Version == 0 {
		return only(t, "INSERT INTO guards ("+guardColumns+") VALUES (?, ?, 1) ON CONFLICT DO NOTHING RETURNING "+guardColumns,
			scanGuard, g.Name, encodeList(g.Members))
	}
	return only(t, "UPDATE guards SET members = ?, version = version + 1 WHERE name = ? AND version = ? RETURNING "+guardColumns,
		scanGuard, encodeList(g.Members), g.Name, g.Version)
}
