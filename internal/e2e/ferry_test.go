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

// ferry is the way from clients to an instance. Each connection carries one
// request, and some do not bring the answer back.
type ferry struct {
	address  string
	to       string
	listener net.Listener
	odds     odds
	sinking  sync.WaitGroup

	delivered, swallowed, severed, muted, refused atomic.Int64
}

// odds are how often, of a thousand requests, one is
type odds struct {
	swallow int // lost on its way there
	sever   int // cut off while the instance is at work
	mute    int // carried out, but its answer is lost
}

func newFerry(t *testing.T, to string, o odds) *ferry {
	t.Helper()
	f := &ferry{address: freeAddress(t), to: to, odds: o}
	var err error
	if f.listener, err = net.Listen("tcp", f.address); err != nil {
		t.Fatal(err)
	}
	f.sinking.Go(f.serve)
	t.Cleanup(func() { _ = f.listener.Close(); f.sinking.Wait() })
	return f
}

func (f *ferry) serve() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.sinking.Go(func() {
			defer func() { _ = client.Close() }()
			f.carry(client)
		})
	}
}

func (f *ferry) carry(client net.Conn) {
	server, err := net.Dial("tcp", f.to)
	if err != nil {
		f.refused.Add(1)
		return
	}
	defer func() { _ = server.Close() }()
	var fate func(client, server net.Conn)
	var count *atomic.Int64
	switch n := rand.IntN(1000); {
	case n < f.odds.swallow:
		fate, count = func(client, _ net.Conn) { _, _ = client.Read(make([]byte, 1)) }, &f.swallowed
	case n < f.odds.swallow+f.odds.sever:
		fate, count = sever, &f.severed
	case n < f.odds.swallow+f.odds.sever+f.odds.mute:
		fate, count = mute, &f.muted
	default:
		fate, count = deliver, &f.delivered
	}
	count.Add(1)
	fate(client, server)
}

// deliver brings the request there, and the answer back.
func deliver(client, server net.Conn) {
	go func() { _, _ = io.Copy(server, client) }() // ends with the connections
	_, _ = io.Copy(client, server)
}

// sever cuts the connection a moment after the request has begun.
func sever(client, server net.Conn) {
	first := make([]byte, 16<<10)
	n, err := client.Read(first)
	if err != nil {
		return
	}
	_, _ = server.Write(first[:n])
	time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
}

// mute waits for the answer, and drops it.
func mute(client, server net.Conn) {
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = server.Read(make([]byte, 1))
}

// squad is a fleet whose instances are reached by ferries, and killed now and
// then.
type squad struct {
	*fleet
	ferries []*ferry
	clients *http.Client // one connection a request
	up      []atomic.Bool
	kills   int

	stranger credentials // a client that gets hold of others' tokens
}

func newSquad(t *testing.T, uri string, o odds, flags ...string) *squad {
	t.Helper()
	flags = append([]string{"--log-level", "error", "--trusted-proxies", "127.0.0.1/32", "--rotation-interval", "0"}, flags...)
	q := &squad{
		fleet:   newFleet(t, uri, []string{uri, uri, uri}, append(flags, killed...)...),
		clients: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience},
		up:      make([]atomic.Bool, 3),
	}
	q.begin(t)
	q.people(t)
	q.stranger = q.front.addClient(t, "stranger", append([]string{"--grant", "refresh_token", "--scope", scope, "--audience", audience}, q.store...)...)
	for n, node := range q.nodes {
		q.ferries = append(q.ferries, newFerry(t, node.address, o))
		q.up[n].Store(true)
	}
	return q
}

// kill ends an instance with kill -9, and starts it again.
func (q *squad) kill(t *testing.T, n int) {
	t.Helper()
	q.up[n].Store(false)
	if code := q.nodes[n].child.end(t, os.Kill); code != -1 {
		t.Errorf("exit code %d after kill -9", code)
	}
	q.kills++
	q.nodes[n].begin(t)
	q.nodes[n].await(t)
	q.up[n].Store(true)
}

// ways leads one client, at an address of its own, to all instances.
func (q *squad) ways(client int) []*server {
	all := make([]*server, len(q.ferries))
	for n, f := range q.ferries {
		all[n] = &server{issuer: "http://" + f.address, http: q.clients, from: fmt.Sprintf("10.%d.%d.%d", client>>16&255, client>>8&255, client&255)}
	}
	return all
}

// direct leads one client to all instances without a ferry.
func (q *squad) direct(client int) []*server {
	all := q.ways(client)
	for n, s := range all {
		s.issuer = q.nodes[n].issuer
	}
	return all
}

// any picks an instance that is up, as a balancer does.
func (q *squad) any() int {
	for {
		if n := rand.IntN(len(q.up)); q.up[n].Load() {
			return n
		}
		time.Sleep(time.Millisecond)
	}
}

// lost counts the requests that brought no answer, by what befell them.
func (q *squad) lost() string {
	var swallowed, severed, muted, refused int64
	for _, f := range q.ferries {
		swallowed, severed = swallowed+f.swallowed.Load(), severed+f.severed.Load()
		muted, refused = muted+f.muted.Load(), refused+f.refused.Load()
	}
	return fmt.Sprintf("connections: %d closed on the way there, %d cut during the work, %d without the answer, %d to a dead instance", swallowed, severed, muted, refused)
}
