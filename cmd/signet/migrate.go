package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

// schemaVersioner is a store that has a schema version.
type schemaVersioner interface {
	SchemaVersion(ctx context.Context) (int64, error)
}

var (
	_ schemaVersioner = (*sqlite.Store)(nil)
	_ schemaVersioner = (*mongo.Store)(nil)
)

// migrateResult is the output of signet migrate.
type migrateResult struct {
	Schema int64 `json:"schema_version"`
}

// newMigrate runs the migration that every command runs when it opens the store.
func newMigrate(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "migrate", Short: "Bring the store to the schema of this version", Args: exactArgs(),
		Long: "Bring the store to the schema of this version, make the indexes that are missing, and say which schema that is.\n" +
			"serve does the same when it starts: this is for doing it first, before the instances are replaced one by one.\n" +
			"Several may do it at once, and it can be cut off at any point and run again. A store that a newer version\n" +
			"made is refused and left as it is.",
		Example: "  signet migrate --storage mongodb://db.example.com/signet",
	}
	s.offer(c.Flags(), &s.configSettings, &s.storeSettings, &s.outputSettings)
	return p.withSettings(c, s, s.onStore(c, func(ctx context.Context, _ []string) error {
		store, err := p.openStore(ctx, s, mustExist)
		if err != nil {
			return err
		}
		return errors.Join(printSchemaVersion(ctx, p, s, store), store.Close())
	}))
}

func printSchemaVersion(ctx context.Context, p *process, s *settings, store storage.Store) error {
	versioner, ok := store.(schemaVersioner)
	if !ok {
		return errors.New("this store has no schema")
	}
	version, err := versioner.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	return p.printResult(s, migrateResult{Schema: version}, func(w io.Writer) {
		fmt.Fprintf(w, "%s has schema version %d, the one that this signet writes\n", s.storeName(), version)
	})
}
