package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// The sizes of BenchmarkRotateBesideSweep.
const (
	sweptSessions = 200_000
	liveSessions  = 20_000
	sweepPhase    = 250 * time.Millisecond
)

// BenchmarkRotateBesideSweep refreshes by 16 callers, in turns with and without a sweep of expired
// sessions beside them: what part of the rate is left with it, and the slowest of a hundred with and without. Each
// operation is one turn of both.
func BenchmarkRotateBesideSweep(b *testing.B) {
	s := open(b, newPath(b))
	fillSessions(b, s, sweptSessions+liveSessions)
	gens := make([]int64, liveSessions)
	var alone, beside []time.Duration
	var swept int64
	b.ResetTimer()
	for range b.N {
		alone = append(alone, rotateFor(b, s, gens, sweepPhase)...)
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				n, err := s.SweepSessions(ctx, start.AddDate(0, 6, 0), 500)
				if err != nil && !errors.Is(err, context.Canceled) {
					b.Error(err)
				}
				swept += n
			}
		}()
		beside = append(beside, rotateFor(b, s, gens, sweepPhase)...)
		cancel()
		<-done
	}
	b.StopTimer()
	slices.Sort(alone)
	slices.Sort(beside)
	b.ReportMetric(float64(len(beside))/float64(len(alone)), "rate-ratio")
	b.ReportMetric(float64(percentile(alone, 99).Microseconds()), "p99-alone-µs")
	b.ReportMetric(float64(percentile(beside, 99).Microseconds()), "p99-beside-µs")
	b.ReportMetric(float64(swept)/(float64(b.N)*sweepPhase.Seconds()), "swept/s")
}

// sweepSession is live if n is below liveSessions, else expired.
func sweepSession(n int) storage.Session {
	v := storage.Session{
		ID: fmt.Sprintf("%08x%019d", uint32(n)*2654435761, n), UserID: fmt.Sprintf("%08x-7d3e-7f00-8000-%012d", uint32(n)*2246822519, n), ClientID: "items-web-client",
		Scopes: []string{"openid", "profile", "items:read", "items:write"}, Audience: []string{"https://api.example.com"},
		RotatedAt: start, CreatedAt: start, ExpiresAt: start.AddDate(0, 3, 0).Add(time.Duration(n) * time.Second), AuthTime: start,
		StatusIndex: int64(n), Roles: []string{"user"}, Device: "Firefox 140 on Windows", Network: "2001:db8:1234::/48",
	}
	if n < liveSessions {
		v.ExpiresAt = start.AddDate(1, 0, 0)
	}
	return v
}

func fillSessions(b *testing.B, s *sqlite.Store, n int) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := s.CreateSession(context.Background(), sweepSession(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// rotateFor lets 16 callers refresh their part of the live sessions, and returns how long each refresh took.
func rotateFor(b *testing.B, s *sqlite.Store, gens []int64, d time.Duration) (all []time.Duration) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	end := time.Now().Add(d)
	for c := range rotators {
		wg.Go(func() {
			var took []time.Duration
			for i := 0; time.Now().Before(end); i++ {
				n := (i*7919)%(len(gens)/rotators)*rotators + c
				session, begin := sweepSession(n), time.Now()
				_, err := s.RotateSession(context.Background(), storage.Rotation{SessionID: session.ID, ClientID: session.ClientID, From: gens[n], At: start.Add(time.Duration(gens[n]) * time.Millisecond)})
				if err != nil {
					b.Error(err)
					return
				}
				took = append(took, time.Since(begin))
				gens[n]++
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return all
}
