package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// cluster is several instances of the binary on one database, behind a balancer
// whose address is their issuer's.
type cluster struct {
	balancer *balancer
	front    *server // the balancer, as clients see it; never started itself
	nodes    []*server
	store    []string // the flags that lead any command to the database

	web, machine, resource credentials
}

// slowTests tells whether the long variants are wanted.
func slowTests() bool { return os.Getenv("SIGNET_TEST_SLOW") == "1" }

// often picks how often something is repeated.
func often(normally, slowly int) int {
	if slowTests() {
		return slowly
	}
	return normally
}

// clusterKeyringRefresh is within how long an instance of a fleet sees what another
// process has done to keys, clients and roles.
const clusterKeyringRefresh = "500ms"

// cheapHash keeps the tests' time for what they are about.
var cheapHash = []string{"--argon2-memory", "64", "--argon2-time", "1"}

// newCluster prepares instances that are not started. Commands find the database
// at uri, each instance at its place in the list, which may lead there by a
// detour.
func newCluster(t *testing.T, uri string, storages []string, flags ...string) *cluster {
	t.Helper()
	key := filepath.Join(t.TempDir(), "master.key")
	f := &cluster{balancer: newBalancer(t), front: newServer(t), store: []string{"--storage", uri, "--master-key-file", key}}
	f.front.issuer = f.balancer.web.URL
	writeMasterKey(t, key)
	for _, storage := range storages {
		node := newServer(t, slices.Concat([]string{
			"--issuer", f.front.issuer, "--storage", storage, "--master-key-file", key, "--keyring-refresh", clusterKeyringRefresh,
		}, cheapHash, flags)...)
		node.wire, node.http = f.front.wire, f.front.http // no secret of any of them in the log of any
		f.nodes = append(f.nodes, node)
	}
	t.Cleanup(f.interrupt(t))
	return f
}

// startCluster starts three instances on the database and gives it clients and
// people.
func startCluster(t *testing.T, uri string, flags ...string) *cluster {
	t.Helper()
	f := newCluster(t, uri, []string{uri, uri, uri}, flags...)
	f.start(t)
	f.seed(t)
	return f
}

func writeMasterKey(t *testing.T, path string) {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// interrupt ends all instances at once, without drain delays, before they are
// judged.
func (f *cluster) interrupt(t *testing.T) func() {
	return func() {
		var alive []*server
		for _, node := range f.nodes {
			if node.child != nil && !node.child.ended() {
				node.child.signal(t, os.Interrupt)
				alive = append(alive, node)
			}
		}
		for _, node := range alive {
			if code := node.child.wait(t); code != 0 {
				t.Errorf("exit code %d after SIGINT, want 0", code)
			}
		}
	}
}

// launch starts the process and does not wait for it.
func (s *server) launch(t *testing.T) {
	t.Helper()
	cmd := s.command(t, append([]string{
		"serve", "--listen", s.address, "--admin-listen", "", "--metrics-listen", "", "--log-format", "json",
	}, s.flags...)...)
	cmd.Dir = s.dir
	s.child = launch(t, cmd, s.log, s.log)
}

// waitReady waits until a server that has begun is ready.
func (s *server) waitReady(t *testing.T) {
	t.Helper()
	eventually(t, "the instance to be ready", func() bool {
		if s.child.ended() {
			t.Fatalf("the instance ended with code %d:\n%s", s.child.cmd.ProcessState.ExitCode(), s.log)
		}
		return s.ready()
	})
}

// start starts all instances at once and waits until the balancer has them.
func (f *cluster) start(t *testing.T) {
	t.Helper()
	f.launch(t)
	f.balancer.watch(t, f.nodes)
	f.wantReady(t, len(f.nodes))
}

// launch starts all instances at once, without the balancer.
func (f *cluster) launch(t *testing.T) {
	t.Helper()
	for _, node := range f.nodes {
		node.launch(t)
	}
	for _, node := range f.nodes {
		node.waitReady(t)
	}
}

// wantReady waits until the balancer sends requests to n instances.
func (f *cluster) wantReady(t *testing.T, n int) {
	t.Helper()
	eventually(t, "the balancer to see who is ready", func() bool { return f.balancer.ready() == n })
}

// seed makes the clients, alice and bob.
func (f *cluster) seed(t *testing.T) {
	t.Helper()
	s := f.front
	login := slices.Concat([]string{"--grant", "password", "--grant", "refresh_token", "--scope", scope, "--audience", audience}, f.store)
	machine := slices.Concat([]string{"--grant", "client_credentials", "--scope", "items:read", "--audience", audience}, f.store)
	f.web = s.addClient(t, "web", login...)
	f.machine = s.addClient(t, "machine", machine...)
	f.resource = s.addClient(t, "items-api", append([]string{"--resource", audience}, f.store...)...)
	for name, password := range map[string]string{alice: alicePassword, bob: bobPassword} {
		s.addUser(t, name, password, slices.Concat(f.store, cheapHash)...)
	}
}

// run executes a command on the fleet's database.
func (f *cluster) run(t *testing.T, args ...string) string {
	t.Helper()
	return f.front.run(t, "", slices.Concat(args, f.store)...)
}

// truncate empties collections: the test server reads them from end to end, and
// what a test is about is not their size.
func (f *cluster) truncate(t *testing.T, collections ...string) {
	t.Helper()
	db := database(t, f.store[1])
	defer func() { _ = db.Client().Disconnect(context.Background()) }()
	for _, collection := range collections {
		if _, err := db.Collection(collection).DeleteMany(t.Context(), bson.D{}); err != nil {
			t.Fatal(err)
		}
	}
}

// database opens the database that the connection string names.
func database(t *testing.T, uri string) *mongo.Database {
	t.Helper()
	parsed, err := connstring.ParseAndValidate(uri)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(waitTimeout))
	if err != nil {
		t.Fatal(err)
	}
	return client.Database(parsed.Database)
}
