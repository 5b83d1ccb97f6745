//go:build unix

package endpoints_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/keys"
)

// The unit S is the processor time of one raw RSA-2048 signature, taken in the
// same run as what it is compared with: machines drift, ratios hold.

func rsaSignature(b *testing.B) func() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256([]byte("signature"))
	return func() {
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// measure runs op and reports its processor time, that of the store and the
// collector included, in S. Signatures are made every now and then between the
// runs of op, so that both run under the same load.
func measure(b *testing.B, op func()) {
	const stretch, few = 20 * time.Millisecond, 4
	sign := rsaSignature(b)
	var ours, unit time.Duration
	var signed int
	weigh := func() {
		start := cpuTime(b)
		for range few {
			sign()
		}
		unit, signed = unit+cpuTime(b)-start, signed+few
	}
	sign()
	op()
	weigh()
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		begin, start := time.Now(), cpuTime(b)
		for ; done < b.N && time.Since(begin) < stretch; done++ {
			op()
		}
		ours += cpuTime(b) - start
		b.StopTimer()
		weigh()
		b.StartTimer()
	}
	b.ReportMetric(float64(ours)/float64(b.N)/(float64(unit)/float64(signed)), "S")
}

// parallelClients is how many clients the parallel benchmarks run.
const parallelClients = 16

// runConcurrently runs all ops at once.
func runConcurrently(ops []func()) func() {
	return func() {
		var wg sync.WaitGroup
		for _, op := range ops {
			wg.Go(op)
		}
		wg.Wait()
	}
}

// cpuTime is the processor time that the process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// responseRecorder is a minimal http.ResponseWriter.
type responseRecorder struct {
	header http.Header
	status int
	body   []byte
}

func (w *responseRecorder) Header() http.Header  { return w.header }
func (w *responseRecorder) WriteHeader(code int) { w.status = code }
func (w *responseRecorder) Write(p []byte) (int, error) {
	w.body = append(w.body[:0], p...)
	return len(p), nil
}

// send sends one request through the handler and returns the body.
func send(b *testing.B, s *protocoltest.Signet, c protocoltest.Client, path string, form url.Values) []byte {
	w := &responseRecorder{header: http.Header{}, status: http.StatusOK}
	var r *http.Request
	if form == nil {
		r = httptest.NewRequest(http.MethodGet, path, nil)
	} else {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		protocoltest.Basic(c)(r)
	}
	s.Handler.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		b.Fatalf("%s: %d %s", path, w.status, w.body)
	}
	return w.body
}

func start(b *testing.B, alg string) *protocoltest.Signet {
	s := protocoltest.Start(b, openSQLite, func(o *protocoltest.Options) { o.Keys.Alg, o.Log = alg, io.Discard })
	s.Store.StopRecording()
	return s
}

func BenchmarkSignature(b *testing.B) { measure(b, rsaSignature(b)) }

func BenchmarkClientCredentials(b *testing.B) {
	for _, alg := range []string{keys.RS256, keys.ES256} {
		b.Run(alg, func(b *testing.B) {
			s := start(b, alg)
			form := protocoltest.Form("grant_type", "client_credentials")
			measure(b, func() { send(b, s, s.Machine, protocoltest.Token, form) })
		})
	}
}

func BenchmarkRefresh(b *testing.B) {
	for _, alg := range []string{keys.RS256, keys.ES256} {
		b.Run(alg, func(b *testing.B) {
			s := start(b, alg)
			measure(b, refreshLoop(b, s))
		})
	}
}

// BenchmarkRefreshParallelClients measures refreshes that share their commits:
// divide by parallelClients.
func BenchmarkRefreshParallelClients(b *testing.B) {
	for _, alg := range []string{keys.RS256, keys.ES256} {
		b.Run(alg, func(b *testing.B) {
			s := start(b, alg)
			ops := make([]func(), parallelClients)
			for n := range ops {
				ops[n] = refreshLoop(b, s)
			}
			measure(b, runConcurrently(ops))
		})
	}
}

// refreshLoop returns a function that does one client's next refresh.
func refreshLoop(b *testing.B, s *protocoltest.Signet) func() {
	token := s.Login(b, s.Web, s.Alice, "openid").Refresh
	return func() {
		body := string(send(b, s, s.Web, protocoltest.Token, protocoltest.RefreshForm(token)))
		at := strings.Index(body, `"sgr_`) + 1
		token = body[at : at+strings.IndexByte(body[at:], '"')]
	}
}

// BenchmarkCodeParallelClients measures redemptions of authorization codes that share their
// commits, with an ID token and without: divide by parallelClients. The codes are issued
// beforehand, three a user.
func BenchmarkCodeParallelClients(b *testing.B) {
	for name, scopes := range map[string][]string{"with ID token": {"openid", "profile"}, "access token alone": {"items:read"}} {
		for _, alg := range []string{keys.RS256, keys.ES256} {
			b.Run(alg+" "+name, func(b *testing.B) {
				s := start(b, alg)
				app := s.AddCodeClient(b, "app")
				ops := make([]func(), parallelClients)
				for n := range ops {
					ops[n] = redeemLoop(b, s, app, n, scopes)
				}
				measure(b, runConcurrently(ops))
			})
		}
	}
}

// redeemLoop returns a function that redeems one of b.N+1 codes.
func redeemLoop(b *testing.B, s *protocoltest.Signet, app protocoltest.Client, loop int, scopes []string) func() {
	codes := make([]protocoltest.Code, b.N+1)
	var user protocoltest.User
	for n := range codes {
		if n%3 == 0 {
			user = s.AddUser(b, fmt.Sprintf("user%d-%d", loop, n), "user")
		}
		s.Store.StopRecording()
		codes[n] = s.Code(b, app, user, scopes)
	}
	next := -1
	return func() {
		next++
		send(b, s, app, protocoltest.Token, codes[next].Form())
	}
}

func BenchmarkPassword(b *testing.B) {
	s := start(b, keys.RS256)
	form := s.Alice.LoginForm("items:read")
	measure(b, func() { send(b, s, s.Web, protocoltest.Token, form) })
}

func BenchmarkIntrospection(b *testing.B) {
	s := start(b, keys.RS256)
	form := protocoltest.Form("token", s.Login(b, s.Web, s.Alice, "openid").Access)
	measure(b, func() { send(b, s, s.ResourceServer, protocoltest.Introspect, form) })
}

func BenchmarkJWKS(b *testing.B)      { benchmarkDocument(b, protocoltest.JWKS) }
func BenchmarkDiscovery(b *testing.B) { benchmarkDocument(b, protocoltest.Discovery) }

// benchmarkDocument leaves out the making of the request: documents are so
// cheap that it would be most of it.
func benchmarkDocument(b *testing.B, path string) {
	s := start(b, keys.RS256)
	r := httptest.NewRequest(http.MethodGet, path, nil)
	w := &responseRecorder{header: http.Header{}}
	measure(b, func() {
		clear(w.header)
		s.Handler.ServeHTTP(w, r)
	})
}

// BenchmarkJWKSOverHTTP is the same with all that net/http adds on both sides.
func BenchmarkJWKSOverHTTP(b *testing.B) {
	s := start(b, keys.RS256)
	measure(b, func() { s.Get(protocoltest.JWKS) })
}
