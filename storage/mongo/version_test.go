package mongo_test

import (
	"testing"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage/mongo"
)

func TestSchemaVersion(t *testing.T) {
	t.Parallel()
	s, err := mongo.Open(t.Context(), mongotest.URI(t), newClock().Now, mongo.WithTimeout(testTimeout))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if v, err := s.SchemaVersion(t.Context()); err != nil || v < 1 {
		t.Errorf("schema version %d, %v", v, err)
	}
}
