package mongo_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
)

// A session is one small document for ever, whatever the number of its refreshes:
// after 1, 100 and, where SIGNET_TEST_SLOW=1 asks for it, 10,000.
func TestSessionStaysSmall(t *testing.T) {
	uri := mongotest.URI(t)
	s, db := open(t, uri), raw(t, uri)
	session := storage.Session{
		ID: strings.Repeat("a", 27), UserID: "0196a8f0-5b2e-7c4d-9e1f-2a3b4c5d6e7f", ClientID: "web",
		Scopes: []string{"openid", "items:read", "items:write"}, Audience: []string{"https://api.example.com"},
		RotatedAt: start, CreatedAt: start, ExpiresAt: start.Add(24 * time.Hour), AuthTime: start, StatusIndex: 1 << 40, Roles: []string{"user"}, AMR: []string{"pwd"},
		Device: strings.Repeat("d", 28), Network: "2001:db8:1234::/48",
	}
	mustSucceed(t, s.CreateSession(t.Context(), session))
	sizes := map[string]int{"at login": size(t, db)}
	turns := []int64{1, 100}
	if os.Getenv("SIGNET_TEST_SLOW") == "1" {
		turns = append(turns, 10_000)
	}
	at := int64(0)
	for _, turn := range turns {
		for ; at < turn; at++ {
			r := storage.Rotation{SessionID: session.ID, ClientID: "web", From: at, At: start.Add(time.Duration(at+1) * time.Second), IdleSince: start.Add(-time.Hour)}
			mustSucceed(t, must(s.RotateSession(t.Context(), r)))
		}
		sizes[fmt.Sprintf("after %d refreshes", turn)] = size(t, db)
	}
	mustSucceed(t, must(s.CountReplay(t.Context(), storage.Replay{SessionID: session.ID, ClientID: "web", Generation: at, At: start, Until: start.Add(24 * time.Hour), Limit: 9})))
	replayed := size(t, db)
	mustSucceed(t, s.RevokeSession(t.Context(), session.ID, start, "refresh token reused"))
	revoked := size(t, db)
	t.Logf("bytes %v, with a replay %d, revoked %d", sizes, replayed, revoked)
	for when, n := range sizes {
		if n != sizes["at login"] {
			t.Errorf("%s the session has %d bytes, at login %d", when, n, sizes["at login"])
		}
	}
	if replayed >= 500 || revoked >= 500 {
		t.Errorf("the session has %d bytes with a replay, %d revoked", replayed, revoked)
	}
}

// A session that began in a browser is as small, with all that it remembers of the code; only
// until its code is redeemed it is larger.
func TestRedeemedSessionStaysSmall(t *testing.T) {
	uri := mongotest.URI(t)
	s, db := open(t, uri), raw(t, uri)
	session := storage.Session{
		ID: strings.Repeat("a", 27), UserID: "0196a8f0-5b2e-7c4d-9e1f-2a3b4c5d6e7f", ClientID: "web", Generation: storage.PendingGeneration,
		Scopes: []string{"openid", "items:read", "items:write"}, Audience: []string{"https://api.example.com"},
		RotatedAt: start, CreatedAt: start, ExpiresAt: start.Add(time.Minute), AuthTime: start.Add(-time.Hour), AMR: []string{"pwd"},
		BrowserID: strings.Repeat("b", 42) + "w", LoginBound: true, CodeCheck: strings.Repeat("c", 21) + "g", CodePKCE: true,
		Device: strings.Repeat("d", 28), Network: "2001:db8:1234::/48",
		Code: storage.Code{RedirectHash: strings.Repeat("r", 43), Challenge: strings.Repeat("c", 43), Nonce: strings.Repeat("n", 43), Until: start.Add(24 * time.Hour)},
	}
	mustSucceed(t, s.CreateSession(t.Context(), session))
	pending := size(t, db)
	mustSucceed(t, must(s.RedeemSession(t.Context(), storage.Redemption{SessionID: session.ID, ClientID: "web", At: start, ExpiresAt: start.Add(24 * time.Hour), StatusIndex: 1 << 40, Roles: []string{"user"}})))
	redeemed := size(t, db)
	mustSucceed(t, must(s.RotateSession(t.Context(), storage.Rotation{SessionID: session.ID, ClientID: "web", At: start.Add(time.Second), IdleSince: start.Add(-time.Hour)})))
	refreshed := size(t, db)
	mustSucceed(t, must(s.CountReplay(t.Context(), storage.Replay{SessionID: session.ID, ClientID: "web", Generation: 1, At: start, Until: start.Add(24 * time.Hour), Limit: 9})))
	replayed := size(t, db)
	mustSucceed(t, s.RevokeSession(t.Context(), session.ID, start, "refresh token reused"))
	revoked := size(t, db)
	t.Logf("bytes: pending %d, redeemed %d, refreshed %d, with a replay %d, revoked %d", pending, redeemed, refreshed, replayed, revoked)
	if refreshed != redeemed || replayed >= 500 || revoked >= 500 {
		t.Errorf("the session has %d bytes, refreshed %d, with a replay %d, revoked %d", redeemed, refreshed, replayed, revoked)
	}
}

func mustSucceed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// size is how many bytes the one session has.
func size(t *testing.T, db *driver.Database) int {
	t.Helper()
	doc, err := db.Collection("sessions").FindOne(t.Context(), bson.D{}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return len(doc)
}

// What a record holds has the one BSON type of its field, whatever its value:
// integers of 64 bits, dates, text.
func TestTypesOnTheDisk(t *testing.T) {
	uri := mongotest.URI(t)
	s := open(t, uri)
	if err := s.CreateSession(t.Context(), storage.Session{ID: "7"}); err != nil {
		t.Fatal(err)
	}
	doc, err := raw(t, uri).Collection("sessions").FindOne(t.Context(), bson.D{}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	elements, _ := doc.Elements()
	for _, e := range elements {
		got[e.Key()] = e.Value().Type.String()
	}
	text, number, date := bson.TypeString.String(), bson.TypeInt64.String(), bson.TypeDateTime.String()
	want := map[string]string{
		"_id": text, "user_id": text, "client_id": text, "roles": text,
		"generation": number, "user_epoch": number, "client_epoch": number, "status_index": number,
		"no_amr":     bson.TypeBoolean.String(),
		"rotated_at": date, "created_at": date, "expires_at": date, "revoked_at": date,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// NUL ends a string in many a place; in a value it is a character.
func TestNULIsACharacter(t *testing.T) {
	s := open(t, mongotest.URI(t))
	for _, name := range []string{"\x00", "a\x00", "a\x00b", "$where\x00"} {
		want := storage.Role{Name: name, Description: name, Scopes: []string{name}, Version: 1}
		if err := s.CreateRole(t.Context(), want); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got, err := s.Role(t.Context(), name); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
	}
	if _, err := s.Role(t.Context(), "a"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("what stands before a NUL: %v, want nothing", err)
	}
}

// A prefix that is no UTF-8 cannot begin a name.
func TestPrefixThatIsNoText(t *testing.T) {
	s := open(t, mongotest.URI(t))
	create(t, s, testUser("u", "ann", "\ufffd"))
	for _, prefix := range []string{"\xff", "an\xc3", "\xed\xa0\x80"} {
		page, err := s.ListUsers(t.Context(), storage.UserFilter{Prefix: prefix}, storage.Page{})
		if err != nil || len(page.Users) != 0 {
			t.Errorf("%q: %v, %v", prefix, page.Users, err)
		}
	}
}

// More than one portion: sweeps and revocations of many go on to their limit.
func TestLargeUpdatesRunInBatches(t *testing.T) {
	if testing.Short() {
		t.Skip("left out by -short: thousands of documents")
	}
	uri := mongotest.URI(t)
	s := open(t, uri)
	const sessions = 1100 // a portion is 1000
	docs := make([]any, sessions)
	for i := range docs {
		docs[i] = bson.D{
			field("_id", time.Duration(i).String()), field("user_id", "u"),
			field("expires_at", start), field("revoked_at", time.Time{}),
		}
	}
	if _, err := raw(t, uri).Collection("sessions").InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{sessions, 0} {
		if n, err := s.RevokeAll(t.Context(), storage.SessionFilter{UserID: "u"}, start, "all"); err != nil || n != want {
			t.Errorf("revoked %d, %v; want %d", n, err, want)
		}
	}
	for _, c := range []struct {
		limit int
		want  int64
	}{{0, 0}, {-1, 0}, {1050, 1050}, {5000, sessions - 1050}} {
		if n, err := s.SweepSessions(t.Context(), start.Add(time.Second), c.limit); err != nil || n != c.want {
			t.Errorf("swept %d up to %d, %v; want %d", n, c.limit, err, c.want)
		}
	}
}
