package sqlite

import (
	"context"

	"example.org/signet/storage"
)

// userStateColumns are those of a storage.UserState and of the epoch.
var userStateColumns = unnamed("u.id") + ", " + unnamed("u.username") + ", " + unnamed("u.roles") + ", " + unnamed("u.disabled") + ", " +
	unnamed("u.epoch") + ", " + unnamed("u.kept_session") + ", " + unnamed("u.kept_epoch") + ", " + unnamed("e.number")

var (
	userStateByID    = "SELECT " + userStateColumns + " FROM users AS u, epoch AS e WHERE u.id = ?"
	sessionStateByID = "SELECT " + unnamed("s.id") + ", " + unnamed("s.client_id") + ", " + unnamed("s.generation") + ", " + unnamed("s.expires_at") + ", " +
		unnamed("s.revoked_at") + ", " + unnamed("s.user_epoch") + ", " + unnamed("s.client_epoch") + ", " + unnamed("s.status_index") + ", " + userStateColumns +
		" FROM sessions AS s JOIN users AS u ON u.id = s.user_id, epoch AS e WHERE s.id = ?"
)

// scanUserState fills User and StoreEpoch alone.
func scanUserState(row scanner) (s storage.SessionState, err error) {
	u := &s.User
	err = row.Scan(&u.ID, &u.Username, listColumn{&u.Roles}, &u.Disabled, &u.Epoch, &u.KeptSession, &u.KeptEpoch, &s.StoreEpoch)
	return s, err
}

func scanSessionState(row scanner) (s storage.SessionState, err error) {
	u := &s.User
	err = row.Scan(&s.ID, &s.ClientID, &s.Generation, timeColumn{&s.ExpiresAt}, timeColumn{&s.RevokedAt}, &s.UserEpoch, &s.ClientEpoch, &s.StatusIndex,
		&u.ID, &u.Username, listColumn{&u.Roles}, &u.Disabled, &u.Epoch, &u.KeptSession, &u.KeptEpoch, &s.StoreEpoch)
	return s, err
}

// SessionState implements [storage.SessionRecords] by one statement.
func (s *Store) SessionState(ctx context.Context, id string) (storage.SessionState, error) {
	return readOne(ctx, s, "read the state of a session", sessionStateByID, scanSessionState, id)
}
