package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

var start = time.Date(2026, time.March, 1, 12, 0, 0, 123_000_000, time.UTC)

// realisticSession is a session as the issuer makes them.
func realisticSession(n int) storage.Session {
	return storage.Session{
		ID:          fmt.Sprintf("%027d", n),
		UserID:      fmt.Sprintf("0195ab2c-7d3e-7f00-8000-%012d", n),
		ClientID:    "items-web-client",
		Scopes:      []string{"openid", "profile", "items:read", "items:write"},
		Audience:    []string{"https://api.example.com"},
		RotatedAt:   start,
		CreatedAt:   start,
		ExpiresAt:   start.AddDate(0, 3, 0),
		AuthTime:    start,
		UserEpoch:   3,
		ClientEpoch: 2,
		StatusIndex: int64(10_000_000 + n),
		Roles:       []string{"user"},
		Device:      "Firefox 140 on Windows",
		Network:     "2001:db8:1234::/48",
	}
}

// rotateTo refreshes the session up to a generation, in one transaction.
func rotateTo(t *testing.T, s *Store, session storage.Session, generation int64) {
	t.Helper()
	_, err := write(t.Context(), s, "rotate", func(t *tx) (storage.Session, error) {
		for session.Generation < generation {
			r := storage.Rotation{SessionID: session.ID, ClientID: session.ClientID, From: session.Generation,
				At: start.Add(time.Duration(session.Generation) * time.Second)}
			rotated, err := rotate(t, r)
			if err != nil {
				return session, err
			}
			session = rotated.Session
		}
		return session, nil
	})
	if err != nil {
		t.Fatalf("RotateSession: %v", err)
	}
}

// size is how many bytes of content the sessions and their indexes have, and how
// many pages.
func size(t *testing.T, s *Store) (content, pages int64) {
	t.Helper()
	type sizes struct{ content, pages int64 }
	v, _, err := connOne(s.writer.conn, "SELECT sum(payload), sum(pageno IS NOT NULL) FROM dbstat WHERE name LIKE '%sessions%'",
		func(row scanner) (v sizes, err error) { return v, row.Scan(&v.content, &v.pages) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v.content, v.pages
}

// A session takes the same place however often it is refreshed. All that shows is
// the number of its generation: SQLite keeps 1 in no byte and 10,000 in two.
func TestSessionSizeIsConstant(t *testing.T) {
	const sessions = 20
	s := openTest(t)
	for n := range sessions {
		if err := s.CreateSession(t.Context(), realisticSession(n)); err != nil {
			t.Fatal(err)
		}
	}
	rotateTo(t, s, realisticSession(0), 1)
	once, pagesOnce := size(t, s)
	for n, turn := range []int64{100, 10_000} {
		rotateTo(t, s, withGeneration(realisticSession(0), []int64{1, 100}[n]), turn)
		often, pagesOften := size(t, s)
		if often-once > 2 || pagesOften != pagesOnce {
			t.Errorf("after 1 refresh %d bytes in %d pages, after %d %d in %d", once, pagesOnce, turn, often, pagesOften)
		}
		if each := often / sessions; each > 270 {
			t.Errorf("a session has %d bytes with its indexes, want at most 270", each)
		}
		t.Logf("%d sessions have %d bytes with their indexes after 1 refresh of one of them, %d after %d", sessions, once, often, turn)
	}
}

func withGeneration(session storage.Session, generation int64) storage.Session {
	session.Generation = generation
	return session
}

// A thousand sessions in a file, as it lies on the disk.
func TestFileSize(t *testing.T) {
	wantFileSize(t, 300, realisticSession)
}

// A session that began in a browser holds the id of the browser session and what tells a
// replay of its code.
func TestFileSize_BrowserSession(t *testing.T) {
	wantFileSize(t, 440, func(n int) storage.Session {
		v := realisticSession(n)
		v.BrowserID, v.LoginBound, v.AMR = fmt.Sprintf("%043d", n/3), true, []string{"pwd"}
		v.CodeCheck, v.CodePKCE = "9QkYpXz1mPq0w3bVtU7aZA", true
		return v
	})
}

// wantFileSize bounds the bytes that a session takes with its indexes.
func wantFileSize(t *testing.T, most int64, session func(int) storage.Session) {
	t.Helper()
	const sessions = 1000
	s := openTest(t)
	empty, err := pragma[int64](t.Context(), s.writer.conn, "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	createMany(t, s, sessions, session)
	full, err := pragma[int64](t.Context(), s.writer.conn, "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	each := (full - empty) * 4096 / sessions
	if each > most {
		t.Errorf("a session takes %d bytes of the file, want at most %d", each, most)
	}
	t.Logf("a session takes %d bytes of the file", each)
}

// createMany inserts in one transaction, in an order that is not that of the ids.
func createMany(t *testing.T, s *Store, n int, session func(int) storage.Session) {
	t.Helper()
	if _, err := write(t.Context(), s, "create sessions", func(t *tx) (bool, error) {
		for i := range n {
			s := session((i * 7919) % n)
			if err := insertRecord(t, sessionTable, &s, duplicate("id")); err != nil {
				return false, err
			}
		}
		return true, nil
	}); err != nil {
		t.Fatalf("CreateSession: %v", err)
	}
}

// What takes several transactions does all the same.
func TestManySessions(t *testing.T) {
	const sessions = 2*chunkSize + 50
	s := openTest(t)
	createMany(t, s, sessions, func(n int) storage.Session {
		session := realisticSession(n)
		session.UserID = fmt.Sprint(n % 2)
		session.ExpiresAt = start.Add(time.Duration(n) * time.Second)
		return session
	})
	revoke := func(f storage.SessionFilter, want int64) {
		t.Helper()
		if n, err := s.RevokeAll(t.Context(), f, start, "test"); err != nil || n != want {
			t.Errorf("RevokeAll %+v: %d, %v, want %d", f, n, err, want)
		}
	}
	revoke(storage.SessionFilter{UserID: "0"}, sessions/2)
	revoke(storage.SessionFilter{ClientID: realisticSession(0).ClientID}, sessions/2)
	revoke(storage.SessionFilter{}, 0)

	for _, c := range []struct {
		limit int
		want  int64
	}{{1, 1}, {chunkSize, chunkSize}, {chunkSize + 7, chunkSize + 7}, {1 << 30, sessions - 10 - 2*chunkSize - 8}} {
		before := start.Add((sessions - 10) * time.Second)
		if n, err := s.SweepSessions(t.Context(), before, c.limit); err != nil || n != c.want {
			t.Errorf("SweepSessions up to %d: %d, %v, want %d", c.limit, n, err, c.want)
		}
	}
}

// A page holds no more than MaxPage, whatever is asked.
func TestMaxPage(t *testing.T) {
	const sessions = storage.MaxPage + 10
	s := openTest(t)
	createMany(t, s, sessions, realisticSession)
	page, err := s.ListSessions(t.Context(), storage.SessionFilter{}, storage.Page{Limit: 10 * storage.MaxPage})
	if err != nil || len(page.Sessions) != storage.MaxPage || page.Next != realisticSession(storage.MaxPage-1).ID {
		t.Errorf("ListSessions: %d sessions, next %q, %v", len(page.Sessions), page.Next, err)
	}
	page, err = s.ListSessions(t.Context(), storage.SessionFilter{}, storage.Page{Limit: storage.MaxPage, After: page.Next})
	if err != nil || len(page.Sessions) != 10 || page.Next != "" {
		t.Errorf("the rest: %d sessions, next %q, %v", len(page.Sessions), page.Next, err)
	}
}

// The plans of the queries that requests wait for and of those that look at one
// owner: each goes by an index, and none sorts more than one user's sessions.
func TestPlans(t *testing.T) {
	s := openTest(t)
	byClient := sessionQuery(storage.SessionFilter{ClientID: "c", AliveAt: start}, storage.Page{})
	byUser := sessionQuery(storage.SessionFilter{UserID: "u"}, storage.Page{})
	byBrowser := sessionQuery(storage.SessionFilter{BrowserID: "b", LoginBound: true}, storage.Page{})
	ofUser := sessionQuery(storage.SessionFilter{UserID: "u", BrowserID: "b", AliveAt: start}, storage.Page{})
	all := sessionQuery(storage.SessionFilter{}, storage.Page{})
	excess := excessQuery(storage.SessionOwner{UserID: "u", ClientID: "c"}, start, start, 1, 1)
	for name, c := range map[string]struct {
		q    selection
		want string
	}{
		"oldest of a user": {excess, "SCALAR SUBQUERY 1; SEARCH sessions USING COVERING INDEX sessions_by_user (<expr>=? AND revoked_at=? AND <expr>=?); " +
			"SEARCH sessions USING INDEX sessions_by_user (<expr>=? AND revoked_at=? AND <expr>=?); USE TEMP B-TREE FOR LAST TERM OF ORDER BY"},
		"texts without sessions": {selection{sweepTexts, []any{0, 1}},
			"SEARCH session_texts USING INTEGER PRIMARY KEY (rowid=?); LIST SUBQUERY 2; SEARCH session_texts USING COVERING INDEX session_texts_by_until (until<?); SCALAR SUBQUERY 1; SEARCH sessions"},
		"by client":                  {byClient, "SEARCH sessions USING INDEX sessions_by_client (client_id=? AND <expr>>?); USE TEMP B-TREE FOR LAST TERM OF ORDER BY"},
		"by user":                    {byUser, "SEARCH sessions USING INDEX sessions_by_user (<expr>=?); USE TEMP B-TREE FOR ORDER BY"},
		"by browser":                 {byBrowser, "SEARCH sessions USING INDEX sessions_by_browser (<expr>=?); USE TEMP B-TREE FOR ORDER BY"},
		"of a user by browser":       {ofUser, "SEARCH sessions USING INDEX sessions_by_browser (<expr>=?); USE TEMP B-TREE FOR ORDER BY"},
		"browser sessions of a user": {browserSessionQuery(storage.BrowserSessionFilter{UserID: "u", AliveAt: start}, storage.Page{}), "SEARCH browser_sessions USING INDEX browser_sessions_by_user (user_id=? AND id>?)"},
		"browser sessions of a root": {browserSessionQuery(storage.BrowserSessionFilter{RootID: "r"}, storage.Page{}), "SEARCH browser_sessions USING INDEX browser_sessions_by_root (root_id=? AND id>?)"},
		"ended browser sessions":     {selection{endedBrowserSessions, []any{1, 1}}, "SEARCH browser_sessions USING INDEX browser_sessions_by_end (<expr><?)"},
		"browser session in epoch":   {selection{browserSessionInEpoch, []any{"b"}}, "SEARCH b USING PRIMARY KEY (id=?); SEARCH u USING PRIMARY KEY (id=?); SCAN epoch"},
		"session in epoch":           {selection{sessionInEpochByID, []any{"s"}}, "SEARCH s USING INDEX sqlite_autoindex_sessions_1 (id=?); SEARCH u USING PRIMARY KEY (id=?); SCAN epoch"},
		"consents":                   {consentQuery(storage.ConsentFilter{}, storage.Page{}), "SEARCH consents USING PRIMARY KEY (user_id>?)"},
		"consents of a user":         {consentQuery(storage.ConsentFilter{UserID: "u"}, storage.Page{}), "SEARCH consents USING PRIMARY KEY (user_id=?)"},
		"consents of a client":       {consentQuery(storage.ConsentFilter{ClientID: "c"}, storage.Page{}), "SEARCH consents USING INDEX consents_by_client (client_id=? AND user_id>?)"},
		"factors":                    {factorsQuery(storage.Page{}), "SEARCH user_factors USING PRIMARY KEY (user_id>?)"},
		"factors by handle":          {selection{factorsByHandle, []any{"h"}}, "SEARCH user_factors USING INDEX user_factors_by_handle (handle=?)"},
		"available messages":         {selection{anyAvailable, []any{1}}, "SCAN CONSTANT ROW; SCALAR SUBQUERY 1; SEARCH messages USING INDEX messages_by_due (due_at<?)"},
		"expired messages":           {selection{expiredMessages, []any{1, 1}}, "SEARCH messages USING COVERING INDEX messages_by_end (expires_at<?)"},
		"all":                        {all, "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id>?)"},
		"audit by client":            {auditQuery(storage.AuditFilter{ClientID: "c"}, storage.Page{}), "SEARCH audit USING INDEX audit_by_client (client_id=? AND id>?)"},
		"audit by type":              {auditQuery(storage.AuditFilter{Type: "t", Newest: true}, storage.Page{}), "SEARCH audit USING INDEX audit_by_type (type=? AND id>?)"},
		"audit by time":              {auditQuery(storage.AuditFilter{Since: start, FromID: "a", BeforeID: "b", Newest: true}, storage.Page{}), "SEARCH audit USING PRIMARY KEY (id>? AND id<?)"},
		"links":                      {userLinksQuery("", storage.Page{}), "SEARCH user_links USING PRIMARY KEY (id>?)"},
		"links of a user":            {userLinksQuery("u", storage.Page{After: "x"}), "SEARCH user_links USING INDEX user_links_by_user (user_id=? AND id>?)"},
		"audit by actor":             {auditQuery(storage.AuditFilter{Actor: "a", Newest: true}, storage.Page{After: "x"}), "SEARCH audit USING INDEX audit_by_actor (actor=? AND id>? AND id<?)"},
		"by login": {selection{userByLogin, []any{"x"}},
			"SEARCH users USING PRIMARY KEY (id=?); SCALAR SUBQUERY 1; SEARCH logins USING PRIMARY KEY (name=?)"},
	} {
		if got := plan(t, s, c.q); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// textLookup is what every plan has that reads whole sessions: their texts, by key.
const textLookup = "; CORRELATED SCALAR SUBQUERY 1; SEARCH session_texts USING INTEGER PRIMARY KEY (rowid=?)"

func plan(t *testing.T, s *Store, q selection) (plan string) {
	t.Helper()
	if len(q.args) == 0 && strings.Contains(string(q.query), "?") { // for a plan they are all the same
		stmt, err := s.writer.conn.prepare(q.query)
		if err != nil {
			t.Fatal(err)
		}
		q.args = make([]any, stmt.stmt.BindParamCount())
	}
	steps, err := connAll(s.writer.conn, "EXPLAIN QUERY PLAN "+q.query, func(row scanner) (detail string, err error) {
		var id, parent, unused int
		err = row.Scan(&id, &parent, &unused, &detail)
		return detail, err
	}, q.args)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.Join(steps, "; "), textLookup, "")
}
