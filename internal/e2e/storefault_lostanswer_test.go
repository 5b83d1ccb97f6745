package e2e_test

import (
	"context"
	"net/http"
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/internal/mongotest"
)

// lostAnswer is an instance whose database carries things out and cannot always
// say so, and another one without that fault.
type lostAnswer struct {
	*cluster
	node, other *server
	proxy       *faultProxy
}

func newLostAnswer(t *testing.T) *lostAnswer {
	t.Helper()
	uri := mongotest.Start(t).URI()
	way := newFaultProxy(t, uri)
	f := newCluster(t, uri, []string{way.uri, uri}, "--signing-alg", "ES256")
	f.launch(t)
	f.seed(t)
	return &lostAnswer{cluster: f, node: f.nodes[0], other: f.nodes[1], proxy: way}
}

// TestStoreLosesAnAnswer: a write is carried out and its answer is lost. Whatever
// the client is told, its retry gives what is due to it, and no session and no
// successor too many comes of it.
func TestStoreLosesAnAnswer(t *testing.T) {
	long(t)
	t.Parallel()
	o := newLostAnswer(t)
	t.Run("refresh", o.refreshIsRepeated)
	t.Run("refresh, at another instance", o.refreshIsRepeatedElsewhere)
	t.Run("refresh, and the instance is killed", o.refreshIsRepeatedAfterACrash)
	t.Run("refresh, carried out late", o.refreshArrivesLate)
	t.Run("login", o.loginIsRepeated)
	t.Run("count of a failed login", o.countIsRepeated)
	t.Run("revocation of a session", o.revocationIsRepeated)
	t.Run("revocation of a client's token", o.tokenRevocationIsRepeated)
	t.Run("introspection", o.readingIsRepeated)
}

// ask posts, and demands that the answer to the command got lost meanwhile. The
// client may be told 503; where the driver repeats writes (a replica
// set) or Signet does, it may be told a success.
func (o *lostAnswer) ask(t *testing.T, command, path string, c credentials, form map[string][]string) answer {
	t.Helper()
	lost := o.proxy.loseNext(command)
	a := o.node.mustPost(t, path, c, form)
	select {
	case <-lost:
	default:
		t.Fatalf("no answer to %s got lost: %d %s", command, a.status, a.body)
	}
	if a.status != http.StatusOK && !a.undecided() {
		t.Fatalf("answer %d %s, want success or 503", a.status, a.body)
	}
	return a
}

// wantOneSuccessor demands that a token was exchanged once: its successor lives
// and can be exchanged, and who uses the token after that ends the session.
func (o *lostAnswer) wantOneSuccessor(t *testing.T, first, second tokens) {
	t.Helper()
	if g := o.stored(t, second.AccessToken).Generation; g != 1 {
		t.Errorf("the session is at generation %d, want 1", g)
	}
	o.node.wantDead(t, o.web, first.RefreshToken)
	o.node.wantActive(t, o.web, second.RefreshToken, second.AccessToken)
	third := o.other.refresh(t, o.web, second.RefreshToken)
	o.node.mustPost(t, "/oauth2/token", o.web, refreshForm(first.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
	o.other.wantDead(t, o.web, third.AccessToken, third.RefreshToken)
}

// stored reads the session of an access token from the database.
func (o *lostAnswer) stored(t *testing.T, token string) (session struct{ Generation int64 }) {
	t.Helper()
	db := database(t, o.store[1])
	defer func() { _ = db.Client().Disconnect(context.Background()) }()
	sid := o.other.introspect(t, o.resource, token)["sid"]
	if err := db.Collection("sessions").FindOne(t.Context(), bson.D{{Key: "_id", Value: sid}}).Decode(&session); err != nil {
		t.Fatal(err)
	}
	return session
}

// sessions counts those in the database.
func (o *lostAnswer) sessions(t *testing.T) int64 {
	t.Helper()
	db := database(t, o.store[1])
	defer func() { _ = db.Client().Disconnect(context.Background()) }()
	n, err := db.Collection("sessions").CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (o *lostAnswer) refreshIsRepeated(t *testing.T) {
	first := o.login(t)
	a := o.ask(t, "findAndModify", "/oauth2/token", o.web, refreshForm(first.RefreshToken))
	second := o.node.refresh(t, o.web, first.RefreshToken)
	if a.status == http.StatusOK && a.granted(t).RefreshToken != second.RefreshToken {
		t.Error("the retry gave another successor")
	}
	o.wantOneSuccessor(t, first, second)
}

func (o *lostAnswer) refreshIsRepeatedElsewhere(t *testing.T) {
	first := o.login(t)
	o.ask(t, "findAndModify", "/oauth2/token", o.web, refreshForm(first.RefreshToken))
	second := o.other.refresh(t, o.web, first.RefreshToken)
	if again := o.node.refresh(t, o.web, first.RefreshToken); again.RefreshToken != second.RefreshToken {
		t.Error("two instances gave two successors")
	}
	o.wantOneSuccessor(t, first, second)
}

func (o *lostAnswer) refreshIsRepeatedAfterACrash(t *testing.T) {
	first := o.login(t)
	lost := o.proxy.loseNext("findAndModify")
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = o.node.post("/oauth2/token", o.web, refreshForm(first.RefreshToken)) // to a process that is killed
	}()
	<-lost
	o.node.child.end(t, os.Kill)
	<-answered
	o.node.launch(t)
	o.node.waitReady(t)
	o.wantOneSuccessor(t, first, o.node.refresh(t, o.web, first.RefreshToken))
}

// refreshArrivesLate: the write waits in a black hole while the client is told
// 503, goes elsewhere and succeeds. When it comes out, it is void.
func (o *lostAnswer) refreshArrivesLate(t *testing.T) {
	first := o.login(t)
	o.node.wantActive(t, o.web, first.RefreshToken) // opens a connection, and reads the client
	if err := o.proxy.set(networkFault{kind: blackHole}); err != nil {
		t.Fatal(err)
	}
	a := o.node.mustPost(t, "/oauth2/token", o.web, refreshForm(first.RefreshToken))
	if !a.undecided() {
		t.Fatalf("answer %d %s, want 503", a.status, a.body)
	}
	second := o.other.refresh(t, o.web, first.RefreshToken)
	late := o.proxy.seeNext("findAndModify")
	if err := o.proxy.set(networkFault{}); err != nil {
		t.Fatal(err)
	}
	<-late
	eventually(t, "the instance to be ready again", o.node.ready)
	o.wantOneSuccessor(t, first, second)
}

func (o *lostAnswer) loginIsRepeated(t *testing.T) {
	before := o.sessions(t)
	a := o.ask(t, "insert", "/oauth2/token", o.web, passwordForm(alice, alicePassword))
	got := a.granted(t) // the insert brings its own id and is repeated by Signet
	if n := o.sessions(t) - before; n != 1 {
		t.Errorf("one login made %d sessions", n)
	}
	o.other.wantActive(t, o.web, got.AccessToken, got.RefreshToken)
	o.other.refresh(t, o.web, got.RefreshToken)
}

func (o *lostAnswer) countIsRepeated(t *testing.T) {
	o.ask(t, "update", "/oauth2/token", o.web, passwordForm(alice, "wrong password"))
	got := o.login(t)
	o.other.refresh(t, o.web, got.RefreshToken)
}

func (o *lostAnswer) revocationIsRepeated(t *testing.T) {
	got := o.login(t)
	o.ask(t, "update", "/oauth2/revoke", o.web, tokenForm(got.RefreshToken))
	o.node.revoke(t, o.web, got.RefreshToken)
	o.node.wantDead(t, o.web, got.AccessToken, got.RefreshToken)
	o.other.wantDead(t, o.web, got.AccessToken, got.RefreshToken)
}

func (o *lostAnswer) tokenRevocationIsRepeated(t *testing.T) {
	token := o.node.mustPost(t, "/oauth2/token", o.machine, machineForm()).granted(t).AccessToken
	o.node.wantActive(t, o.resource, token)
	a := o.ask(t, "insert", "/oauth2/revoke", o.machine, tokenForm(token))
	if a.status != http.StatusOK {
		o.node.revoke(t, o.machine, token)
	}
	o.node.wantDead(t, o.resource, token)
	o.other.wantDead(t, o.resource, token)
}

func (o *lostAnswer) readingIsRepeated(t *testing.T) {
	got := o.login(t)
	a := o.ask(t, "find", "/oauth2/introspect", o.resource, tokenForm(got.AccessToken))
	if !a.undecided() && !says(`"active":true`)(a) {
		t.Errorf("a reading without an answer made introspection say %s", a.body)
	}
	o.node.wantActive(t, o.resource, got.AccessToken)
}

func (o *lostAnswer) login(t *testing.T) tokens {
	t.Helper()
	return o.node.login(t, o.web, alice, alicePassword)
}
