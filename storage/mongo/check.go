package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"example.org/signet/storage"
)

// Check finds out whether the server that the connection string names is one that
// Signet can rely on: that it can be reached and used, that of many writers on one
// document exactly one wins, that ids and unique indexes are unique, that it
// acknowledges by majority, and how long it takes. It works in a collection of its
// own, signet_check_…, which it drops, and touches nothing else. After a failure it
// makes no further check. The error is of a connection string that cannot be used.
func Check(ctx context.Context, uri string, opts ...Option) ([]storage.Finding, error) {
	cfg := config{timeout: startTimeout}
	for _, o := range opts {
		o(&cfg)
	}
	cs, err := parseURI(uri)
	if err != nil {
		return nil, err
	}
	client, err := driver.Connect(clientOptions(cs.options, cfg))
	if err != nil {
		return nil, fmt.Errorf("mongodb: %w", cs.secrets.redact(err))
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(ctx)) }()
	db := client.Database(cs.database)
	c := &checker{cs: cs, timeout: cfg.timeout, db: db, scratch: db.Collection("signet_check_" + bson.NewObjectID().Hex())}
	defer c.drop(context.WithoutCancel(ctx))
	return c.run(ctx), nil
}

// checkDoc is a document of the scratch collection.
type checkDoc struct {
	ID string `bson:"_id"`
	N  int64  `bson:"n"`
}

const (
	checkRounds  = 20 // races, each with checkWriters
	checkWriters = 16
	checkSamples = 20 // of every latency
)

type checker struct {
	cs      connString
	timeout time.Duration // of one check
	db      *driver.Database
	scratch *driver.Collection
}

// run makes the checks in their order, up to the first that fails.
func (c *checker) run(ctx context.Context) (findings []storage.Finding) {
	for _, check := range []struct {
		name string
		run  func(context.Context) (storage.Verdict, string)
	}{
		{"connection", c.connection},
		{"server", c.server},
		{"rights", c.rights},
		{"majority", c.majority},
		{"unique _id", c.uniqueID},
		{"compare-and-swap", c.compareAndSwap},
		{"counting", c.counting},
		{"indexes", c.indexes},
		{"latency", c.latency},
	} {
		verdict, detail := c.bounded(ctx, check.run)
		findings = append(findings, storage.Finding{Name: check.name, Verdict: verdict, Detail: detail})
		if verdict == storage.Failed {
			break
		}
	}
	return findings
}

func (c *checker) bounded(ctx context.Context, check func(context.Context) (storage.Verdict, string)) (storage.Verdict, string) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return check(ctx)
}

func (c *checker) drop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	_ = c.scratch.Drop(ctx)
}

// fail returns a failed verdict with the error and advice.
func (c *checker) fail(what string, err error) (storage.Verdict, string) {
	return storage.Failed, fmt.Sprintf("%s: %s (%s)", what, c.cs.advise(err), c.cs.secrets.redact(err))
}

func (c *checker) connection(ctx context.Context) (storage.Verdict, string) {
	if err := c.db.RunCommand(ctx, bson.D{{Key: "ping", Value: 1}}).Err(); err != nil {
		return c.fail("no primary answers", err)
	}
	return storage.Passed, "a server that takes writes answers at " + c.cs.hosts
}

// server reports the version, for information only: the other checks test what it can do.
func (c *checker) server(ctx context.Context) (storage.Verdict, string) {
	var hello struct {
		SetName string   `bson:"setName"`
		Hosts   []string `bson:"hosts"`
		Msg     string   `bson:"msg"`
	}
	if err := c.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return c.fail("hello", err)
	}
	var build struct {
		Version string `bson:"version"`
	}
	version := "of unknown version" // some engines keep it to themselves
	if c.db.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&build) == nil && build.Version != "" {
		version = "version " + build.Version
	}
	switch {
	case hello.Msg == "isdbgrid":
		return storage.Warned, version + ", a sharded cluster: Signet was never run on one"
	case hello.SetName == "":
		return storage.Warned, version + ", a standalone: enough for development; in production a replica set of three survives the loss of one"
	case len(hello.Hosts) < 3:
		return storage.Warned, fmt.Sprintf("%s, replica set %s with %d data-bearing members: three survive the loss of one", version, hello.SetName, len(hello.Hosts))
	}
	return storage.Passed, fmt.Sprintf("%s, replica set %s with %d members", version, hello.SetName, len(hello.Hosts))
}

func (c *checker) rights(ctx context.Context) (storage.Verdict, string) {
	if err := c.db.Collection(schema).FindOne(ctx, byID(schemaID)).Err(); err != nil && !errors.Is(err, driver.ErrNoDocuments) {
		return c.fail("read", err)
	}
	if _, err := c.scratch.InsertOne(ctx, checkDoc{ID: "rights"}); err != nil {
		return c.fail("insert", err)
	}
	if _, err := c.scratch.DeleteOne(ctx, byID("rights")); err != nil {
		return c.fail("delete", err)
	}
	if _, err := c.db.ListCollectionNames(ctx, bson.D{}); err != nil {
		return c.fail("list collections", err)
	}
	return storage.Passed, "this user may read, write and list collections in " + c.cs.database
}

// majority checks that an acknowledged write is read back with the concerns of the store.
func (c *checker) majority(ctx context.Context) (storage.Verdict, string) {
	for n := range checkRounds {
		id := fmt.Sprintf("majority-%d", n)
		if _, err := c.scratch.InsertOne(ctx, checkDoc{ID: id, N: int64(n)}); err != nil {
			return c.fail("write with w:majority and j:true", err)
		}
		var got checkDoc
		if err := c.scratch.FindOne(ctx, byID(id)).Decode(&got); err != nil || got.N != int64(n) {
			return c.fail("an acknowledged write is not read back under readConcern majority", errOr(err, "another value"))
		}
	}
	return storage.Passed, "acknowledged writes are read back under write concern majority, journaled, and read concern majority"
}

// errOr is an error for a check that failed without one.
func errOr(err error, text string) error {
	if err == nil {
		return errors.New(text)
	}
	return err
}

// race runs many writes at once and returns how many succeeded. Lost tells whether an
// error means that the write lost the race.
func race(write func(writer int) error, lost func(error) bool) (won int, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for writer := range checkWriters {
		all.Go(func() {
			e := write(writer)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case e == nil:
				won++
			case !lost(e):
				err = e
			}
		})
	}
	all.Wait()
	return won, err
}

func (c *checker) uniqueID(ctx context.Context) (storage.Verdict, string) {
	for round := range checkRounds {
		won, err := race(func(writer int) error {
			_, err := c.scratch.InsertOne(ctx, checkDoc{ID: fmt.Sprintf("id-%d", round), N: int64(writer)})
			return err
		}, isDuplicate)
		if err != nil {
			return c.fail("insert", err)
		}
		if won != 1 {
			return storage.Failed, fmt.Sprintf("%d of %d inserts of one _id won: a login name or a signing key could have two owners; do not use this server", won, checkWriters)
		}
	}
	return storage.Passed, fmt.Sprintf("of %d inserts of one _id exactly one wins, in %d rounds", checkWriters, checkRounds)
}

func (c *checker) compareAndSwap(ctx context.Context) (storage.Verdict, string) {
	if _, err := c.scratch.InsertOne(ctx, checkDoc{ID: "cas"}); err != nil {
		return c.fail("insert", err)
	}
	for round := range int64(checkRounds) {
		won, err := race(func(int) error {
			filter := bson.D{eq("_id", "cas"), eq("n", round)}
			return c.scratch.FindOneAndUpdate(ctx, filter, bson.D{set(value("n", round+1))}).Err()
		}, func(err error) bool { return errors.Is(err, driver.ErrNoDocuments) })
		if err != nil {
			return c.fail("findAndModify", err)
		}
		if won != 1 {
			return storage.Failed, fmt.Sprintf("%d of %d conditional updates of one document won: a refresh token could be used twice; do not use this server", won, checkWriters)
		}
	}
	return storage.Passed, fmt.Sprintf("of %d conditional updates exactly one wins, in %d rounds", checkWriters, checkRounds)
}

// counting checks that no acknowledged increment is lost.
func (c *checker) counting(ctx context.Context) (storage.Verdict, string) {
	if _, err := c.scratch.InsertOne(ctx, checkDoc{ID: "count"}); err != nil {
		return c.fail("insert", err)
	}
	won, err := race(func(int) error {
		_, err := c.scratch.UpdateOne(ctx, byID("count"), bson.D{inc("n", 1)})
		return err
	}, func(error) bool { return false })
	if err != nil {
		return c.fail("update", err)
	}
	var got checkDoc
	if err := c.scratch.FindOne(ctx, byID("count")).Decode(&got); err != nil {
		return c.fail("find", err)
	}
	if got.N != int64(won) {
		return storage.Failed, fmt.Sprintf("%d of %d acknowledged increments are left: limits of tries would not hold; do not use this server", got.N, won)
	}
	return storage.Passed, fmt.Sprintf("%d increments at once are all counted", won)
}

func (c *checker) indexes(ctx context.Context) (storage.Verdict, string) {
	for _, i := range []driver.IndexModel{
		{Keys: bson.D{rising("n"), rising("_id")}, Options: options.Index().SetName("check_order")},
		{Keys: bson.D{rising("due")}, Options: options.Index().SetName("check_sparse").SetSparse(true)},
		{Keys: bson.D{rising("kid")}, Options: options.Index().SetName("check_unique").SetUnique(true).SetSparse(true)},
	} {
		if _, err := c.scratch.Indexes().CreateOne(ctx, i); err != nil {
			return c.fail("create an index", err)
		}
	}
	for n, wantDuplicate := range []bool{false, true} {
		_, err := c.scratch.InsertOne(ctx, bson.D{eq("_id", fmt.Sprintf("kid-%d", n)), eq("kid", "same")})
		switch {
		case err != nil && !isDuplicate(err):
			return c.fail("insert", err)
		case wantDuplicate != isDuplicate(err):
			return storage.Failed, "a unique index lets two equal values in: two signing keys could have one name; do not use this server"
		}
	}
	return storage.Passed, "compound, sparse and unique indexes are built, and the unique one holds"
}

// Latencies in milliseconds from which on the check warns: a refresh makes two steps,
// and a step ends after DefaultTimeout.
const slowStep = 50 * time.Millisecond

func (c *checker) latency(ctx context.Context) (storage.Verdict, string) {
	read, err := median(func(int) error { return c.scratch.FindOne(ctx, byID("cas")).Err() })
	if err != nil {
		return c.fail("find", err)
	}
	write, err := median(func(n int) error {
		_, err := c.scratch.UpdateOne(ctx, byID("cas"), bson.D{set(value("n", int64(n)))})
		return err
	})
	if err != nil {
		return c.fail("update", err)
	}
	detail := fmt.Sprintf("median of %d: a read takes %.1f ms, a write %.1f ms", checkSamples, milliseconds(read), milliseconds(write))
	if max(read, write) > slowStep {
		return storage.Warned, detail + fmt.Sprintf("; a refresh needs one of each, and a step is given up after %s: put the server nearer", DefaultTimeout)
	}
	return storage.Passed, detail
}

func median(step func(n int) error) (time.Duration, error) {
	took := make([]time.Duration, checkSamples)
	for n := range took {
		begin := time.Now()
		if err := step(n); err != nil {
			return 0, err
		}
		took[n] = time.Since(begin)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
