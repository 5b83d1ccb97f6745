package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.org/signet/storage"
)

const (
	checkSamples = 20
	slowCommit   = 50 * time.Millisecond // from which on the check warns
)

// Check finds out whether the directory of a database file is a place that Signet
// can rely on. It makes a small database beside the file, writes and reads, and
// removes it; the file itself it does not touch.
func Check(ctx context.Context, path string) (findings []storage.Finding, err error) {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp(dir, ".signet-check-")
	if err != nil {
		return []storage.Finding{{Name: "place", Verdict: storage.Failed, Detail: fmt.Sprintf("this user cannot make files in %s: %v", dir, err)}}, nil
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	s, openErr := Open(ctx, filepath.Join(scratch, "signet.db"))
	if openErr != nil {
		return []storage.Finding{{Name: "place", Verdict: storage.Failed, Detail: openErr.Error()}}, nil
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	findings = append(findings, storage.Finding{Name: "place", Verdict: storage.Passed, Detail: dir + " takes a database with a write-ahead log"})
	return append(findings, checkCommits(ctx, s)), nil
}

// checkCommits measures how long an acknowledged write takes.
func checkCommits(ctx context.Context, s *Store) storage.Finding {
	took := make([]time.Duration, checkSamples)
	for n := range took {
		begin := time.Now()
		if err := s.RevokeToken(ctx, fmt.Sprint(n), begin); err != nil {
			return storage.Finding{Name: "latency", Verdict: storage.Failed, Detail: err.Error()}
		}
		took[n] = time.Since(begin)
	}
	slices.Sort(took)
	median := took[len(took)/2]
	f := storage.Finding{Name: "latency", Verdict: storage.Passed, Detail: fmt.Sprintf("median of %d: a durable write takes %.1f ms", len(took), float64(median.Microseconds())/1000)}
	if median > slowCommit {
		f.Verdict, f.Detail = storage.Warned, f.Detail+"; use a local disk with a write cache that survives a power cut"
	}
	return f
}
