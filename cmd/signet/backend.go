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
func (s *storeSettings) isMongo() bool {
	return strings.HasPrefix(s.storage, "mongodb://") || strings.HasPrefix(s.storage, "mongodb+srv://")
}

// sqlitePath is the file of an embedded store.
func (s *storeSettings) sqlitePath() string { return strings.TrimPrefix(s.storage, sqliteScheme) }

func (s *storeSettings) check(all *settings) []error {
	return append(s.checkStorage(all), s.checkMasterKeys(all)...)
}

// checkStorage never repeats the value: a connection string holds a password.
func (s *storeSettings) checkStorage(all *settings) []error {
	path, embedded := strings.CutPrefix(s.storage, sqliteScheme)
	if s.isMongo() || embedded && path != "" && !strings.HasSuffix(path, "/") {
		return nil
	}
	return []error{all.errorf("storage", "must be sqlite:PATH, such as sqlite:signet-data/signet.db, or a mongodb:// or mongodb+srv:// URL with a database")}
}

// storeName is the store as messages may name it.
func (s *storeSettings) storeName() string {
	if s.isMongo() {
		return "the MongoDB store"
	}
	return s.sqlitePath()
}

// openMode says what to do where the embedded store does not exist.
type openMode bool

const (
	createIfMissing openMode = true  // create it
	mustExist       openMode = false // return an error: listing a store at a mistyped path would show nothing
)

// openStore opens the store that --storage names.
func (p *process) openStore(ctx context.Context, s *settings, mode openMode) (storage.Store, error) {
	if s.isMongo() {
		store, err := mongo.Open(ctx, s.storage, p.now)
		if err != nil {
			return nil, withHint(fmt.Errorf("--storage: %w", err), "") // says itself what to do
		}
		return store, nil
	}
	path := s.sqlitePath()
	if _, err := os.Stat(path); mode == mustExist && errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(fmt.Errorf("there is no store at %s", path), "check --storage; signet serve and signet user create make a new one")
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, explainStoreError(err)
	}
	return store, nil
}

// explainStoreError adds a hint to the error of an embedded store that does not open.
func explainStoreError(err error) error {
	err = fmt.Errorf("--storage: %w", err)
	var schema *storage.SchemaError
	switch {
	case errors.As(err, &schema): // says so itself
		return err
	case errors.Is(err, sqlite.ErrForeign):
		return withHint(err, "name another file by --storage; nothing was changed in this one")
	case errors.Is(err, sqlite.ErrDamaged): // says so itself
		return err
	}
	return withHint(err, "see that this user may write the file and its folder, or name another file by --storage")
}
