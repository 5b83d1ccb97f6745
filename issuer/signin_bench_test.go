package issuer_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/signet/issuer/authorization"
)

// measureSignatures reports the processor time of op in S, that of one raw RS256 signature,
// which is measured in between.
func measureSignatures(b *testing.B, op func()) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(b, err)
	digest := sha256.Sum256([]byte("signed"))
	var ours, unit time.Duration
	signed := 0
	b.ResetTimer()
	for n := 0; n < b.N; n++ {
		start := cpuTime(b)
		op()
		ours += cpuTime(b) - start
		if n%10 == 0 {
			b.StopTimer()
			start = cpuTime(b)
			_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
			unit += cpuTime(b) - start
			must(b, err)
			signed++
			b.StartTimer()
		}
	}
	b.ReportMetric(float64(ours)/float64(b.N)/(float64(unit)/float64(signed)), "S")
}

// cpuTime is the processor time that the process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAuthorize_LiveSession issues a code: one read and one insert.
func BenchmarkAuthorize_LiveSession(b *testing.B) {
	f, user := newSignInFixture(b)
	user.logIn(request())
	in := user.interaction(request())
	in.Clicked = true // past the brake
	measureSignatures(b, func() {
		o, err := user.signIn.Authorize(f.ctx, in)
		must(b, err)
		if o.Response == nil {
			b.Fatal(o.Step)
		}
	})
}

// BenchmarkAuthorize_SixteenBrowsers is 16 at once, which share their commits: divide by 16.
func BenchmarkAuthorize_SixteenBrowsers(b *testing.B) {
	f, user := newSignInFixture(b)
	user.logIn(request())
	in := user.interaction(request())
	in.Clicked = true // past the brake
	measureSignatures(b, func() {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if _, err := user.signIn.Authorize(f.ctx, in); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	})
}

// BenchmarkAuthorize_Nobody leads to the login page: no read and no write.
func BenchmarkAuthorize_Nobody(b *testing.B) {
	f, user := newSignInFixture(b)
	in := user.interaction(request())
	measureSignatures(b, func() {
		o, err := user.signIn.Authorize(f.ctx, in)
		must(b, err)
		if o.Step.Kind != authorization.StepLogin {
			b.Fatal(o.Step)
		}
	})
}
