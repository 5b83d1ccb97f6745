package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The cache is tested inside a synctest bubble: time is fake and stands still until
// every goroutine waits, so that "64 callers wait for one fetch" is a fact and not
// a matter of luck.

// fakeFetcher publishes kids, taking as long over it as it is told to.
type fakeFetcher struct {
	mu      sync.Mutex
	kids    []string
	err     error
	takes   time.Duration
	ttl     time.Duration
	fetches int
}

var _ keySetFetcher = (*fakeFetcher)(nil)

func (s *fakeFetcher) fetch(context.Context, *keySet) (*keySet, error) {
	began := time.Now()
	s.mu.Lock()
	s.fetches++
	takes, set, err := s.takes, &keySet{keys: map[string][]publicKey{}}, s.err
	for _, kid := range s.kids { // what is published when the fetch begins
		set.keys[kid] = []publicKey{{alg: RS256}}
	}
	set.fetchedAt, set.refreshAt, set.expiresAt = began, began.Add(s.ttl*4/5), began.Add(s.ttl)
	s.mu.Unlock()
	time.Sleep(takes)
	if err != nil {
		return nil, err
	}
	return set, nil
}

func (s *fakeFetcher) publish(kids ...string) { s.change(func() { s.kids, s.err = kids, nil }) }

func (s *fakeFetcher) fail(err error) { s.change(func() { s.err = err }) }

func (s *fakeFetcher) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *fakeFetcher) count() (n int) {
	s.change(func() { n = s.fetches })
	return n
}

var errDown = errors.New("issuer is down")

// withCache runs f with a cache over a source that publishes kid "a", each fetch
// taking 100 ms, with a TTL of 5 minutes, an interval of 10 s and an hour of grace.
func withCache(t *testing.T, f func(t *testing.T, c *cache, s *fakeFetcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeFetcher{kids: []string{"a"}, takes: 100 * time.Millisecond, ttl: 5 * time.Minute}
		c := &cache{fetcher: s, now: time.Now, interval: 10 * time.Second, stale: time.Hour}
		f(t, c, s)
		time.Sleep(2 * time.Minute) // the last fetch lands
	})
}

// findAll looks for the kids at once, each in its own goroutine.
func findAll(c *cache, kids ...string) []error {
	errs := make([]error, len(kids))
	var wg sync.WaitGroup
	for i, kid := range kids {
		wg.Go(func() { _, errs[i] = c.find(context.Background(), kid) })
	}
	wg.Wait()
	return errs
}

func repeat(n int, kid string) []string {
	kids := make([]string, n)
	for i := range kids {
		kids[i] = kid
	}
	return kids
}

func expect(t *testing.T, errs []error, want error) {
	t.Helper()
	for _, err := range errs {
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Fatalf("got %v, want %v", err, want)
		}
	}
}

func expectFetches(t *testing.T, s *fakeFetcher, want int) {
	t.Helper()
	synctest.Wait()
	if got := s.count(); got != want {
		t.Fatalf("%d fetches, want %d", got, want)
	}
}

func TestConcurrentCallersShareOneFetch(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, repeat(64, "a")...), nil)
		expectFetches(t, s, 1)
		expect(t, findAll(c, repeat(64, "a")...), nil)
		expectFetches(t, s, 1)
	})
}

func TestConcurrentCallersShareOneRefetchOfANewKey(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		s.publish("a", "b")
		expect(t, findAll(c, repeat(64, "b")...), nil)
		expectFetches(t, s, 2)
	})
}

func TestConcurrentCallersShareOneRenewalWhenStale(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		time.Sleep(5 * time.Minute)
		expect(t, findAll(c, repeat(64, "a")...), nil)
		expectFetches(t, s, 2)
	})
}

// A key published after the fetch under way had begun is found by one more.
func TestKeyPublishedDuringAFetchIsNotLost(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		s.takes = time.Second
		var wg sync.WaitGroup
		wg.Go(func() { expect(t, findAll(c, "a"), nil) })
		time.Sleep(time.Second / 2)
		s.publish("a", "b") // the fetch has read the old set already
		expect(t, findAll(c, repeat(64, "b")...), nil)
		wg.Wait()
		expectFetches(t, s, 2)
	})
}

func TestFloodOfUnknownKids(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		flood := func() {
			t.Helper()
			kids := make([]string, 64)
			for i := range kids {
				kids[i] = fmt.Sprint("invented ", i, time.Now())
			}
			expect(t, findAll(c, kids...), ErrUnknownKey)
		}
		for range 50 { // 5 s
			flood()
			time.Sleep(100 * time.Millisecond)
		}
		expectFetches(t, s, 2)
		expect(t, findAll(c, repeat(64, "a")...), nil) // no harm to others

		s.publish("a", "b") // and a key that appears meanwhile is found by the next fetch
		time.Sleep(10 * time.Second)
		flood()
		expect(t, findAll(c, repeat(64, "b")...), nil)
		expectFetches(t, s, 3)
	})
}

// A renewal by age does not use up the fetch that an unknown kid may set off.
func TestRenewal_DoesNotUseUpUnknownKIDFetch(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		time.Sleep(5 * time.Minute)
		expect(t, findAll(c, "a"), nil)
		s.publish("a", "b")
		expect(t, findAll(c, "b"), nil)
		expectFetches(t, s, 3)
	})
}

func TestUnknownKidOnAnEmptyCacheCostsOneFetch(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "nobody"), ErrUnknownKey)
		expectFetches(t, s, 1)
	})
}

func TestRenewsInTheBackgroundBeforeTheTTL(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		time.Sleep(4*time.Minute - time.Second)
		expect(t, findAll(c, "a"), nil)
		expectFetches(t, s, 1)
		time.Sleep(time.Second)
		began := time.Now()
		expect(t, findAll(c, repeat(64, "a")...), nil)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v for a set that is still fresh", waited)
		}
		expectFetches(t, s, 2)
		time.Sleep(2 * time.Minute) // beyond the first set's TTL, within the second's
		expect(t, findAll(c, "a"), nil)
		expectFetches(t, s, 2)
	})
}

func TestWithdrawnKeyIsGoneAtTheTTL(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		s.publish("b")
		time.Sleep(5*time.Minute - s.takes - 1)
		expect(t, findAll(c, "a"), nil) // and renewed behind it
		synctest.Wait()
		time.Sleep(time.Second)
		expect(t, findAll(c, "a"), ErrUnknownKey)
		expect(t, findAll(c, "b"), nil)
	})
}

func TestWithdrawnKeyIsGoneAtTheTTLWithoutTraffic(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		s.publish("b")
		time.Sleep(5 * time.Minute)
		expect(t, findAll(c, repeat(64, "a")...), ErrUnknownKey)
	})
}

func TestStaleSetServesWhileTheIssuerIsDown(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		s.fail(errDown)
		time.Sleep(5 * time.Minute)
		expect(t, findAll(c, repeat(64, "a")...), nil) // waits for the failure once
		expectFetches(t, s, 2)

		began := time.Now()
		for range 100 { // then never again, while fetches are retried behind
			expect(t, findAll(c, repeat(64, "a")...), nil)
			if !time.Now().Equal(began) {
				t.Fatal("a caller waited for a fetch that fails")
			}
			time.Sleep(30 * time.Second)
			began = time.Now()
		}
		expect(t, findAll(c, "b"), ErrKeysUnavailable) // whether b exists is not known

		s.publish("a", "b")
		time.Sleep(10 * time.Second)
		expect(t, findAll(c, "a"), nil)
		synctest.Wait()
		time.Sleep(time.Second)
		expect(t, findAll(c, "b"), nil)
	})
}

func TestStaleSet_BeyondStaleIfError_IsNotUsed(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		s.fail(errDown)
		time.Sleep(5*time.Minute + time.Hour - 200*time.Millisecond - 1)
		expect(t, findAll(c, "a"), nil)
		time.Sleep(100*time.Millisecond + 1)
		expect(t, findAll(c, "a"), ErrKeysUnavailable)
	})
}

func TestStaleIfErrorOff_StaleSetIsNotUsed(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		c.stale = 0
		expect(t, findAll(c, "a"), nil)
		s.fail(errDown)
		time.Sleep(5*time.Minute - s.takes - 1)
		expect(t, findAll(c, "a"), nil)
		time.Sleep(time.Nanosecond)
		expect(t, findAll(c, "a"), ErrKeysUnavailable)
	})
}

// Failed fetches are retried after 1, 2, 4, 8 and then every 10 seconds.
func TestFailedFetchesAreRetriedWithBackoff(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		s.takes = 0
		s.fail(errDown)
		fetches := 0
		for _, wait := range []time.Duration{1, 2, 4, 8, 10, 10, 10} {
			errs := findAll(c, repeat(64, "a")...)
			expect(t, errs, ErrKeysUnavailable)
			expect(t, errs, errDown)
			fetches++
			time.Sleep(wait*time.Second - 1)
			err := findAll(c, "a")[0]
			expectFetches(t, s, fetches)
			var unavailable *UnavailableError
			if !errors.As(err, &unavailable) || unavailable.RetryAfter != 1 || !errors.Is(err, errDown) {
				t.Fatalf("after %d fetches: %#v", fetches, err)
			}
			time.Sleep(time.Nanosecond)
		}
		s.publish("a")
		expect(t, findAll(c, "a"), nil)

		s.fail(errDown) // and a success starts the count anew
		time.Sleep(2 * time.Hour)
		var unavailable *UnavailableError
		if err := findAll(c, "a")[0]; !errors.As(err, &unavailable) || unavailable.RetryAfter != time.Second {
			t.Fatalf("after a success and a failure: %#v", err)
		}
	})
}

// The retries do not overflow after many failures.
func TestBackoffStaysWithinTheInterval(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		s.fail(errDown)
		for range 100 {
			expect(t, findAll(c, "a"), ErrKeysUnavailable)
			time.Sleep(10 * time.Second)
		}
		expectFetches(t, s, 100)
	})
}

// While fetches fail, an unknown kid is neither known nor unknown, and its flood
// adds no fetches.
func TestUnknownKidWhileTheIssuerIsDown(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		s.fail(errDown)
		expect(t, findAll(c, repeat(64, "b")...), ErrKeysUnavailable)
		expect(t, findAll(c, repeat(64, "b")...), ErrKeysUnavailable)
		expectFetches(t, s, 2)
		expect(t, findAll(c, "a"), nil)
	})
}

func TestCanceledCaller_DoesNotAffectOthers(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		s.takes = time.Minute
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { // the one whose call sets off the fetch
			_, err := c.find(ctx, "a")
			expect(t, []error{err}, context.Canceled)
			expect(t, []error{err}, ErrKeysUnavailable)
		})
		synctest.Wait()
		wg.Go(func() { expect(t, findAll(c, repeat(63, "a")...), nil) })
		synctest.Wait()
		cancel()
		wg.Wait()
		expectFetches(t, s, 1)
	})
}

// Stale keys are for when a fetch has failed, not for who does not wait for it.
func TestCanceledCaller_GetsNoStaleKeys(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		time.Sleep(5 * time.Minute)
		ctx, cancel := context.WithTimeout(context.Background(), s.takes/2)
		defer cancel()
		_, err := c.find(ctx, "a")
		expect(t, []error{err}, context.DeadlineExceeded)
		expect(t, []error{err}, ErrKeysUnavailable)
	})
}

// Past a bound callers are turned away rather than held: they answer 503 at once.
func TestNumberOfWaitingCallersIsBounded(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		held := 0
		for _, err := range findAll(c, repeat(maxWaiting+100, "a")...) {
			switch {
			case err == nil:
				held++
			case !errors.Is(err, errTooManyWaiting) || !errors.Is(err, ErrKeysUnavailable):
				t.Fatal(err)
			}
		}
		if held != maxWaiting {
			t.Errorf("%d callers were held", held)
		}
		expectFetches(t, s, 1)
		expect(t, findAll(c, repeat(maxWaiting+100, "a")...), nil) // nobody waits now
	})
}

func TestFreshSet_CanceledContext_IsUsed(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		expect(t, findAll(c, "a"), nil)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := c.find(ctx, "a"); err != nil {
			t.Error(err)
		}
	})
}

// A set from the future, by a clock that was set back, is stale and not immortal.
func TestClockSetBack(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, s *fakeFetcher) {
		var back time.Duration
		c.now = func() time.Time { return time.Now().Add(-back) }
		expect(t, findAll(c, "a"), nil)
		back = 24 * time.Hour
		s.publish("b")
		expect(t, findAll(c, "a"), ErrUnknownKey)
	})
}
