package storagetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

// injectionStrings are strings that mean something to some database, language or
// encoding. To a store they are values. None is empty, no two are the same.
var injectionStrings = []string{
	`'`, `"`, "`", `''`, `--`, `;`, `\`, `\'`, `/*`, `%`, `_`, `*`, `?`, `?1`, `:name`, `@p1`, `$1`, `$`, `.`, `..`, `a.b.c`,
	`' OR '1'='1`, `'; DROP TABLE users; --`, `x'); DELETE FROM sessions; --`, `" OR ""="`,
	`$ne`, `$where`, `$set.roles`, `{"$ne":null}`, `{"$gt":""}`, `{"$regex":".*"}`, `{"$where":"sleep(5000)"}`, `["a","b"]`, `[]`, `{}`,
	`.*`, `(a+)+$`, `^`, `\Q`, `[[:<:]]`, `__proto__`, `constructor`, `_id`, `null`, `NULL`, `true`, `undefined`, `NaN`,
	`1`, `007`, `1.0`, `1e309`, `0x1F`, `-0`, `2026-03-01T12:30:15Z`, ` `, ` leading`, `trailing `, "tab\tnewline\nreturn\r\n",
	"\u2018curly\u2019", "\u201cquotes\u201d", "\uff07wide", "a\u0301", "\u00e1", "\u202eright to left", "\ufeffmark", "\u200b", "\u4e16\u754c",
	"\U0001f469\u200d\U0001f4bb", "\U0010ffff", "\u0001\u001f\u007f", `\u0000`, `%00`, `%27`, `&lt;script&gt;`, `<script>`,
	strings.Repeat("\u4e16\u754c\U0001f600'", 500),
}

// sampledStrings returns all injectionStrings, or every sixth in the short run.
func sampledStrings() (some []string) {
	if !testing.Short() {
		return injectionStrings
	}
	for i := 0; i < len(injectionStrings); i += 6 {
		some = append(some, injectionStrings[i])
	}
	return some
}

var injectionContracts = []contract{
	{"Users", injectionUsers},
	{"Roles", injectionRoles},
	{"Clients", injectionClients},
	{"Sessions", injectionSessions},
	{"Counters", injectionCounters},
	{"Keys", injectionKeys},
	{"Audit", injectionAudit},
	{"MatchNothing", injectionMatchNothing},
}

func injectionUsers(t *testing.T, s storage.Store) {
	of := func(v string) storage.User {
		u := newUser(1)
		u.ID, u.Username, u.Email, u.FullName, u.Phone, u.PasswordHash = v, v, v+"@", v, v, v
		u.Roles = []string{v, v + "#"}
		return u
	}
	for _, v := range sampledStrings() {
		createUser(t, s, of(v))
	}
	for _, v := range sampledStrings() {
		u := of(v)
		wantUser(t, s, u)
		wantLogin(t, s, v, v)
		wantLogin(t, s, v+"@", v)
		wantUsers(t, s, storage.UserFilter{Prefix: v + "@"}, v)
		wantUsers(t, s, storage.UserFilter{Role: v + "#"}, v)
		u.Phone, u.Version = v+"#", 1
		_, err := s.UpdateUser(t.Context(), u)
		noErr(t, "UpdateUser", err)
		noErr(t, "ReplacePasswordHash", s.ReplacePasswordHash(t.Context(), v, v, v+"#"))
		u.PasswordHash, u.Version = v+"#", 2
		wantUser(t, s, u)
		noErr(t, "DeleteUser", s.DeleteUser(t.Context(), v, 0))
	}
	wantUsers(t, s, storage.UserFilter{})
}

func injectionRoles(t *testing.T, s storage.Store) {
	of := func(v string) storage.Role {
		r := newRole(1)
		r.Name, r.Description, r.Scopes = v, v, []string{v, v + "#"}
		return r
	}
	for _, v := range sampledStrings() {
		createRole(t, s, of(v))
	}
	for _, v := range sampledStrings() {
		wantRole(t, s, of(v))
		r := of(v)
		r.Description = v + "#"
		r, err := s.UpdateRole(t.Context(), r)
		noErr(t, "UpdateRole", err)
		wantRole(t, s, r)
		noErr(t, "DeleteRole", s.DeleteRole(t.Context(), v, 0))
	}
	left, err := s.ListRoles(t.Context())
	noErr(t, "ListRoles", err)
	wantEqual(t, "roles left", len(left), 0)
}

func injectionClients(t *testing.T, s storage.Store) {
	of := func(v string) storage.Client {
		c := newClient(0)
		list := []string{v, v + "#"}
		c.ID, c.Name, c.SecretHash = v, v, v
		c.Grants, c.Scopes, c.Audiences, c.Resources, c.Origins = list, list, list, list, list
		c.RedirectURIs, c.PostLogoutRedirectURIs, c.Contacts, c.BackchannelLogoutURI, c.InitiateLoginURI = list, list, list, v, v
		c.Consent, c.AuthMethod, c.HomeURI, c.LogoURI, c.PolicyURI, c.TermsURI = v, v, v, v, v, v
		return c
	}
	var origins []string
	for _, v := range sampledStrings() {
		createClient(t, s, of(v))
		origins = append(origins, v, v+"#")
	}
	wantOrigins(t, s, origins...)
	for _, v := range sampledStrings() {
		wantClient(t, s, of(v))
		wantAny(t, s, v, true)
		c := of(v)
		c.Name = v + "#"
		c, err := s.UpdateClient(t.Context(), c)
		noErr(t, "UpdateClient", err)
		wantClient(t, s, c)
		noErr(t, "DeleteClient", s.DeleteClient(t.Context(), v, 0))
		wantAny(t, s, v+"#", false)
	}
}

func injectionSessions(t *testing.T, s storage.Store) {
	of := func(v string) storage.Session {
		session := newSession(1)
		session.ID, session.UserID, session.ClientID = v, v+"u", v+"c"
		session.Scopes, session.Audience = []string{v, v + "#"}, []string{v}
		return session
	}
	for _, v := range sampledStrings() {
		createSession(t, s, of(v))
	}
	for _, v := range sampledStrings() {
		session := of(v)
		wantSession(t, s, session)
		wantEqual(t, "the sessions of a user", listAll(t, 2, listSessions(t, s, storage.SessionFilter{UserID: v + "u"})), []string{v})
		r := rotationOf(session)
		got, err := s.RotateSession(t.Context(), r)
		noErr(t, "RotateSession", err)
		session.Generation, session.RotatedAt = 1, r.At
		wantEqual(t, "the answer of RotateSession", got.Session, session)
		n, err := s.RevokeAll(t.Context(), storage.SessionFilter{UserID: v + "u", ClientID: v + "c"}, start, v)
		noErr(t, "RevokeAll", err)
		wantEqual(t, "how many were revoked", n, 1)
		session = revokedSession(session, start, v)
		wantSession(t, s, session)
	}
}

func injectionCounters(t *testing.T, s storage.Store) {
	ctx := t.Context()
	for _, v := range sampledStrings() {
		wantCount(t, s, v, start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
		wantRevoked(t, s, v, false)
		noErr(t, "RevokeToken", s.RevokeToken(ctx, v, start))
	}
	for _, v := range sampledStrings() {
		wantCount(t, s, v, start, storage.RateCounter{Count: 2, ResetAt: start.Add(window)})
		reserve(t, s, start, "", claim(v, 3))
		reserve(t, s, start, v, claim(v, 3))
		settle(t, s, storage.CounterRelease, v)
		settle(t, s, storage.CounterClear, v)
		wantRevoked(t, s, v, true)
	}
	sweepCounters(t, s, start.Add(time.Hour), 1000, 0)
	sweepRevocations(t, s, start.Add(time.Hour), 1000, int64(len(sampledStrings())))
}

func injectionKeys(t *testing.T, s storage.Store) {
	for i, v := range sampledStrings() {
		k := newKey(int64(i) + 1)
		k.KID, k.Alg, k.Restores, k.PublicJWK, k.Sealed = v, v, v, []byte(v), []byte(v+"\x00\xff")
		insertKey(t, s, k)
	}
	for i, v := range sampledStrings() {
		noErr(t, "RevokeKey", s.RevokeKey(t.Context(), v, start))
		k := newKey(int64(i) + 1)
		k.KID, k.Alg, k.Restores, k.PublicJWK, k.Sealed, k.RevokedAt = v, v, v, []byte(v), []byte(v+"\x00\xff"), start
		got, err := s.ListKeys(t.Context())
		noErr(t, "ListKeys", err)
		wantEqual(t, "a key", got[0], k)
		noErr(t, "DeleteKey", s.DeleteKey(t.Context(), v))
	}
	wantKeys(t, s)
}

func injectionAudit(t *testing.T, s storage.Store) {
	of := func(v string) storage.AuditEvent {
		return storage.AuditEvent{ID: v, At: start, Type: v, Actor: v, Target: v, ClientID: v, Address: v, RequestID: v, Detail: v, Writer: v, Prev: v, Seen: v, KeyID: v, MAC: v}
	}
	for _, v := range sampledStrings() {
		appendEvent(t, s, of(v))
	}
	for _, v := range sampledStrings() {
		page, err := s.ListAudit(t.Context(), storage.AuditFilter{Type: v, Target: v, Actor: v, ClientID: v}, storage.Page{})
		noErr(t, "ListAudit", err)
		wantEqual(t, "the events", page.Events, []storage.AuditEvent{of(v)})
	}
}

// injectionMatchNothing uses each string as a key where only ordinary records are.
func injectionMatchNothing(t *testing.T, s storage.Store) {
	ctx := t.Context()
	createAll(t, s, newUser(1), newRole(1), newClient(1), newSession(1), newKey(1), newEvent(1))
	noErr(t, "RevokeToken", s.RevokeToken(ctx, "jti-1", start))
	before := dump(t, s)
	for _, v := range sampledStrings() {
		for what, err := range missing(ctx, s, v) {
			wantErr(t, fmt.Sprintf("%s of %.40q", what, v), err, storage.ErrNotFound)
		}
		_, err := s.RotateSession(ctx, storage.Rotation{SessionID: v, ClientID: v, At: start})
		wantErr(t, "RotateSession", err, storage.ErrConflict)
		wantErr(t, "ReplacePasswordHash", s.ReplacePasswordHash(ctx, newUser(1).ID, v, v), storage.ErrConflict)
		for _, f := range []storage.SessionFilter{{UserID: v}, {ClientID: v}, {UserID: newSession(1).UserID, ClientID: v}} {
			wantRevokedAll(t, s, f, 0)
		}
		wantUsers(t, s, storage.UserFilter{Role: v})
		wantRevoked(t, s, v, false)
		for _, f := range []storage.AuditFilter{{Type: v}, {Target: v}, {Actor: v}, {ClientID: v, Newest: true}} {
			wantEqual(t, "events", len(listAll(t, 2, listAudit(t, s, f))), 0)
		}
	}
	wantEqual(t, "the store", dump(t, s), before)
}

// missing looks for the key everywhere and returns what each call answered.
func missing(ctx context.Context, s storage.Store, key string) map[string]error {
	u, r, c := newUser(1), newRole(1), newClient(1)
	u.ID, r.Name, c.ID = key, key, key
	errs := map[string]error{
		"DeleteUser":    s.DeleteUser(ctx, key, 0),
		"DeleteRole":    s.DeleteRole(ctx, key, 0),
		"DeleteClient":  s.DeleteClient(ctx, key, 0),
		"RevokeSession": s.RevokeSession(ctx, key, start, key),
		"RevokeKey":     s.RevokeKey(ctx, key, start),
		"ResealKey":     s.ResealKey(ctx, key, []byte("old"), []byte("new")),
		"DeleteKey":     s.DeleteKey(ctx, key),
	}
	_, errs["User"] = s.User(ctx, key)
	_, errs["UserByLogin"] = s.UserByLogin(ctx, key)
	_, errs["UpdateUser"] = s.UpdateUser(ctx, u)
	_, errs["Role"] = s.Role(ctx, key)
	_, errs["UpdateRole"] = s.UpdateRole(ctx, r)
	_, errs["Client"] = s.Client(ctx, key)
	_, errs["UpdateClient"] = s.UpdateClient(ctx, c)
	_, errs["Session"] = s.Session(ctx, key)
	_, errs["SharedSet"] = s.SharedSet(ctx, key)
	_, errs["BrowserSession"] = s.BrowserSession(ctx, key)
	_, errs["Consent"] = s.Consent(ctx, key, key)
	_, errs["ClientLogo"] = s.ClientLogo(ctx, key)
	_, errs["DeviceRequest"] = s.DeviceRequest(ctx, key)
	errs["RevokeBrowserSession"] = s.RevokeBrowserSession(ctx, key, start, key)
	errs["DeleteScopeText"] = s.DeleteScopeText(ctx, key)
	return errs
}
