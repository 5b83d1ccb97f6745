package bench

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"runtime"
	"sync"
	"time"
)

// signaturesPerRound is how many signatures each processor makes for one measurement.
const signaturesPerRound = 24

// unit measures the processor time of one RSA-2048 signature of Go's crypto/rsa.
type unit struct {
	key     *rsa.PrivateKey
	digest  [sha256.Size]byte
	samples []time.Duration
}

func newUnit() (*unit, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	u := &unit{key: key, digest: sha256.Sum256([]byte("signature"))}
	return u, u.sign(2) // not measured: the first ones fill caches
}

func (u *unit) sign(n int) error {
	for range n {
		if _, err := rsa.SignPKCS1v15(nil, u.key, crypto.SHA256, u.digest[:]); err != nil {
			return err
		}
	}
	return nil
}

// measure takes one sample. All processors sign at once, since the requests keep all of them
// busy: processors that share a core are slower then.
func (u *unit) measure() error {
	processors := runtime.GOMAXPROCS(0)
	begin, known := cpuTime()
	start := time.Now()
	errs := make([]error, processors)
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() { errs[n] = u.sign(signaturesPerRound) })
	}
	all.Wait()
	used := time.Since(start) * time.Duration(processors)
	if end, ok := cpuTime(); known && ok {
		used = end - begin
	}
	u.samples = append(u.samples, used/time.Duration(processors*signaturesPerRound))
	return errors.Join(errs...)
}

// Signature is the processor time of one RSA-2048 signature over all of a run.
type Signature struct {
	Mean, Min, Max time.Duration
}

// since returns the signature over the samples from that one on.
func (u *unit) since(first int) Signature {
	var s Signature
	var sum time.Duration
	for n, sample := range u.samples[first:] {
		if sum += sample; n == 0 || sample < s.Min {
			s.Min = sample
		}
		s.Max = max(s.Max, sample)
	}
	if n := len(u.samples) - first; n > 0 {
		s.Mean = sum / time.Duration(n)
	}
	return s
}
