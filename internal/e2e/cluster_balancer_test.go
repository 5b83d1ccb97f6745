package e2e_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// balancer stands before several instances. It gives each request to the next
// instance that said it is ready, and never repeats one: whatever goes wrong
// behind it, the client sees.
type balancer struct {
	web       *httptest.Server
	instances []*instance
	next      atomic.Uint64
}

// instance is a server as the balancer knows it.
type instance struct {
	node    *server
	forward *httputil.ReverseProxy
	in      atomic.Bool // takes requests
	served  atomic.Int64
}

// lookEvery is how often the balancer asks an instance whether it is ready.
const lookEvery = 20 * time.Millisecond

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{}
	b.web = httptest.NewServer(b)
	t.Cleanup(b.web.Close)
	return b
}

// watch takes the nodes in, each as soon as it says that it is ready, and lets
// go of them at the end of the test.
func (b *balancer) watch(t *testing.T, nodes []*server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	for _, node := range nodes {
		i := &instance{node: node}
		to := &url.URL{Scheme: "http", Host: node.address}
		lines := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}
		i.forward = &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
			Transport: lines, ErrorLog: log.New(io.Discard, "", 0), ErrorHandler: i.broken,
		}
		b.instances = append(b.instances, i)
		watching.Go(func() { i.look(ctx, lines) })
	}
	t.Cleanup(func() { cancel(); watching.Wait() })
}

// look asks for readiness until ctx ends.
func (i *instance) look(ctx context.Context, lines *http.Transport) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		res, err := client.Get(i.node.issuer + "/readyz")
		i.in.Store(err == nil && res.StatusCode == http.StatusOK)
		if err == nil {
			_ = res.Body.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	lines.CloseIdleConnections()
}

// broken answers for an instance that gave no answer.
func (i *instance) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		i.in.Store(false)
	}
	http.Error(w, "balancer: "+err.Error(), http.StatusBadGateway)
}

// ServeHTTP makes balancer an http.Handler.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for range b.instances {
		i := b.instances[b.next.Add(1)%uint64(len(b.instances))]
		if i.in.Load() {
			i.served.Add(1)
			i.forward.ServeHTTP(w, r)
			return
		}
	}
	http.Error(w, "balancer: no instance is ready", http.StatusBadGateway)
}

// ready counts the instances that take requests.
func (b *balancer) ready() (n int) {
	for _, i := range b.instances {
		if i.in.Load() {
			n++
		}
	}
	return n
}

// wantShared demands that every instance has served a tenth of the requests at
// least, and says how many each has.
func (b *balancer) wantShared(t *testing.T) {
	t.Helper()
	var sum int64
	served := make([]int64, len(b.instances))
	for n, i := range b.instances {
		served[n] = i.served.Load()
		sum += served[n]
	}
	for n, s := range served {
		if s*10 < sum || s == 0 {
			t.Errorf("instance %d served %d of %d requests, want a tenth at least", n, s, sum)
		}
	}
	t.Logf("requests through the balancer: %d, by instance %v", sum, served)
}
