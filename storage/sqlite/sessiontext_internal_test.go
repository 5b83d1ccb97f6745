package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
)

// earlierSessions are sessions of all kinds, as every schema from 13 on keeps them.
func earlierSessions() (all []storage.Session) {
	for n := range 40 {
		v := realisticSession(n)
		v.Generation, v.RotatedAt = int64(n), v.RotatedAt.Add(time.Duration(n)*time.Minute)
		switch n % 4 {
		case 1:
			v.Device, v.Scopes, v.Audience = "two\nlines", []string{`quoted "x"`, "line\nfeed", "ü"}, nil
		case 2:
			v.RevokedAt, v.Reason, v.StatusPending = start.Add(time.Hour), "logout", true
			v.Device, v.Network = "", ""
		case 3:
			v.BrowserID, v.LoginBound, v.AMR, v.Claims = fmt.Sprintf("%043d", n), true, []string{"pwd", "otp"}, []string{"email"}
			v.RightsVersion, v.DeniedScopes, v.DeniedAudiences, v.RetiredIndex = 2, []string{"items:write"}, []string{"https://a"}, 7
		}
		all = append(all, v)
	}
	return all
}

// insertEarlier inserts a session as programs before schema 17 did.
func insertEarlier(t *testing.T, db *sql.DB, v *storage.Session) {
	t.Helper()
	_, err := db.Exec("INSERT INTO sessions (id, user_id, client_id, scopes, audience, generation, rotated_at, created_at, expires_at, auth_time,"+
		" user_epoch, client_epoch, status_index, revoked_at, reason, replays, device, network, grade, roles, withheld, status_due, retired_index,"+
		" denied_audiences, status_retired, browser_id, sign_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		v.ID, v.UserID, v.ClientID, encodeList(v.Scopes), encodeList(v.Audience), v.Generation, millis(v.RotatedAt), millis(v.CreatedAt), millis(v.ExpiresAt),
		bindAuthTime(v), v.UserEpoch, v.ClientEpoch, v.StatusIndex, nullableMillis(v.RevokedAt), v.Reason, v.Replays, v.Device, v.Network, v.RightsVersion,
		encodeWords(v.Roles), encodeWords(v.DeniedScopes), v.StatusPending, v.RetiredIndex, encodeWords(v.DeniedAudiences), v.StatusRetired, v.BrowserID, bindSignIn(v))
	if err != nil {
		t.Fatal(err)
	}
}

// Sessions of a database that an earlier program made are what they were, and found as they were.
func TestMigration_KeepsSessions(t *testing.T) {
	const first = 13 // the first schema that keeps all of a session
	for schema := first; schema < 17; schema++ {
		path, newest := filepath.Join(testdir.New(t), "signet.db"), migrations
		replaceMigrations(t, newest[:schema]...)
		if err := openClose(t, path); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		want := earlierSessions()
		for n := range want {
			insertEarlier(t, db, &want[n])
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		replaceMigrations(t, newest...)
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		for filter, count := range map[storage.SessionFilter]int{{}: 40, {ClientID: want[0].ClientID}: 40, {UserID: want[3].UserID}: 1, {BrowserID: want[3].BrowserID}: 1} {
			page, err := s.ListSessions(t.Context(), filter, storage.Page{Limit: 100})
			if err != nil || len(page.Sessions) != count {
				t.Errorf("schema %d: %d sessions of %+v, %v, want %d", schema, len(page.Sessions), filter, err, count)
			}
		}
		for _, v := range want {
			got, err := s.Session(t.Context(), v.ID)
			if diff := cmp.Diff(v, got); err != nil || diff != "" {
				t.Errorf("schema %d: session %s, %v (-want +got):\n%s", schema, v.ID, err, diff)
			}
		}
		if n, err := pragma[int](t.Context(), s.writer.conn, "SELECT count(*) FROM session_texts"); err != nil || n != 3 {
			t.Errorf("schema %d: %d texts, %v, want 3", schema, n, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// wantTexts demands the texts of these devices, and that none is older than a session that refers to it.
func wantTexts(t *testing.T, s *Store, when string, want ...string) {
	t.Helper()
	got, err := connAll(s.writer.conn, "SELECT text FROM session_texts ORDER BY key", scanString, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range got {
		got[n] = got[n][strings.LastIndex(got[n], "\n")+1:]
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s there are the texts of %q, want %q", when, got, want)
	}
	tooOld, err := pragma[int](t.Context(), s.writer.conn, "SELECT count(*) FROM sessions LEFT JOIN session_texts ON key = made WHERE until IS NULL OR until < sessions.rowid")
	if err != nil || tooOld != 0 {
		t.Errorf("%s %d sessions refer to a text that is too old, %v", when, tooOld, err)
	}
}

// Sessions share a text. It goes once no session can refer to it, and never before.
func TestSessionTexts_GoAfterTheirSessions(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	create := func(n int, device string, hours int) {
		t.Helper()
		v := realisticSession(n)
		v.Device, v.ExpiresAt = device, start.Add(time.Duration(hours)*time.Hour)
		if err := s.CreateSession(ctx, v); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func() {
		t.Helper()
		if _, err := s.SweepSessions(ctx, start.Add(2*time.Hour), 1000); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 10 {
		create(n, "old", 1)
	}
	create(10, "new", 100)
	wantTexts(t, s, "at first", "old", "new")
	sweep()
	wantTexts(t, s, "while new sessions may refer to it without a write", "old", "new")
	create(11, "old", 1)
	sweep()
	// As if many more had come and gone, of which the new device had the last.
	settle(t, s, "UPDATE sessions SET rowid = 200000; UPDATE session_texts SET until = 200005 WHERE text LIKE '%new'")
	wantTexts(t, s, "before the sweep", "old", "new")
	sweep()
	wantTexts(t, s, "after the sweep", "new")
	for n := 12; n < 24; n++ { // beyond the bound of the text
		create(n, "new", 100)
	}
	create(30, "old", 100)
	wantTexts(t, s, "at last", "new", "old")
	if got, err := s.Session(ctx, realisticSession(10).ID); err != nil || got.Device != "new" {
		t.Errorf("the session has the device %q, %v", got.Device, err)
	}
}

// A session whose text is gone is unavailable, not another one.
func TestSessionTexts_MissingIsUnavailable(t *testing.T) {
	s := openTest(t)
	if err := s.CreateSession(t.Context(), realisticSession(1)); err != nil {
		t.Fatal(err)
	}
	settle(t, s, "DELETE FROM session_texts")
	if _, err := s.Session(t.Context(), realisticSession(1).ID); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Session: got %v, want ErrUnavailable", err)
	}
}
