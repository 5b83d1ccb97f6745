package mongo_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

// secret is a password that must not be seen anywhere.
const secret = "s3cr%21t-p4ss"

// wantRedacted fails where an error shows the secret, raw or decoded, however
// it is printed.
func wantRedacted(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, s := range []string{secret, "s3cr!t-p4ss", "s3cr", "p4ss"} {
			if strings.Contains(e.Error(), s) {
				t.Errorf("the error shows the password: %v", e)
			}
		}
	}
}

func TestConnectionStringsThatCannotBeUsed(t *testing.T) {
	for uri, want := range map[string]string{
		"":                                  "must begin with mongodb://",
		"signet":                            "must begin with mongodb://",
		"postgres://u:" + secret + "@h/db":  "must begin with mongodb://",
		"MONGODB://h/db":                    "must begin with mongodb://",
		"mongodb://":                        "cannot be used",
		"mongodb:///signet":                 "cannot be used",
		"mongodb://127.0.0.1":               "names no database",
		"mongodb://127.0.0.1/":              "names no database",
		"mongodb://127.0.0.1/?replicaSet=r": "names no database",
		"mongodb://u:" + secret + "@127.0.0.1/?authSource=admin":                 "names no database",
		"mongodb://127.0.0.1/admin":                                              "the server's own database",
		"mongodb://127.0.0.1/local":                                              "the server's own database",
		"mongodb://127.0.0.1/a.b":                                                "the database name",
		"mongodb://127.0.0.1/a%20b":                                              "the database name",
		"mongodb://127.0.0.1/a$b":                                                "",
		"mongodb://127.0.0.1/" + strings.Repeat("d", 64):                         "the database name",
		"mongodb://127.0.0.1:99999/signet":                                       "port",
		"mongodb://127.0.0.1:x/signet":                                           "port",
		"mongodb://127.0.0.1/signet?maxPoolSize=many":                            "maxPoolSize",
		"mongodb://u:" + secret + "@127.0.0.1:99999/signet":                      "port",
		"mongodb://u:" + secret + "/@127.0.0.1/signet":                           "percent-encoded",
		"mongodb://u:" + secret + "?@127.0.0.1/":                                 "names no database",
		"mongodb://u:" + secret + "@x@127.0.0.1/signet":                          "percent-encoded",
		"mongodb://u:%zz" + secret + "@127.0.0.1/signet":                         "percent-encoded",
		"mongodb://u:" + secret + "@127.0.0.1/signet?authMechanism=" + "NO-SUCH": "",
		"mongodb://127.0.0.1/signet?tls=true&tlsCertificateKeyFile=/nowhere/c.pem&tlsCertificateKeyFilePassword=" + secret: "nowhere",
	} {
		_, err := mongo.Open(t.Context(), uri, newClock().Now)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a word of %q", uri, err, want)
		}
		if errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s: %v blames the server", uri, err)
		}
		wantRedacted(t, err)
	}
}

func TestMistakesInTheStringComeWithAnExample(t *testing.T) {
	for _, uri := range []string{"signet", "mongodb://127.0.0.1/", "mongodb://127.0.0.1:99999/signet"} {
		if _, err := mongo.Open(t.Context(), uri, newClock().Now); err == nil || !strings.Contains(err.Error(), mongo.Example) {
			t.Errorf("%s: %v shows no example", uri, err)
		}
	}
}

// silentListener takes connections and never answers.
func silentListener(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestUnreachableServer(t *testing.T) {
	for what, host := range map[string]string{"closed port": closedPort(t), "silent server": silentListener(t)} {
		_, err := mongo.Open(t.Context(), "mongodb://u:"+secret+"@"+host+"/signet", newClock().Now, mongo.WithTimeout(300*time.Millisecond))
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Fatalf("%s: got %v, want ErrUnavailable", what, err)
		}
		for _, want := range []string{host, "check that the server runs"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not say %q", what, err, want)
			}
		}
		wantRedacted(t, err)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mongo.Open(ctx, "mongodb://"+silentListener(t)+"/signet", newClock().Now, mongo.WithTimeout(testTimeout))
	if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want ErrUnavailable by Canceled", err)
	}
}

func TestRefusedCredentials(t *testing.T) {
	right := mongotest.Start(t, mongotest.Login("u", "right")).URI()
	open(t, right) // and a store with the right ones works
	uri := strings.Replace(right, "u:right@", "u:"+secret+"@", 1)
	_, err := mongo.Open(t.Context(), uri, newClock().Now, mongo.WithTimeout(2*time.Second))
	if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "check the user name") {
		t.Errorf("got %v, want ErrUnavailable with advice", err)
	}
	wantRedacted(t, err)
}

// What keeps a store from its server is said with what to do about it.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		kinds   []mongotest.Kind
		replace [2]string // in the connection string
		want    string
	}{
		"no login":         {[]mongotest.Kind{mongotest.Login("u", "p")}, [2]string{"u:p@", ""}, "asks for a login: put user:password@"},
		"a wrong password": {[]mongotest.Kind{mongotest.Login("u", "p")}, [2]string{"u:p@", "u:x@"}, "check the user name, the password and authSource"},
		"no right":         {[]mongotest.Kind{mongotest.Login("u", "p"), mongotest.ReadOnly()}, [2]string{}, "give the user the role readWrite on the database"},
		"an old server":    {[]mongotest.Kind{mongotest.WireVersion(6)}, [2]string{}, "too old: Signet needs MongoDB 4.4 or later"},
		"no primary":       {[]mongotest.Kind{mongotest.NoPrimary("rs0")}, [2]string{}, "has no primary: a majority of its members must run"},
	} {
		t.Run(name, func(t *testing.T) {
			uri := mongotest.Start(t, c.kinds...).URI()
			uri = strings.Replace(uri, c.replace[0], c.replace[1], 1)
			_, err := mongo.Open(t.Context(), uri, newClock().Now, mongo.WithTimeout(2*time.Second))
			if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ErrUnavailable and %q", err, c.want)
			}
		})
	}
}

// What the connection string asks for may not weaken what a store promises.
func TestWeakConnectionString(t *testing.T) {
	var w commandLog
	uri := mongotest.Start(t, mongotest.ReplicaSet("rs0")).URI() // where a driver may repeat writes
	mark := map[bool]string{true: "&", false: "?"}[strings.Contains(uri, "?")]
	weak := uri + mark + "w=1&journal=false&readConcernLevel=local&readPreference=secondaryPreferred&retryWrites=true&maxPoolSize=0&serverSelectionTimeoutMS=600000"
	s := open(t, weak, w.monitor())
	for _, c := range commandTable {
		_ = c.run(t.Context(), s)
	}
	if len(w.take()) < len(commandTable) {
		t.Error("the wire saw too little")
	}
	w.wantNoFindings(t)
}
