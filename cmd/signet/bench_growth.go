package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"example.org/signet/internal/bench"
	"example.org/signet/storage/sqlite"
)

// Bounds of a growth.
const (
	minGrowth      = 100
	maxGrowth      = 2_000_000
	maxGrowthSizes = 8

	// growthSessions is how many sessions each connection uses in turn, so that requests are
	// spread over the store.
	growthSessions = 32

	growthStarts = 3 // of which the median counts
)

var (
	defaultGrowth   = []int{1_000, 10_000, 100_000}
	growthWorkloads = []string{"refresh", "introspection", "authorize", "user-search"}
)

// growthRow is what was measured at one size of the store.
type growthRow struct {
	Size         int                `json:"size"` // so many users, and as many sessions
	S            map[string]float64 `json:"s"`
	P50          map[string]float64 `json:"p50_ms"`
	StartMillis  float64            `json:"start_ms"`
	RSS          int64              `json:"rss_bytes"`
	SessionBytes float64            `json:"bytes_per_session"` // of those added last
	UserBytes    float64            `json:"bytes_per_user"`
	FillRate     float64            `json:"fill_rate"` // records a second
	Signature    bench.Signature    `json:"-"`
}

// growthOutput is what bench --growth prints.
type growthOutput struct {
	Connections int         `json:"connections"`
	LoadAverage []float64   `json:"load_average,omitempty"`
	Rows        []growthRow `json:"sizes"`
}

func (b *benchCommand) checkGrowth() error {
	switch {
	case !b.growth && b.sizesSet():
		return usageErrorf("--sizes is for --growth")
	case !b.growth:
		return nil
	case b.target.issuer != "" || len(b.workloads) > 0:
		return usageErrorf("--growth fills a temporary store and measures %s: it goes without --issuer and --workloads", joinWords(growthWorkloads))
	case len(b.sizes) == 0 || len(b.sizes) > maxGrowthSizes:
		return usageErrorf("--sizes: give 1 to %d sizes", maxGrowthSizes)
	case !slices.IsSorted(b.sizes) || b.sizes[0] < minGrowth || b.sizes[len(b.sizes)-1] > maxGrowth || len(slices.Compact(slices.Clone(b.sizes))) < len(b.sizes):
		return usageErrorf("--sizes: must ascend, from at least %d to at most %d", minGrowth, maxGrowth)
	}
	return nil
}

func (b *benchCommand) sizesSet() bool { return !slices.Equal(b.sizes, defaultGrowth) }

// runGrowth measures a store of its own at one size after the other.
func (b *benchCommand) runGrowth(ctx context.Context) (err error) {
	dir, remove, err := b.temporaryDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if !b.settings.isSet("argon2-memory") && !b.settings.isSet("argon2-time") {
		b.cheapHashes()
	}
	account, err := b.temporaryAccount(ctx, dir)
	if err != nil {
		return err
	}
	f := &filler{process: b.process, path: storeFile(dir), client: account.ClientID, password: account.Users[0].Password}
	if f.hash, err = passwordHashOf(ctx, f.path, account.Users[0].Name); err != nil {
		return err
	}
	out := growthOutput{Connections: b.connections, LoadAverage: loadAverage()}
	for _, size := range b.sizes {
		row, err := b.measureSize(ctx, dir, f, account, size)
		if err != nil {
			return errors.Join(b.printGrowth(out), err)
		}
		out.Rows = append(out.Rows, row)
	}
	return b.printGrowth(out)
}

func (b *benchCommand) printGrowth(out growthOutput) error {
	if len(out.Rows) == 0 {
		return nil
	}
	return b.printResult(b.settings, out, out.write)
}

// cheapHashes makes logins cheap: nobody measures them here, and there are many.
func (b *benchCommand) cheapHashes() {
	for name, value := range map[string]string{"argon2-memory": "64", "argon2-time": "1"} {
		setting := b.settings.all.Lookup(name)
		_ = setting.Value.Set(value) // of the right type
		b.settings.origin[name] = flagName(name)
	}
}

func passwordHashOf(ctx context.Context, path, user string) (string, error) {
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return "", err
	}
	u, err := store.UserByLogin(ctx, user)
	return u.PasswordHash, errors.Join(err, store.Close())
}

// measureSize fills the store up to the size and measures it.
func (b *benchCommand) measureSize(ctx context.Context, dir string, f *filler, account bench.Account, size int) (row growthRow, err error) {
	row = growthRow{Size: size, S: map[string]float64{}, P50: map[string]float64{}}
	before, begin := f.users+f.sessions, time.Now()
	line := newProgress(b.stderr, "", -1, isTerminal(b.stderr))
	row.UserBytes, row.SessionBytes, err = f.fill(ctx, size, func(done, of int) {
		part := float64(done) / float64(of)
		line.show(func() string {
			return fmt.Sprintf("%s %3.0f %%  filling up to %d", bar(part, benchBar), 100*part, size)
		})
	})
	line.finish()
	if err != nil {
		return row, err
	}
	row.FillRate = float64(2*size-before) / time.Since(begin).Seconds()
	v, started, err := b.startAgain(ctx, dir)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	row.StartMillis = float64(started.Microseconds()) / 1000
	cfg := b.config()
	cfg.Issuer, cfg.MetricsURL, cfg.KeepRecords, cfg.Workloads, cfg.Sessions = v.issuer, v.metrics, true, growthWorkloads, growthSessions
	cfg.Account = account
	cfg.Account.Users, cfg.Account.Admin.Prefixes = f.sample(b.connections * growthSessions)
	report, err := b.measure(ctx, cfg)
	for _, r := range report.Results {
		row.S[r.Name], row.P50[r.Name] = r.S, r.P50
	}
	row.RSS, row.Signature = report.RSS, report.Signature
	return row, explainBench(report, err)
}

// startAgain starts a server several times and returns the last one, with the median of the
// times that the starts took.
func (b *benchCommand) startAgain(ctx context.Context, dir string) (*benchServer, time.Duration, error) {
	var times []time.Duration
	for {
		v, err := b.startServer(ctx, dir)
		if err != nil {
			return nil, 0, err
		}
		if times = append(times, v.started); len(times) == growthStarts {
			slices.Sort(times)
			return v, times[growthStarts/2], nil
		}
		if err := v.stop(); err != nil {
			return nil, 0, err
		}
	}
}

func (o growthOutput) write(w io.Writer) {
	rows := make([][]string, len(o.Rows))
	first := o.Rows[0]
	for n, r := range o.Rows {
		rows[n] = []string{strconv.Itoa(r.Size)}
		for _, name := range growthWorkloads {
			rows[n] = append(rows[n], ratio(r.S[name], first.S[name]))
		}
		rows[n] = append(rows[n], ratio(r.P50["user-search"], first.P50["user-search"]), ratio(r.StartMillis, first.StartMillis),
			ratio(float64(r.RSS), float64(first.RSS)), fmt.Sprintf("%.0f", r.SessionBytes), fmt.Sprintf("%.0f", r.UserBytes))
	}
	writeTable(w, []string{"USERS, SESSIONS", "REFRESH", "INTROSPECTION", "AUTHORIZE", "USER SEARCH", "SEARCH P50", "START", "MEMORY", "BYTES/SESSION", "BYTES/USER"}, rows)
	fmt.Fprintf(w, "\nRatios to the first row, which had S of")
	for n, name := range growthWorkloads {
		if n > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, " %.*f (%s)", benchDigits(first.S[name]), first.S[name], name)
	}
	fmt.Fprintf(w, ".\nSQLite, %s, each with %d sessions in turn. Bytes are those of the records added last, with all indexes.\n",
		countOf(o.Connections, "connection", "connections"), growthSessions)
	for _, r := range o.Rows {
		if s := r.Signature; s.Min > 0 && float64(s.Max)/float64(s.Min) > noisySignature {
			fmt.Fprintf(w, "The machine was not quiet at %d: a signature cost %.0f to %.0f µs.\n", r.Size, microseconds(s.Min), microseconds(s.Max))
		}
	}
}

// ratio is value to base; "unknown" where one is not known.
func ratio(value, base float64) string {
	if value == 0 || base == 0 {
		return "unknown"
	}
	return strconv.FormatFloat(value/base, 'f', 2, 64)
}

// temporaryDir makes the folder of a temporary store, and returns a function that removes it.
func (b *benchCommand) temporaryDir() (dir string, remove func() error, err error) {
	if dir, err = os.MkdirTemp(b.dir, "signet-bench-"); err != nil {
		return "", nil, withHint(fmt.Errorf("make a temporary store: %w", err), "name another folder by --dir")
	}
	remove = func() error { return os.RemoveAll(dir) }
	absolute, err := filepath.Abs(dir) // the server runs in it
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return absolute, remove, nil
}
