package sqlite

import (
	"context"

	"example.org/signet/storage"
)

var _ storage.SharedSets = (*Store)(nil)

var sharedSetTable = newTable("guards",
	plain("name", func(g *storage.SharedSet) *string { return &g.Name }),
	list("members", func(g *storage.SharedSet) *[]string { return &g.Members }),
	plain(versionColumn, func(g *storage.SharedSet) *int64 { return &g.Version }),
)

var insertSharedSet = sharedSetTable.insert + " RETURNING " + sharedSetTable.list

// SharedSet implements [storage.SharedSets].
func (s *Store) SharedSet(ctx context.Context, name string) (storage.SharedSet, error) {
	return readOne(ctx, s, "read shared set", sharedSetTable.byKey, sharedSetTable.scan, name)
}

// SwapSharedSet implements [storage.SharedSets].
func (s *Store) SwapSharedSet(ctx context.Context, g storage.SharedSet) (storage.SharedSet, error) {
	return write(ctx, s, "swap shared set", func(t *tx) (storage.SharedSet, error) {
		swapped, err := swapSharedSet(t, g)
		if notFound(err) {
			err = storage.ErrConflict
		}
		return swapped, err
	})
}

func swapSharedSet(t *tx, g storage.SharedSet) (storage.SharedSet, error) {
	if g.Version == 0 {
		g.Version = 1
		return queryOne(t, insertSharedSet, sharedSetTable.scan, sharedSetTable.insertValues(&g)...)
	}
	return queryOne(t, sharedSetTable.update, sharedSetTable.scan, sharedSetTable.updateValues(&g)...)
}
