package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

const sqliteScheme = "sqlite:"

// isMongo tells whether the store is a MongoDB database.
func (s *settings) isMongo() bool {
	return strings.HasPrefix(s.storage, "mongodb://") || strings.HasPrefix(s.storage, "mongodb+srv://")
}

// sqlitePath is the file of an embedded store.
func (s *settings) sqlitePath() string { return strings.TrimPrefix(s.storage, sqliteScheme) }

// checkStorage never repeats the value: a connection string holds a password.
func (s *settings) checkStorage() []error {
	path, embedded := strings.CutPrefix(s.storage, sqliteScheme)
	if s.isMongo() || embedded && path != "" && !strings.HasSuffix(path, "/") {
		return nil
	}
	return []error{s.fault("storage", "must be sqlite:PATH, such as sqlite:signet-data/signet.db, or a mongodb:// or mongodb+srv:// URL with a database")}
}

// storeName is the store as messages may name it.
func (s *settings) storeName() string {
	if s.isMongo() {
		return "the MongoDB store"
	}
	return s.sqlitePath()
}

// beginning says what to do where there is no embedded store yet.
type beginning bool

const (
	mayBegin    beginning = true  // make one
	mustBeThere beginning = false // say so: a listing of a mistyped path would be empty, and misleading
)

// openStore opens the store that --storage names.
func (p *process) openStore(ctx context.Context, s *settings, b beginning) (storage.Store, error) {
	if s.isMongo() {
		store, err := mongo.Open(ctx, s.storage, p.now)
		if err != nil {
			return nil, hint(fmt.Errorf("--storage: %w", err), "") // says itself what to do
		}
		return store, nil
	}
	path := s.sqlitePath()
	if _, err := os.Stat(path); b == mustBeThere && errors.Is(err, fs.ErrNotExist) {
		return nil, hint(fmt.Errorf("there is no store at %s", path), "check --storage; signet serve and signet user create make a new one")
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, storeFault(err)
	}
	return store, nil
}

// storeFault says what to do about an embedded store that does not open.
func storeFault(err error) error {
	err = fmt.Errorf("--storage: %w", err)
	var schema *storage.SchemaError
	switch {
	case errors.As(err, &schema): // says so itself
		return err
	case errors.Is(err, sqlite.ErrForeign):
		return hint(err, "name another file by --storage; nothing was changed in this one")
	case errors.Is(err, sqlite.ErrDamaged): // says so itself
		return err
	}
	return hint(err, "see that this user may write the file and its folder, or name another file by --storage")
}
