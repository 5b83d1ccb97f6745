package mongo

import "context"

// SchemaVersion is the version of the layout that the database is marked with:
// the one that this program knows, for [Open] refuses others.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	mark, err := findOne[schemaDoc](ctx, s, schema, byID(schemaID))
	return mark.Version, err
}
