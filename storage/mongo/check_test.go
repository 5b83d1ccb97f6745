package mongo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

func verdicts(findings []storage.Finding) map[string]storage.Verdict {
	found := map[string]storage.Verdict{}
	for _, f := range findings {
		found[f.Name] = f.Verdict
	}
	return found
}

// The test server is reliable, but no replica set of three; nothing is left behind.
func TestCheck(t *testing.T) {
	uri := mongotest.URI(t)
	findings, err := mongo.Check(t.Context(), uri, mongo.WithTimeout(testTimeout))
	if err != nil {
		t.Fatal(err)
	}
	got := verdicts(findings)
	for _, name := range []string{"connection", "rights", "majority", "unique _id", "compare-and-swap", "counting", "indexes"} {
		if got[name] != storage.Passed {
			t.Errorf("%s: %q; %+v", name, got[name], findings)
		}
	}
	if got["server"] == storage.Failed || got["latency"] == storage.Failed {
		t.Errorf("findings %+v", findings)
	}
	left, err := raw(t, uri).ListCollectionNames(t.Context(), bson.D{})
	if err != nil || len(left) != 0 {
		t.Errorf("left collections %v, %v", left, err)
	}
}

// An engine that answers an update with a read, a change and a write, which nothing
// holds together, is found out.
func TestCheck_FindsLostUpdates(t *testing.T) {
	findings, err := mongo.Check(t.Context(), mongotest.Start(t, mongotest.LosesUpdates()).URI(), mongo.WithTimeout(testTimeout))
	if err != nil {
		t.Fatal(err)
	}
	last := findings[len(findings)-1]
	if last.Verdict != storage.Failed || last.Name != "compare-and-swap" || !strings.Contains(last.Detail, "do not use this server") {
		t.Errorf("%+v, want compare-and-swap to fail", last)
	}
}

// A server that cannot be used is told with what to do, and without the password.
func TestCheck_Failures(t *testing.T) {
	for name, c := range map[string]struct {
		kinds       []mongotest.Kind
		old, new    string
		failed, say string
	}{
		"no login":         {[]mongotest.Kind{mongotest.Login("u", "s3cr3t")}, "u:s3cr3t@", "", "rights", "asks for a login"},
		"a wrong password": {[]mongotest.Kind{mongotest.Login("u", "p")}, "u:p@", "u:s3cr3t@", "connection", "check the user name"},
		"no right":         {[]mongotest.Kind{mongotest.Login("u", "s3cr3t"), mongotest.ReadOnly()}, "", "", "rights", "role readWrite"},
		"an old server":    {[]mongotest.Kind{mongotest.WireVersion(6)}, "", "", "connection", "MongoDB 4.4 or later"},
		"no primary":       {[]mongotest.Kind{mongotest.NoPrimary("rs0")}, "", "", "connection", "no primary"},
	} {
		t.Run(name, func(t *testing.T) {
			uri := strings.Replace(mongotest.Start(t, c.kinds...).URI(), c.old, c.new, 1)
			findings, err := mongo.Check(t.Context(), uri, mongo.WithTimeout(2*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			last := findings[len(findings)-1]
			if last.Verdict != storage.Failed || last.Name != c.failed || !strings.Contains(last.Detail, c.say) {
				t.Errorf("%+v, want %s to fail with %q", last, c.failed, c.say)
			}
			if slices.ContainsFunc(findings, func(f storage.Finding) bool { return strings.Contains(f.Detail, "s3cr3t") }) {
				t.Errorf("the password is shown: %+v", findings)
			}
		})
	}
	if _, err := mongo.Check(t.Context(), "mongodb://127.0.0.1"); err == nil || !strings.Contains(err.Error(), "names no database") {
		t.Errorf("no database: %v", err)
	}
}
