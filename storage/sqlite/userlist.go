package sqlite

import (
	"context"
	"math"
	"slices"
	"strings"

	"example.org/signet/storage"
)

// The table user_keys has the users in every order in which they are listed: one row for each
// kind of key, by itself and again for each role. State holds what else a filter may ask for,
// so that a page reads its own rows and no others.

// The kinds of keys.
const (
	keyUsername = iota // the username
	keyEmail           // the e-mail address, unless it is the username
	keyCreation        // created_at
)

// userKey is a row of the table, without the user's id.
type userKey struct {
	role string // "" in the row that is there for every user
	kind int64
	key  any
}

// userState is the column state.
func userState(u storage.User) (state int64) {
	if u.Disabled {
		state++
	}
	if u.MustChangePassword {
		state += 2
	}
	return state
}

// userStates are the states that a filter selects.
func userStates(f storage.UserFilter) (states []int) {
	for state, u := range []storage.User{{}, {Disabled: true}, {MustChangePassword: true}, {Disabled: true, MustChangePassword: true}} {
		if (f.Disabled == nil || *f.Disabled == u.Disabled) && (f.MustChangePassword == nil || *f.MustChangePassword == u.MustChangePassword) {
			states = append(states, state)
		}
	}
	return states
}

func userKeys(u storage.User) (keys []userKey) {
	for _, role := range append([]string{""}, u.Roles...) {
		keys = append(keys, userKey{role, keyUsername, u.Username}, userKey{role, keyCreation, millis(u.CreatedAt)})
		if u.Email != "" && u.Email != u.Username {
			keys = append(keys, userKey{role, keyEmail, u.Email})
		}
	}
	return keys
}

func insertUserKeys(t *tx, u storage.User) error {
	for _, k := range userKeys(u) {
		if _, err := t.exec("INSERT INTO user_keys (role, kind, state, key, user_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			k.role, k.kind, userState(u), k.key, u.ID); err != nil {
			return err
		}
	}
	return nil
}

func deleteUserKeys(t *tx, u storage.User) error {
	for _, k := range userKeys(u) {
		if _, err := t.exec("DELETE FROM user_keys WHERE role = ? AND kind = ? AND state = ? AND key = ? AND user_id = ?",
			k.role, k.kind, userState(u), k.key, u.ID); err != nil {
			return err
		}
	}
	return nil
}

// replaceUserKeys writes nothing where a change of the user moves no key.
func replaceUserKeys(t *tx, before, after storage.User) error {
	if userState(before) == userState(after) && slices.Equal(userKeys(before), userKeys(after)) {
		return nil
	}
	if err := deleteUserKeys(t, before); err != nil {
		return err
	}
	return insertUserKeys(t, after)
}

// ListUsers implements [storage.Users] by one statement, which shows one moment.
func (s *Store) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error) {
	q := userQuery(f, p)
	if q.query == "" {
		return storage.UserPage{}, nil
	}
	matches, err := readList(ctx, s, "list users", q, scanUserMatch)
	return f.Page(matches, p.Size()), err
}

func scanUserMatch(row scanner) (m storage.UserMatch, err error) {
	var kind int64
	var id string
	err = row.Scan(append([]any{skipped{}, &id, &kind}, userTable.targets(&m.User)...)...)
	m.ByEmail = kind == keyEmail
	return m, err
}

// skipped is a column that is selected for its order only.
type skipped struct{}

func (skipped) Scan(any) error { return nil }

// The parts of the statement of a page: it merges the states and the kinds, each in its order,
// and reads of each no further than the page goes. The numbers are those of the arguments.
var (
	usersOfKind  = [...]query{keyUsername: selectUsers + "0", keyEmail: selectUsers + "1", keyCreation: selectUsers + "2"}
	selectUsers  = "SELECT k.key, k.user_id, k.kind, " + userTable.qualified("u") + " FROM user_keys AS k CROSS JOIN users AS u ON u.id = k.user_id WHERE k.role = ?1 AND k.kind = "
	usersOfState = [...]query{" AND k.state = 0", " AND k.state = 1", " AND k.state = 2", " AND k.state = 3"}
)

// userQuery is the empty query where a cursor is none, which stands for the end of the listing.
func userQuery(f storage.UserFilter, p storage.Page) selection {
	b, ok := userBoundsOf(f, p)
	if !ok {
		return selection{}
	}
	kinds := []int{keyCreation}
	switch {
	case f.Prefix != "":
		kinds = []int{keyUsername, keyEmail}
	case f.Order == storage.UsersByName:
		kinds = []int{keyUsername}
	}
	after, order, upTo := query(" AND (k.key, k.user_id) > (?2, ?3)"), query(" ORDER BY 1, 2"), query(" AND k.key < ?4")
	if f.Descending {
		after, order, upTo = " AND (k.key, k.user_id) < (?2, ?3)", " ORDER BY 1 DESC, 2 DESC", " AND k.key >= ?4"
	}
	q := selection{args: []any{f.Role, b.key, b.id, b.end, int64(f.Examined(p.Size()))}}
	for _, kind := range kinds {
		for _, state := range userStates(f) {
			if q.query != "" {
				q.query += " UNION ALL "
			}
			q.query += usersOfKind[kind] + usersOfState[state] + after + upTo
		}
	}
	q.query += order + " LIMIT ?5 + 0" // see excessQuery
	return q
}

// userBounds are the place after which a page begins, and the key at which the listing ends.
type userBounds struct{ key, id, end any }

// afterText is a key and an id that sorts after every text and number, as beforeText does before
// every text.
var afterText = []byte{}

const beforeText = ""

// userBoundsOf returns false where the cursor of an order by creation is none.
func userBoundsOf(f storage.UserFilter, p storage.Page) (b userBounds, ok bool) {
	lowest, highest := any(beforeText), any(afterText)
	switch {
	case f.Prefix != "":
		lowest, highest = f.Prefix, prefixEnd(f.Prefix)
	case !f.ByName():
		lowest = int64(math.MinInt64)
	}
	b = userBounds{lowest, beforeText, highest}
	if f.Descending {
		b = userBounds{highest, beforeText, lowest}
	}
	switch {
	case p.After == "":
	case !f.ByName():
		at, id, ok := storage.ParseCreationCursor(p.After)
		if !ok {
			return b, false
		}
		b.key, b.id = millis(at), id
	case !f.Descending && p.After >= f.Prefix:
		b.key, b.id = p.After, afterText
	case f.Descending && (p.After < f.Prefix || strings.HasPrefix(p.After, f.Prefix)):
		b.key = p.After
	}
	return b, true
}
