package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"example.org/signet/storage"
)

// The files are named by their numbers, 0001 and on without a gap. Each ends by
// setting user_version to its number, in the transaction that it runs in.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are the texts of the files, in the order of their numbers.
var migrations = readMigrations(migrationFiles)

func readMigrations(files fs.FS) (texts []string) {
	names, _ := fs.Glob(files, "migrations/*.sql") // sorted
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err) // the file is part of the binary
		}
		texts = append(texts, string(text))
	}
	return texts
}

// checkSchemaVersion refuses a schema that a newer program made.
func checkSchemaVersion(version int) error {
	if version > len(migrations) {
		return &storage.SchemaError{Found: version, Known: len(migrations)}
	}
	return nil
}

// migrate brings the schema up to date, one transaction a migration. Of several
// processes that do so at once one does each step and the others find it done.
func migrate(ctx context.Context, c *conn) error {
	for {
		version, err := pragma[int](ctx, c, "PRAGMA user_version")
		if err != nil {
			return err
		}
		if version >= len(migrations) {
			return checkSchemaVersion(version)
		}
		if err := withExclusiveTx(ctx, c, func() error { return migrateOnce(ctx, c) }); err != nil {
			return err
		}
	}
}

// migrateOnce does the next step, if another process has not just done it.
func migrateOnce(ctx context.Context, c *conn) error {
	version, err := pragma[int](ctx, c, "PRAGMA user_version")
	if err != nil || version >= len(migrations) {
		return err
	}
	if err := c.script(ctx, migrations[version]); err != nil {
		return fmt.Errorf("migration %d: %w", version+1, err)
	}
	reached, err := pragma[int](ctx, c, "PRAGMA user_version")
	if err == nil && reached != version+1 {
		err = fmt.Errorf("migration %d left the schema at version %d", version+1, reached)
	}
	return err
}

// withExclusiveTx runs do in a transaction that no other process can be inside of.
func withExclusiveTx(ctx context.Context, c *conn, do func() error) error {
	if err := run(ctx, c, "BEGIN EXCLUSIVE"); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = run(ctx, c, "COMMIT")
	}
	if err != nil {
		// SQLite may have ended the transaction by itself, so this may fail.
		_ = run(context.WithoutCancel(ctx), c, "ROLLBACK")
	}
	return err
}
