package mongo

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// A listing of users goes by one of six indexes: for each of creation, username and e-mail one
// that begins with the two flags, and one that has the role before them. A filter names both flags
// always, each by equality or $in, so the server merges the few ranges in the order of the index:
// it sorts nothing and reads no more than the page.

// userFilterOf selects by all but the key of the order. The epoch, which lies in the collection
// too, has no flag disabled.
func userFilterOf(f storage.UserFilter) bson.D {
	filter := bson.D{}
	if f.Role != "" {
		filter = append(filter, eq("roles", f.Role))
	}
	filter = append(filter, in("disabled", []bool{false, true}))
	if f.Disabled != nil {
		filter[len(filter)-1] = eq("disabled", *f.Disabled)
	}
	yes := true // a document leaves the field out for no
	switch {
	case f.MustChangePassword == nil:
		filter = append(filter, in("must_change_password", []*bool{nil, &yes}))
	case *f.MustChangePassword:
		filter = append(filter, eq("must_change_password", true))
	default:
		filter = append(filter, eq[*bool]("must_change_password", nil))
	}
	return filter
}

// ListUsers implements [storage.Users] by one find, or by two: for the two kinds of names that a
// prefix is compared with, and in an order by creation for those created at the time of the
// cursor and those created after it.
func (s *Store) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if !utf8.ValidString(f.Prefix) {
		return storage.UserPage{}, nil // no name begins like that
	}
	list := s.usersByCreation
	if f.ByName() {
		list = s.usersByName
	}
	matches, err := list(ctx, f, p.After, f.Examined(p.Size()))
	if err != nil {
		return storage.UserPage{}, err
	}
	return f.Page(matches, p.Size()), nil
}

func (s *Store) usersByName(ctx context.Context, f storage.UserFilter, after string, limit int) ([]storage.UserMatch, error) {
	matches, err := s.usersByField(ctx, f, "username", after, limit)
	if err != nil || f.Prefix == "" {
		return matches, err
	}
	byEmail, err := s.usersByField(ctx, f, "email", after, limit)
	for _, m := range byEmail {
		matches = append(matches, storage.UserMatch{User: m.User, ByEmail: true})
	}
	slices.SortStableFunc(matches, func(a, b storage.UserMatch) int {
		switch {
		case f.Before(a, b):
			return -1
		case f.Before(b, a):
			return 1
		}
		return 0
	})
	return matches[:min(limit, len(matches))], err
}

// usersByField lists in the order of one field with names.
func (s *Store) usersByField(ctx context.Context, f storage.UserFilter, field, after string, limit int) ([]storage.UserMatch, error) {
	filter, order := append(userFilterOf(f), nameBounds(f, field, after)...), bson.D{rising(field)}
	if f.Descending {
		order = bson.D{falling(field)}
	}
	return s.findUsers(ctx, filter, order, limit)
}

// nameBounds are the conditions on the field that the order goes by: within the prefix and beyond
// the cursor. Each operator stands once, for not every server takes one twice.
func nameBounds(f storage.UserFilter, field, after string) bson.D {
	var low, high []bson.E
	if f.Prefix != "" {
		low = append(low, gte(field, f.Prefix))
		if end := prefixEnd(f.Prefix); end != "" {
			high = append(high, lt(field, end))
		}
	}
	switch {
	case after == "":
	case !f.Descending && after >= f.Prefix:
		low = []bson.E{gt(field, after)}
	case f.Descending && (after < f.Prefix || strings.HasPrefix(after, f.Prefix)):
		high = []bson.E{lt(field, after)}
	}
	bounds := append(low, high...)
	if len(bounds) == 2 {
		return bson.D{both(bounds[0], bounds[1])}
	}
	return bounds
}

func (s *Store) usersByCreation(ctx context.Context, f storage.UserFilter, after string, limit int) ([]storage.UserMatch, error) {
	filter, order := userFilterOf(f), bson.D{rising("created_at"), rising("_id")}
	if f.Descending {
		order = bson.D{falling("created_at"), falling("_id")}
	}
	if after == "" {
		return s.findUsers(ctx, filter, order, limit)
	}
	at, id, ok := storage.ParseCreationCursor(after)
	if !ok {
		return nil, nil
	}
	beyondID, beyond := gt("_id", id), gt("created_at", at)
	if f.Descending {
		beyondID, beyond = lt("_id", id), lt("created_at", at)
	}
	same, err := s.findUsers(ctx, append(slices.Clone(filter), eq("created_at", at), beyondID), order, limit)
	if err != nil || len(same) == limit {
		return same, err
	}
	rest, err := s.findUsers(ctx, append(filter, beyond), order, limit-len(same))
	return append(same, rest...), err
}

func (s *Store) findUsers(ctx context.Context, filter, order bson.D, limit int) ([]storage.UserMatch, error) {
	docs, err := findListed[userDoc](ctx, s, listing{collection: users, filter: filter, order: order, limit: limit})
	return convert(docs, func(d userDoc) storage.UserMatch { return storage.UserMatch{User: d.record()} }), err
}
