package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"example.org/signet/storage"
)

var _ storage.Store = (*Store)(nil)

// A Store is a database on a MongoDB server. It is safe for use by many
// goroutines, and by many programs on one database.
type Store struct {
	client  *driver.Client
	db      *driver.Database
	now     func() time.Time
	timeout time.Duration
	secrets redactor
	held    storage.HeldPlaces
	listers chan struct{} // taken by those who list
}

// Open connects to the database that the connection string names in its path,
// makes its indexes and checks its schema. Now is the clock by which a login
// name that was claimed but never taken becomes free again; instances may
// differ by minutes.
//
// Open fails with [storage.ErrUnavailable] where the server cannot be reached
// or refuses the credentials, with [*storage.SchemaError] where a newer
// program made the database, with [ErrForeign] where another program fills it,
// and with a plain error where the connection string is wrong or an index
// cannot be made. No error shows the string's password.
func Open(ctx context.Context, uri string, now func() time.Time, opts ...Option) (*Store, error) {
	cfg := config{timeout: DefaultTimeout}
	for _, o := range opts {
		o(&cfg)
	}
	cs, err := parseURI(uri)
	if err != nil {
		return nil, err
	}
	o := clientOptions(cs.options, cfg)
	client, err := driver.Connect(o)
	if err != nil {
		return nil, fmt.Errorf("mongodb: %w", cs.secrets.redact(err))
	}
	s := &Store{client: client, db: client.Database(cs.database), now: now, timeout: max(cfg.timeout, startTimeout), secrets: cs.secrets}
	s.listers = make(chan struct{}, max(1, *o.MaxPoolSize/listersShare))
	err = s.prepare(ctx, cs)
	s.timeout = cfg.timeout
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// listersShare is the part of the connections that listings may have at once: one in five.
const listersShare = 5

// startTimeout bounds each step of opening, for which no client waits: a server
// that is slow is worth waiting for, one that is not there is noticed within
// the time of an ordinary step.
const startTimeout = 10 * time.Second

// clientOptions sets what must not depend on the connection string: every
// write is acknowledged by a majority and journaled, every read comes from the
// primary and cannot be rolled back, and nothing waits or grows without bound. The
// driver repeats no write: see write.go.
func clientOptions(o *options.ClientOptions, cfg config) *options.ClientOptions {
	journaled := true
	majority := writeconcern.Majority()
	majority.Journal = &journaled
	o.SetWriteConcern(majority).SetReadConcern(readconcern.Majority()).SetReadPreference(readpref.Primary())
	o.SetRetryWrites(false).SetRetryReads(true)
	o.SetServerSelectionTimeout(cfg.timeout).SetConnectTimeout(cfg.timeout)
	if o.AppName == nil {
		o.SetAppName("signet")
	}
	if o.MaxPoolSize == nil || *o.MaxPoolSize == 0 {
		o.SetMaxPoolSize(DefaultMaxPool)
	}
	if o.MaxConnIdleTime == nil || *o.MaxConnIdleTime == 0 {
		o.SetMaxConnIdleTime(DefaultMaxIdle)
	}
	if cfg.monitor != nil {
		o.SetMonitor(cfg.monitor)
	}
	return o
}

// prepare checks the connection, and creates or checks the schema and the indexes.
func (s *Store) prepare(ctx context.Context, cs connString) error {
	if err := s.checkConnection(ctx, cs); err != nil {
		return err
	}
	if err := s.ensureSchema(ctx); err != nil {
		return err
	}
	if err := s.ensureIndexes(ctx); err != nil {
		return err
	}
	return s.raiseSchema(ctx)
}

// checkConnection makes the first round trips and explains their failure. Ping needs
// no login, a read does.
func (s *Store) checkConnection(ctx context.Context, cs connString) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	err := s.ping(ctx)
	if err == nil {
		err = s.db.Collection(schema).FindOne(ctx, byID(schemaID)).Err()
	}
	if err == nil || errors.Is(err, driver.ErrNoDocuments) {
		return nil
	}
	return storage.Unavailable(fmt.Sprintf("mongodb: the server %s cannot be used: %s", cs.hosts, cs.advise(err)), s.secrets.redact(err))
}

// Ping implements [storage.Health].
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.unavailable("ping", s.ping(ctx))
}

func (s *Store) ping(ctx context.Context) error {
	return s.db.RunCommand(ctx, bson.D{{Key: "ping", Value: 1}}).Err()
}

// Close implements [storage.Store]. Closing again is no error.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil && !errors.Is(err, driver.ErrClientDisconnected) {
		return s.unavailable("close", err)
	}
	return nil
}

// withTimeout gives a method its time.
func (s *Store) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}

// unavailable wraps a driver's error in ErrUnavailable, and returns nil for nil.
func (s *Store) unavailable(op string, err error) error {
	if err == nil {
		return nil
	}
	if isRefused(err) {
		op += ": " + adviceRights("")
	}
	return storage.Unavailable("mongodb: "+op, s.secrets.redact(err))
}
