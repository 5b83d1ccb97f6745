package sqlite

import (
	"context"
	"fmt"

	"example.org/signet/storage"
)

// MaxFill is how many records [Store.Fill] takes at most. Requests wait for one that inserts them.
const MaxFill = 200_000

// Fill inserts many users and sessions at once, wholly or not at all. It is for stores that nobody
// uses yet. The more records it has, the fewer times it writes the pages of the indexes; in the order
// of their names or ids it reads each of these pages once.
func (s *Store) Fill(ctx context.Context, users []storage.User, sessions []storage.Session) error {
	if len(users)+len(sessions) > MaxFill {
		return fmt.Errorf("sqlite: %d records to fill in, at most %d at once", len(users)+len(sessions), MaxFill)
	}
	_, err := writeMulti(ctx, s, "fill the store", func(t *tx) (none struct{}, err error) {
		for n := range users {
			if err := insertUser(t, users[n]); err != nil {
				return none, err
			}
		}
		for n := range sessions {
			if err := insertRecord(t, sessionTable, &sessions[n], duplicate("id")); err != nil {
				return none, err
			}
		}
		return none, nil
	})
	return err
}
