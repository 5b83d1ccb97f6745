package e2e_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lossyProxy stands between clients and an instance. Each connection carries one
// request, and some of them lose the request or the answer.
type lossyProxy struct {
	address  string
	to       string
	listener net.Listener
	rates    lossRates
	running  sync.WaitGroup

	delivered, droppedRequests, cut, droppedResponses, refused atomic.Int64
}

// lossRates are how often, of a thousand requests, one is
type lossRates struct {
	dropRequest  int // lost on its way there
	cut          int // cut off while the instance is at work
	dropResponse int // carried out, but its answer is lost
}

func newLossyProxy(t *testing.T, to string, o lossRates) *lossyProxy {
	t.Helper()
	f := &lossyProxy{address: freeAddress(t), to: to, rates: o}
	var err error
	if f.listener, err = net.Listen("tcp", f.address); err != nil {
		t.Fatal(err)
	}
	f.running.Go(f.serve)
	t.Cleanup(func() { _ = f.listener.Close(); f.running.Wait() })
	return f
}

func (f *lossyProxy) serve() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.running.Go(func() {
			defer func() { _ = client.Close() }()
			f.proxy(client)
		})
	}
}

func (f *lossyProxy) proxy(client net.Conn) {
	server, err := net.Dial("tcp", f.to)
	if err != nil {
		f.refused.Add(1)
		return
	}
	defer func() { _ = server.Close() }()
	var handle func(client, server net.Conn)
	var count *atomic.Int64
	switch n := rand.IntN(1000); {
	case n < f.rates.dropRequest:
		handle, count = func(client, _ net.Conn) { _, _ = client.Read(make([]byte, 1)) }, &f.droppedRequests
	case n < f.rates.dropRequest+f.rates.cut:
		handle, count = cutConnection, &f.cut
	case n < f.rates.dropRequest+f.rates.cut+f.rates.dropResponse:
		handle, count = dropResponse, &f.droppedResponses
	default:
		handle, count = forward, &f.delivered
	}
	count.Add(1)
	handle(client, server)
}

// forward brings the request there, and the answer back.
func forward(client, server net.Conn) {
	go func() { _, _ = io.Copy(server, client) }() // ends with the connections
	_, _ = io.Copy(client, server)
}

// cutConnection cuts the connection a moment after the request has begun.
func cutConnection(client, server net.Conn) {
	first := make([]byte, 16<<10)
	n, err := client.Read(first)
	if err != nil {
		return
	}
	_, _ = server.Write(first[:n])
	time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
}

// dropResponse waits for the answer, and drops it.
func dropResponse(client, server net.Conn) {
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = server.Read(make([]byte, 1))
}

// lossyCluster is a cluster whose instances are reached through lossy proxies, and
// killed now and then.
type lossyCluster struct {
	*cluster
	proxies []*lossyProxy
	clients *http.Client // one connection a request
	up      []atomic.Bool
	kills   int

	stranger credentials // a client that gets hold of others' tokens
}

func newLossyCluster(t *testing.T, uri string, o lossRates, flags ...string) *lossyCluster {
	t.Helper()
	flags = append([]string{"--log-level", "error", "--trusted-proxies", "127.0.0.1/32", "--rotation-interval", "0"}, flags...)
	q := &lossyCluster{
		cluster: newCluster(t, uri, []string{uri, uri, uri}, append(flags, crashFlags...)...),
		clients: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: waitTimeout},
		up:      make([]atomic.Bool, 3),
	}
	q.launch(t)
	q.seed(t)
	q.stranger = q.front.addClient(t, "stranger", append([]string{"--grant", "refresh_token", "--scope", scope, "--audience", audience}, q.store...)...)
	for n, node := range q.nodes {
		q.proxies = append(q.proxies, newLossyProxy(t, node.address, o))
		q.up[n].Store(true)
	}
	return q
}

// kill ends an instance with kill -9, and starts it again.
func (q *lossyCluster) kill(t *testing.T, n int) {
	t.Helper()
	q.up[n].Store(false)
	if code := q.nodes[n].child.end(t, os.Kill); code != -1 {
		t.Errorf("exit code %d after kill -9", code)
	}
	q.kills++
	q.nodes[n].launch(t)
	q.nodes[n].waitReady(t)
	q.up[n].Store(true)
}

// viaProxies leads one client, at an address of its own, to all instances.
func (q *lossyCluster) viaProxies(client int) []*server {
	all := make([]*server, len(q.proxies))
	for n, f := range q.proxies {
		all[n] = &server{issuer: "http://" + f.address, http: q.clients, from: fmt.Sprintf("10.%d.%d.%d", client>>16&255, client>>8&255, client&255)}
	}
	return all
}

// direct leads one client to all instances without a proxy.
func (q *lossyCluster) direct(client int) []*server {
	all := q.viaProxies(client)
	for n, s := range all {
		s.issuer = q.nodes[n].issuer
	}
	return all
}

// pick picks an instance that is up, as a balancer does.
func (q *lossyCluster) pick() int {
	for {
		if n := rand.IntN(len(q.up)); q.up[n].Load() {
			return n
		}
		time.Sleep(time.Millisecond)
	}
}

// lost counts the requests that brought no answer, by what befell them.
func (q *lossyCluster) lost() string {
	var droppedRequests, cut, droppedResponses, refused int64
	for _, f := range q.proxies {
		droppedRequests, cut = droppedRequests+f.droppedRequests.Load(), cut+f.cut.Load()
		droppedResponses, refused = droppedResponses+f.droppedResponses.Load(), refused+f.refused.Load()
	}
	return fmt.Sprintf("connections: %d closed on the way there, %d cut during the work, %d without the answer, %d to a dead instance", droppedRequests, cut, droppedResponses, refused)
}
