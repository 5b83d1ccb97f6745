package sqlite

import "context"

// SchemaVersion is the version of the schema that the file has: the newest
// that this program knows, for [Open] brings it there, and refuses a newer one.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	return readOne(ctx, s, "read the schema version", "PRAGMA user_version", func(row scanner) (version int64, err error) {
		err = row.Scan(&version)
		return version, err
	})
}
