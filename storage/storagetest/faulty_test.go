package storagetest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
	"example.org/signet/storage/storagetest"
)

// faultyStoreEnv names, in the environment of a process that a test started, what is
// wrong with the store there.
const faultyStoreEnv = "SIGNET_STORAGETEST_FAULT"

// Each fault is a store that is right but for one thing, and the test of the
// contract that has to find it.
var faultyStores = map[string]struct {
	spoil func(storage.Store) storage.Store
	found string
}{
	"duplicates are accepted":            {func(s storage.Store) storage.Store { return acceptsDuplicates{s} }, "Logins/CreateTaken"},
	"the wrong field is named":           {func(s storage.Store) storage.Store { return namesUsername{s} }, "Logins/CreateRaceAcrossFields"},
	"login names ignore case":            {func(s storage.Store) storage.Store { return ignoresCase{s} }, "Logins/BytesCount"},
	"an update answers what it got":      {func(s storage.Store) storage.Store { return echoes{s} }, "Users/UpdateReplaces"},
	"an absent user is not found":        {func(s storage.Store) storage.Store { return findsNobody{s} }, "Users/ReplacePasswordHashConflict"},
	"a lost update is tried again":       {func(s storage.Store) storage.Store { return retries{s} }, "Users/UpdateRace"},
	"the role is ignored":                {func(s storage.Store) storage.Store { return ignoresRole{s} }, "UserLists/ByRole"},
	"a prefix is a pattern":              {func(s storage.Store) storage.Store { return globs{s} }, "UserLists/PrefixIsLiteral"},
	"an origin is listed twice":          {func(s storage.Store) storage.Store { return repeatsOrigins{s} }, "Clients/Origins"},
	"the loser of a refresh wins too":    {func(s storage.Store) storage.Store { return letsLosersWin{s} }, "Rotation/Race"},
	"a session lives a moment longer":    {func(s storage.Store) storage.Store { return liesAboutTime{s, -time.Millisecond, 0} }, "Rotation/Borders"},
	"it idles a moment longer":           {func(s storage.Store) storage.Store { return liesAboutTime{s, 0, -time.Millisecond} }, "Rotation/Borders"},
	"any client may refresh":             {func(s storage.Store) storage.Store { return ignoresClient{s} }, "Rotation/Conditions"},
	"a rotation knows an old user":       {func(s storage.Store) storage.Store { return remembersUser{s} }, "Rotation/UserAndEpoch"},
	"a state lacks the revocation":       {func(s storage.Store) storage.Store { return forgetsRevocation{s} }, "SessionState/FollowsEveryChange"},
	"revoking again is an error":         {func(s storage.Store) storage.Store { return revokesOnce{s} }, "SessionRevocation/Revoke"},
	"the revoked are counted again":      {func(s storage.Store) storage.Store { return countsAll{s} }, "SessionRevocation/RevokeAllLeavesTheRevoked"},
	"a sweep has no bound":               {func(s storage.Store) storage.Store { return sweepsAll{s} }, "SessionRevocation/SweepIsBounded"},
	"a sweep comes a moment early":       {func(s storage.Store) storage.Store { return sweepsEarly{s} }, "SessionRevocation/SweepBorder"},
	"attempts are lost":                  {func(s storage.Store) storage.Store { return losesCounts{s} }, "RateCounters/IncrementRace"},
	"a refusal leaves places taken":      {func(s storage.Store) storage.Store { return takesBeforeFull{s} }, "RateCounters/AllOrNone"},
	"the window slides":                  {func(s storage.Store) storage.Store { return slidesWindow{s} }, "RateCounters/WindowBorder"},
	"a code is redeemed twice":           {func(s storage.Store) storage.Store { return redeemsAgain{s} }, "Codes/RedeemRace"},
	"a redemption keeps the code":        {func(s storage.Store) storage.Store { return keepsCode{s} }, "Codes/Redeem"},
	"a code lives a moment longer":       {func(s storage.Store) storage.Store { return redeemsLate{s} }, "Codes/RedeemBorders"},
	"the browser is ignored":             {func(s storage.Store) storage.Store { return ignoresBrowser{s} }, "Codes/RevokeByBrowser"},
	"failures are lost":                  {func(s storage.Store) storage.Store { return losesFailures{s} }, "Codes/CountFailureRace"},
	"a touch moves back":                 {func(s storage.Store) storage.Store { return touchesBack{s} }, "BrowserSessions/Touch"},
	"a living session is deleted":        {func(s storage.Store) storage.Store { return deletesLiving{s} }, "BrowserSessions/Delete"},
	"a consent is overwritten":           {func(s storage.Store) storage.Store { return overwritesConsent{s} }, "Consents/SwapRace"},
	"factors are overwritten":            {func(s storage.Store) storage.Store { return overwritesFactors{s} }, "Factors/PutRace"},
	"a link is overwritten":              {func(s storage.Store) storage.Store { return overwritesLink{s} }, "UserLinks/UpdateRace"},
	"no filter deletes all":              {func(s storage.Store) storage.Store { return deletesAll{s} }, "Consents/DeleteNeedsAFilter"},
	"a message is leased twice":          {func(s storage.Store) storage.Store { return leasesTwice{s, make(chan []storage.Message, 1)} }, "Outbox/LeaseRace"},
	"anybody may finish a message":       {func(s storage.Store) storage.Store { return finishesAny{s} }, "Outbox/OnlyTheOwner"},
	"keys come in another order":         {func(s storage.Store) storage.Store { return reversesKeys{s} }, "Keys/InsertAndList"},
	"until includes its end":             {func(s storage.Store) storage.Store { return includesUntil{s} }, "Audit/TimeBorders"},
	"the last page has a cursor":         {func(s storage.Store) storage.Store { return alwaysNext{s} }, "Pages/Complete"},
	"a cursor is a number":               {func(s storage.Store) storage.Store { return skips{s} }, "Pages/CursorOutlivesItsRecord"},
	"times are local":                    {func(s storage.Store) storage.Store { return sessionOfOtherZone{s} }, "Values/TimesAreUTCMilliseconds"},
	"no list is an empty one":            {func(s storage.Store) storage.Store { return emptyLists{s} }, "Values/EmptyListsAreNil"},
	"a string is unescaped":              {func(s storage.Store) storage.Store { return unescapes{s} }, "Injection/Roles"},
	"contexts are ignored":               {func(s storage.Store) storage.Store { return ignoresContext{s} }, "Contexts/Cancelled"},
	"an unknown outcome is taken for no": {func(s storage.Store) storage.Store { return neverRevoked{s} }, "Contexts/DeadlinePassed"},
	"a store that is closed is healthy":  {func(s storage.Store) storage.Store { return alwaysHealthy{s} }, "Health/Closed"},
}

// TestFaultyStoresAreDetected plays the contract, in a process of its own, on each faulty
// store and demands that it fails where it should. It shows that the tests can
// fail at all.
func TestFaultyStoresAreDetected(t *testing.T) {
	for name, fault := range faultyStores {
		t.Run(name, func(t *testing.T) {
			pattern := "^TestFaultyStore$/^" + strings.ReplaceAll(fault.found, "/", "$/^") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern)
			cmd.Env = append(os.Environ(), faultyStoreEnv+"="+name)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: TestFaultyStore/"+fault.found) {
				t.Errorf("%s did not find it: %v\n%s", fault.found, err, out)
			}
		})
	}
}

// TestFaultyStore is what the other processes run. Package sqlite plays the same on the
// store as it is.
func TestFaultyStore(t *testing.T) {
	name := os.Getenv(faultyStoreEnv)
	if name == "" {
		t.Skip("this is for the processes that TestFaultsAreFound starts")
	}
	storagetest.Run(t, func(t *testing.T) storage.Store {
		s, err := sqlite.Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return faultyStores[name].spoil(s)
	})
}

type acceptsDuplicates struct{ storage.Store }

func (s acceptsDuplicates) CreateUser(ctx context.Context, u storage.User) error {
	if err := s.Store.CreateUser(ctx, u); !errors.Is(err, storage.ErrConflict) {
		return err
	}
	return nil
}

type namesUsername struct{ storage.Store }

func (s namesUsername) CreateUser(ctx context.Context, u storage.User) error {
	err := s.Store.CreateUser(ctx, u)
	if errors.Is(err, storage.ErrConflict) {
		return &storage.DuplicateError{Field: "username"}
	}
	return err
}

type ignoresCase struct{ storage.Store }

func (s ignoresCase) UserByLogin(ctx context.Context, name string) (storage.User, error) {
	return s.Store.UserByLogin(ctx, strings.ToLower(name))
}

type echoes struct{ storage.Store }

func (s echoes) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	_, err := s.Store.UpdateUser(ctx, u)
	return u, err
}

type findsNobody struct{ storage.Store }

func (s findsNobody) ReplacePasswordHash(ctx context.Context, id, old, new string) error {
	if _, err := s.User(ctx, id); err != nil {
		return err
	}
	return s.Store.ReplacePasswordHash(ctx, id, old, new)
}

type retries struct{ storage.Store }

func (s retries) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	for {
		updated, err := s.Store.UpdateUser(ctx, u)
		if !errors.Is(err, storage.ErrConflict) {
			return updated, err
		}
		now, err := s.User(ctx, u.ID)
		if err != nil {
			return now, err
		}
		u.Version = now.Version
	}
}

type ignoresRole struct{ storage.Store }

func (s ignoresRole) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error) {
	f.Role = ""
	return s.Store.ListUsers(ctx, f, p)
}

type globs struct{ storage.Store }

func (s globs) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error) {
	f.Prefix, _, _ = strings.Cut(f.Prefix, "%")
	return s.Store.ListUsers(ctx, f, p)
}

type repeatsOrigins struct{ storage.Store }

func (s repeatsOrigins) ClientOrigins(ctx context.Context) ([]string, error) {
	origins, err := s.Store.ClientOrigins(ctx)
	return append(origins, origins...), err
}

type letsLosersWin struct{ storage.Store }

func (s letsLosersWin) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	rotated, err := s.Store.RotateSession(ctx, r)
	if errors.Is(err, storage.ErrConflict) {
		if now, readErr := s.Session(ctx, r.SessionID); readErr == nil && now.Generation == r.From+1 {
			return storage.RotatedSession{Session: now}, nil
		}
	}
	return rotated, err
}

type liesAboutTime struct {
	storage.Store
	at, idle time.Duration
}

func (s liesAboutTime) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	r.At, r.IdleSince = r.At.Add(s.at), r.IdleSince.Add(s.idle)
	rotated, err := s.Store.RotateSession(ctx, r)
	rotated.RotatedAt = rotated.RotatedAt.Add(-s.at)
	return rotated, err
}

type ignoresClient struct{ storage.Store }

func (s ignoresClient) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	if session, err := s.Session(ctx, r.SessionID); err == nil {
		r.ClientID = session.ClientID
	}
	return s.Store.RotateSession(ctx, r)
}

type remembersUser struct{ storage.Store }

func (s remembersUser) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	rotated, err := s.Store.RotateSession(ctx, r)
	rotated.User.Disabled = false
	return rotated, err
}

type forgetsRevocation struct{ storage.Store }

func (s forgetsRevocation) SessionState(ctx context.Context, id string) (storage.SessionState, error) {
	state, err := s.Store.SessionState(ctx, id)
	state.RevokedAt = time.Time{}
	return state, err
}

type revokesOnce struct{ storage.Store }

func (s revokesOnce) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	if session, err := s.Session(ctx, id); err == nil && !session.RevokedAt.IsZero() {
		return storage.ErrConflict
	}
	return s.Store.RevokeSession(ctx, id, at, reason)
}

type countsAll struct{ storage.Store }

func (s countsAll) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (int64, error) {
	page, err := s.ListSessions(ctx, f, storage.Page{Limit: storage.MaxPage})
	if err != nil {
		return 0, err
	}
	_, err = s.Store.RevokeAll(ctx, f, at, reason)
	return int64(len(page.Sessions)), err
}

type sweepsAll struct{ storage.Store }

func (s sweepsAll) SweepSessions(ctx context.Context, before time.Time, _ int) (int64, error) {
	return s.Store.SweepSessions(ctx, before, 1000)
}

type sweepsEarly struct{ storage.Store }

func (s sweepsEarly) SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.Store.SweepSessions(ctx, before.Add(time.Millisecond), limit)
}

type losesCounts struct{ storage.Store }

func (s losesCounts) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	got, err := s.Store.ReserveCounters(ctx, now, hold, claims...)
	for n := range got.Taken {
		if got.Taken[n].Count == 40 {
			got.Taken[n].Count = 39 // read by two before either wrote
		}
	}
	return got, err
}

type slidesWindow struct{ storage.Store }

func (s slidesWindow) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	got, err := s.Store.ReserveCounters(ctx, now, hold, claims...)
	for n := range got.Taken {
		got.Taken[n].ResetAt = storage.Time(now.Add(claims[n].Window))
	}
	return got, err
}

// takesBeforeFull leaves places behind in the counters before the full one.
type takesBeforeFull struct{ storage.Store }

func (s takesBeforeFull) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	var all storage.Reservation
	for _, c := range claims {
		got, err := s.Store.ReserveCounters(ctx, now, hold, c)
		if err != nil || got.Full != nil {
			return got, err
		}
		all.Taken = append(all.Taken, got.Taken...)
	}
	return all, nil
}

type reversesKeys struct{ storage.Store }

func (s reversesKeys) ListKeys(ctx context.Context) ([]storage.Key, error) {
	keys, err := s.Store.ListKeys(ctx)
	if len(keys) > 9 { // the order of texts: 10 before 9
		keys[8], keys[9] = keys[9], keys[8]
	}
	return keys, err
}

type includesUntil struct{ storage.Store }

func (s includesUntil) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error) {
	if !f.Until.IsZero() {
		f.Until = f.Until.Add(time.Millisecond)
	}
	return s.Store.ListAudit(ctx, f, p)
}

type alwaysNext struct{ storage.Store }

func (s alwaysNext) ListClients(ctx context.Context, p storage.Page) (storage.ClientPage, error) {
	page, err := s.Store.ListClients(ctx, p)
	if n := len(page.Clients); n > 0 && n == p.Size() {
		page.Next = page.Clients[n-1].ID
	}
	return page, err
}

type skips struct{ storage.Store }

// ListClients skips as many clients as the pages before had.
func (s skips) ListClients(ctx context.Context, p storage.Page) (storage.ClientPage, error) {
	all, err := s.Store.ListClients(ctx, storage.Page{Limit: storage.MaxPage})
	skip := min(len(p.After), len(all.Clients)) // the cursor is a tally
	all.Clients = all.Clients[skip:]
	if len(all.Clients) > p.Size() {
		all.Clients, all.Next = all.Clients[:p.Size()], strings.Repeat("|", skip+p.Size())
	}
	return all, err
}

type sessionOfOtherZone struct{ storage.Store }

func (s sessionOfOtherZone) Session(ctx context.Context, id string) (storage.Session, error) {
	session, err := s.Store.Session(ctx, id)
	session.AuthTime = session.AuthTime.In(time.FixedZone("local", 3600))
	return session, err
}

type emptyLists struct{ storage.Store }

func (s emptyLists) Role(ctx context.Context, name string) (storage.Role, error) {
	r, err := s.Store.Role(ctx, name)
	if r.Scopes == nil {
		r.Scopes = []string{}
	}
	return r, err
}

type unescapes struct{ storage.Store }

func (s unescapes) CreateRole(ctx context.Context, r storage.Role) error {
	r.Description = strings.ReplaceAll(r.Description, `''`, `'`)
	return s.Store.CreateRole(ctx, r)
}

type ignoresContext struct{ storage.Store }

func (s ignoresContext) CreateSession(ctx context.Context, session storage.Session) error {
	return s.Store.CreateSession(context.WithoutCancel(ctx), session)
}

type neverRevoked struct{ storage.Store }

func (s neverRevoked) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	revoked, err := s.Store.TokenRevoked(ctx, jti)
	return revoked && err == nil, nil
}

type alwaysHealthy struct{ storage.Store }

func (s alwaysHealthy) Ping(context.Context) error { return nil }
