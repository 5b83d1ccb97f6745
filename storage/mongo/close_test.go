package mongo_test

import (
	"testing"

	"go.uber.org/goleak"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage/mongo"
)

func TestCloseLeavesNothingRunning(t *testing.T) {
	uri := mongotest.URI(t)
	before := goleak.IgnoreCurrent()
	s, err := mongo.Open(t.Context(), uri, newClock().Now, mongo.WithTimeout(testTimeout))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commandTable {
		_ = c.run(t.Context(), s)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

// A store that could not be opened leaves nothing either.
func TestFailedOpenLeavesNothingRunning(t *testing.T) {
	uri := mongotest.URI(t)
	put(t, raw(t, uri), "users", doc("_id", "x"))
	before := goleak.IgnoreCurrent()
	wantOpenError(t, uri)
	goleak.VerifyNone(t, before)
}
