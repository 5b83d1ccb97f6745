package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/storage"
)

// Bench measures the calls that requests wait for, each with so many sessions
// and users in the store as sizes say: whether they grow with it is the
// question. open returns an empty store that is closed when the benchmark ends.
func Bench(b *testing.B, open func(b *testing.B) storage.Store, sizes ...int) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := open(b)
			fill(b, s, size)
			gens := make([]int64, size) // where each session is, over all rounds
			b.Run("RotateSession", func(b *testing.B) { benchRotate(b, s, gens) })
			b.Run("RotateSessionBy16", func(b *testing.B) { benchRotateBy16(b, s, gens) })
			b.Run("RedeemSession", func(b *testing.B) { benchRedeem(b, s) })
			b.Run("Session", func(b *testing.B) {
				benchRead(b, size, func(n int) error { return second(s.Session(b.Context(), newSession(n).ID)) })
			})
			b.Run("UserByLogin", func(b *testing.B) {
				benchRead(b, size, func(n int) error { return second(s.UserByLogin(b.Context(), newUser(n).Email)) })
			})
		})
	}
}

// redeemRound numbers the pending sessions of all rounds.
var redeemRound atomic.Int64

// benchRedeem redeems codes that were made before.
func benchRedeem(b *testing.B, s storage.Store) {
	first := int(redeemRound.Add(int64(b.N))) - b.N + 10_000_000
	all := race(racers, func(i int) error {
		for n := i; n < b.N; n += racers {
			if err := s.CreateSession(b.Context(), newPendingSession(first+n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(all...); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for n := range b.N {
		r := storage.Redemption{
			SessionID: newSession(first + n).ID, ClientID: newSession(0).ClientID, At: start, ExpiresAt: start.AddDate(1, 0, 0), StatusIndex: int64(n), Roles: []string{"user"},
		}
		if _, err := s.RedeemSession(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// fill lets many callers insert, so that a store that groups commits can.
func fill(b *testing.B, s storage.Store, size int) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range racers {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < size; n = int(next.Add(1)) - 1 {
				session := newSession(n)
				session.UserID = newUser(n / 2).ID
				session.ExpiresAt = start.AddDate(1, 0, 0)
				if err := s.CreateSession(b.Context(), session); err != nil {
					b.Errorf("CreateSession: %v", err)
					return
				}
				if err := s.CreateUser(b.Context(), newUser(n)); err != nil {
					b.Errorf("CreateUser: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// scattered spreads call number i over the records, as requests are.
func scattered(i, size int) int { return (i * 7919) % size }

// rotateNext moves session n on by one, whatever its generation is.
func rotateNext(b *testing.B, s storage.Store, n int, from *int64) {
	r := rotationOf(newSession(n))
	r.From, r.At = *from, r.At.Add(time.Duration(*from)*time.Second)
	got, err := s.RotateSession(b.Context(), r)
	if err != nil {
		b.Errorf("RotateSession: %v", err)
		return
	}
	*from = got.Generation
}

func benchRotate(b *testing.B, s storage.Store, gens []int64) {
	for i := range b.N {
		n := scattered(i, len(gens))
		rotateNext(b, s, n, &gens[n])
	}
}

// benchRotateBy16 gives each of 16 callers its own sessions.
func benchRotateBy16(b *testing.B, s storage.Store, gens []int64) {
	const callers = 16
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < b.N; i += callers {
				n := scattered(i/callers, len(gens)/callers)*callers + c
				rotateNext(b, s, n, &gens[n])
			}
		})
	}
	wg.Wait()
}

func benchRead(b *testing.B, size int, read func(n int) error) {
	for i := range b.N {
		if err := read(scattered(i, size)); err != nil {
			b.Fatal(err)
		}
	}
}
