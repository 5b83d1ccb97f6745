package sqlite

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/storage"
)

// benchUsers are how many users the listings are measured among.
func benchUsers() int {
	if os.Getenv("SIGNET_TEST_SLOW") != "" {
		return 1_000_000
	}
	return 20_000
}

// openUsers opens a store of a previous schema with so many users, so that the migration is
// measured too: as many point reads as it takes are in the output.
func openUsers(b *testing.B) *Store {
	b.Helper()
	path := earlierUsers(b, benchUsers())
	begin := time.Now()
	s, err := Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	took := time.Since(begin)
	b.Logf("%d users; the migration takes %.1f point reads a user", benchUsers(), float64(took)/float64(pointRead(b, s))/float64(benchUsers()))
	return s
}

// benchUserID is the id of one of the users, another for each n.
func benchUserID(n int) string {
	return fmt.Sprintf("id-%07d", n*7919%benchUsers()*7919%10_000_019)
}

// pointRead is how long the read of a user by id takes, the median of many.
func pointRead(b *testing.B, s *Store) time.Duration {
	b.Helper()
	return quantile(timesOf(b, 2_000, func(n int) error { _, err := s.User(b.Context(), benchUserID(n)); return err }), 50)
}

func timesOf(b *testing.B, n int, call func(n int) error) []time.Duration {
	b.Helper()
	all := make([]time.Duration, n)
	for i := range all {
		begin := time.Now()
		if err := call(i); err != nil {
			b.Fatal(err)
		}
		all[i] = time.Since(begin)
	}
	return all
}

func quantile(all []time.Duration, percent int) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*percent/100)]
}

// BenchmarkUserPages measures pages of 100 users in point reads, each beside reads in the same
// run: the median and the slowest of ten of every combination of filters and orders.
func BenchmarkUserPages(b *testing.B) {
	s := openUsers(b)
	groups := map[string][]storage.UserFilter{}
	for _, f := range everyUserFilter("user00") {
		name := "by creation"
		if f.ByName() {
			name = "by name"
		}
		if f.Prefix != "" {
			name = "by prefix"
		}
		if f.Role != "" {
			name += " of a role"
		}
		groups[name] = append(groups[name], f)
	}
	for name, filters := range groups {
		b.Run(name, func(b *testing.B) {
			var pages, reads []time.Duration
			for range b.N {
				for _, f := range filters {
					after := ""
					pages = append(pages, timesOf(b, 8, func(int) error { // the first pages; then they begin again
						page, err := s.ListUsers(b.Context(), f, storage.Page{After: after})
						after = page.Next
						return err
					})...)
					reads = append(reads, timesOf(b, 40, func(n int) error { _, err := s.User(b.Context(), benchUserID(n)); return err })...)
				}
			}
			read := quantile(reads, 50)
			b.ReportMetric(float64(quantile(pages, 50))/float64(read), "reads/page")
			b.ReportMetric(float64(quantile(pages, 90))/float64(read), "reads/page-p90")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkReadBesideListings measures the slowest of a hundred of what introspection reads, alone
// and beside goroutines that list users without a pause, in turns.
func BenchmarkReadBesideListings(b *testing.B) {
	s := openUsers(b)
	session := realisticSession(1)
	session.UserID = benchUserID(1)
	if err := s.CreateSession(b.Context(), session); err != nil {
		b.Fatal(err)
	}
	read := func(int) error { _, _, _, err := s.SessionInEpoch(b.Context(), session.ID); return err }
	var alone, beside []time.Duration
	for range b.N {
		alone = append(alone, timesOf(b, 20_000, read)...)
		stop := listWithoutPause(b, s)
		beside = append(beside, timesOf(b, 20_000, read)...)
		stop()
	}
	b.ReportMetric(float64(quantile(beside, 50))/float64(quantile(alone, 50)), "p50-ratio")
	b.ReportMetric(float64(quantile(beside, 99))/float64(quantile(alone, 99)), "p99-ratio")
	b.ReportMetric(float64(quantile(beside, 99))/float64(quantile(alone, 50)), "p99-in-reads")
	b.ReportMetric(0, "ns/op")
}

// listWithoutPause lists by prefix and role in four goroutines, more than there are connections.
func listWithoutPause(b *testing.B, s *Store) (stop func()) {
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			f := storage.UserFilter{Prefix: "user", Role: []string{"", "user"}[n%2]}
			for p := (storage.Page{}); ctx.Err() == nil; {
				page, err := s.ListUsers(ctx, f, p)
				if err != nil && ctx.Err() == nil {
					b.Error(err)
					return
				}
				p.After = page.Next
			}
		})
	}
	return func() { cancel(); all.Wait() }
}
