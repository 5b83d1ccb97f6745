package backup_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/signet/storage"
)

// fillSignIn puts the records of sign-in in a browser into the store. Of the first the code
// is pending and the message leased.
func fillSignIn(t testing.TB, s storage.Store, many int) {
	t.Helper()
	fillAttributes(t, s)
	for n := range many {
		fillOneSignIn(t, s, n, fmt.Sprintf("%05d", n))
	}
}

func fillAttributes(t testing.TB, s storage.Store) {
	t.Helper()
	_, err := s.SwapAttributeSchema(t.Context(), storage.AttributeSchema{Attributes: []storage.Attribute{
		{Name: "department", Type: "string", MaxLength: 64, Readers: "user", Writers: "admin", Claim: "dept", Scope: "profile", CreatedAt: start, UpdatedAt: later},
		{Name: "groups", Type: "strings", MaxLength: 64, MaxCount: 3, Readers: "admin", Writers: "admin", CreatedAt: start, UpdatedAt: start},
	}})
	must(t, err)
}

func fillOneSignIn(t testing.TB, s storage.Store, n int, id string) {
	t.Helper()
	ctx := t.Context()
	session := storage.Session{
		ID: "p" + id, UserID: "u" + id, ClientID: "c" + id, RotatedAt: start, CreatedAt: start, ExpiresAt: start.Add(time.Minute), AuthTime: start,
		BrowserID: "root" + id, LoginBound: true, AMR: []string{"pwd"}, Claims: []string{"userinfo/name"}, CodeCheck: "check", CodePKCE: true,
	}
	if n == 0 {
		session.Generation, session.Code = storage.PendingGeneration, storage.Code{RedirectHash: "hash", Challenge: "challenge", Until: later, Failures: 1}
	}
	must(t, s.CreateSession(ctx, session))
	must(t, s.PutClientLogo(ctx, storage.ClientLogo{ClientID: "c" + id, Type: "image/png", Data: []byte{0xff, 0}, SourceURI: "https://logo.example", UpdatedAt: start}))
	must(t, s.PutScopeText(ctx, storage.ScopeText{Scope: "items:" + id, Texts: map[string]string{"en": "<Read>", "de": "Einträge lesen"}, UpdatedAt: start}))
	_, err := s.SwapConsent(ctx, storage.Consent{UserID: "u" + id, ClientID: "c" + id, Scopes: []string{"a", "b"}, Shown: "shown", CreatedAt: start, UpdatedAt: start})
	must(t, err)
	_, err = s.PutUserFactors(ctx, storage.UserFactors{
		UserID: "u" + id, UserCreatedAt: start, Handle: "handle" + id, EnrolBy: later,
		TOTP:     &storage.TOTPFactor{Sealed: "sealed", LastStep: 7, CreatedAt: start, LastUsedAt: later},
		Recovery: &storage.RecoveryCodes{Hashes: []string{"hash"}, CreatedAt: start},
		Passkeys: []storage.Passkey{{ID: "key", Transports: []string{"usb"}, BackupState: true, CreatedAt: start}},
	})
	must(t, err)
	must(t, s.CreateConnector(ctx, storage.Connector{
		ID: "c" + id, Name: "<Company>", Kind: "oidc", Issuer: "https://idp.example", ClientID: "signet", SealedSecret: "sealed", Scopes: []string{"openid"},
		RoleRules: []storage.RoleRule{{Claim: "groups", Value: "staff", Role: "editor"}}, MaxRank: 100, CreatedAt: start, UpdatedAt: later,
	}))
	must(t, s.CreateUserLink(ctx, storage.UserLink{
		ID: storage.LinkID("https://idp.example", id), Issuer: "https://idp.example", Subject: id, ConnectorID: "c" + id, UserID: "u" + id, UserCreatedAt: start,
		Roles: []string{"editor"}, CreatedAt: start, LastUsedAt: later,
	}))
	b := storage.BrowserSession{ID: "b" + id, RootID: "root" + id, UserID: "u" + id, CreatedAt: start, AuthTime: start, AMR: []string{"pwd"}, LastSeen: start, IdleAt: later, ExpiresAt: later}
	if n == 1 {
		b.RevokedAt, b.Reason = start, "signed out"
	}
	must(t, s.CreateBrowserSession(ctx, b))
	m := storage.Message{ID: "m" + id, Kind: "backchannel_logout", Target: "c" + id, Body: []byte{0, 0xff}, CreatedAt: start, DueAt: start, ExpiresAt: later, Attempts: 1}
	if n == 0 {
		m.Owner, m.LeasedTo = "instance", later
	}
	must(t, s.Enqueue(ctx, m))
}

// endAll changes what a view shows as a restore does: sessions and browser sessions are
// over, codes are gone, and nobody holds a lease.
func endAll(all map[string]any) {
	const reason = "restored from a backup"
	sessions, browsers := all["sessions"].([]storage.Session), all["browsers"].([]storage.BrowserSession)
	for n := range sessions {
		s := &sessions[n]
		if s.Code = (storage.Code{}); s.RevokedAt.IsZero() {
			s.RevokedAt, s.Reason, s.StatusPending = later, reason, true
		}
	}
	for n := range browsers {
		if b := &browsers[n]; b.RevokedAt.IsZero() {
			b.RevokedAt, b.Reason = later, reason
		}
	}
	for n := range all["messages"].([]storage.Message) {
		m := &all["messages"].([]storage.Message)[n]
		m.Owner, m.LeasedTo = "", time.Time{}
	}
}

// A code that was pending is not redeemed after a restore, and a browser session is no more.
func TestRestore_EndsCodesAndBrowserSessions(t *testing.T) {
	source, target := openSQLite(t), openSQLite(t)
	fillSignIn(t, source, 1)
	must(t, restore(t.Context(), write(t, source), target, false))
	r := storage.Redemption{SessionID: "p00000", ClientID: "c00000", At: start, ExpiresAt: later, StatusIndex: 1}
	if _, err := target.RedeemSession(t.Context(), r); !errors.Is(err, storage.ErrConflict) {
		t.Errorf("RedeemSession: %v, want ErrConflict", err)
	}
	ended, err := target.EndedBrowserSessions(t.Context(), start, 10)
	if err != nil || len(ended) != 1 {
		t.Errorf("%d browser sessions have ended, %v; want 1", len(ended), err)
	}
}

// The largest logos and bodies, more than a page of them.
func TestLargeRecords(t *testing.T) {
	source, target := openSQLite(t), openSQLite(t)
	for n := range 17 {
		id := fmt.Sprintf("%02d", n)
		must(t, source.PutClientLogo(t.Context(), storage.ClientLogo{ClientID: id, Data: bytes.Repeat([]byte{0xff, byte(n)}, storage.MaxLogo/2), UpdatedAt: start}))
		must(t, source.Enqueue(t.Context(), storage.Message{ID: id, Body: bytes.Repeat([]byte{0, byte(n)}, storage.MaxMessage/2), ExpiresAt: later}))
	}
	must(t, restore(t.Context(), write(t, source), target, false))
	if diff := cmp.Diff(all(t, source), all(t, target), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
}

// A backup that a program before sign-in in a browser wrote is read as ever.
func TestEarlierFormatIsRead(t *testing.T) {
	text := `{"signet_backup":1,"created_at":"2026-03-01T12:30:15Z","epoch":0}` + "\n" + `{"user":{"ID":"u1","Username":"ann"}}` + "\n"
	sum, mac := sha256.Sum256([]byte(text)), hmac.New(sha256.New, macKey)
	mac.Write([]byte(text))
	text += fmt.Sprintf(`{"end":{"records":1,"sha256":"%x","mac":"%x"}}`+"\n", sum, mac.Sum(nil))
	target := openSQLite(t)
	must(t, restore(t.Context(), []byte(text), target, false))
	if u, err := target.User(t.Context(), "u1"); err != nil || u.Username != "ann" {
		t.Errorf("User: %+v, %v", u, err)
	}
}
