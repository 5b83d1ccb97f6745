package protocoltest

import (
	"bytes"
	"context"
	"testing"

	"example.org/signet/storage/backup"
)

var restoreCases = []testCase{
	{name: "after a restore, new sessions share no status index with old ones", run: testRestoredStatusIndexes},
}

// testRestoredStatusIndexes: restored sessions and sessions that began after the backup have
// ended, and no new session gets the status index of one of them.
func testRestoredStatusIndexes(t *testing.T, s *Signet) {
	ctx, key := context.Background(), bytes.Repeat([]byte{7}, 32)
	restored := []Tokens{s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Editor, "openid")}
	file := backUp(t, s, key)
	forgotten := []Tokens{s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Other, s.Alice, "openid")}

	checked, err := backup.Check(bytes.NewReader(file), key)
	must(t, err)
	_, err = backup.Restore(ctx, bytes.NewReader(file), key, checked.Header, s.backend, true, s.Clock.Now())
	must(t, err)
	must(t, s.Audit.Rebuild(ctx)) // as the command does after a restore
	after := s.StartInstance(t)
	places := map[statusIndex]bool{}
	for _, tokens := range append(restored, forgotten...) {
		places[statusIndexOf(t, tokens.Access)] = true
		expectRejectedAndInactive(t, after, "a session of before", s.Web, tokens)
	}
	var living []Tokens
	for range 3 {
		tokens := after.Login(t, s.Web, s.Alice, "openid")
		if place := statusIndexOf(t, tokens.Access); places[place] {
			t.Errorf("a new session has %v, which an old one has too", place)
		}
		living = append(living, tokens)
	}
	after.expectStatusBits(t, append(restored, forgotten...), living)
}

func backUp(t *testing.T, s *Signet, key []byte) []byte {
	t.Helper()
	snapshot, err := s.backend.Snapshot(context.Background())
	must(t, err)
	var file bytes.Buffer
	_, err = backup.Write(context.Background(), &file, snapshot, key, s.Clock.Now())
	must(t, err)
	must(t, snapshot.Close())
	return file.Bytes()
}
