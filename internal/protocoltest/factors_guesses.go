package protocoltest

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/storage"
)

// What gives whoever knows the password, or has asked for a mail, no guesses beyond the limit.
var guessCases = []testCase{
	{name: "the password grant without a second factor forgives no wrong codes", configure: strictThrottle, run: testGrantForgivesNoCodes},
	{name: "an app that was begun before the factors changed", run: testStaleEnrolment},
	{name: "the right code of a mail while another instance fills its counter", configure: withMail, run: testMailCodePastLimit},
	{name: "thirty guesses at the code of a mail at the same time", configure: withMail, run: testMailCodeRace},
}

// Whoever knows the password would else have any number of guesses at the code, by logging in at a
// client that goes without it in between.
func testGrantForgivesNoCodes(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	s.changeClient(t, s.SPA, func(c *storage.Client) { c.PasswordGrantWithoutMFA = true })
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	for range limit {
		s.TryLogin(s.SPA, s.Alice, "openid").ExpectStatus(t, http.StatusOK)
		if p = b.sendCode(t, p, a.wrong()).asksForCode(t); p.Status != http.StatusUnauthorized {
			t.Errorf("a wrong code: %d", p.Status)
		}
	}
	if p := b.sendCode(t, p, a.next()); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right code past the limit: %d", p.Status)
	}
	s.TryLogin(s.SPA, s.Alice, "openid").ExpectStatus(t, http.StatusTooManyRequests)
	for range limit - 1 { // of a user without a factor the grant still forgives
		s.TryLogin(s.SPA, User{Username: s.Editor.Username, Password: "wrong password"}, "")
		s.TryLogin(s.SPA, s.Editor, "openid").ExpectStatus(t, http.StatusOK)
	}
}

// A form that somebody else has begun adds no app of theirs once the owner has one, or after a reset.
func testStaleEnrolment(t *testing.T, s *Signet) {
	for what, change := range map[string]func(u User){
		"after a reset": func(u User) {
			_, _ = s.enrolled(t, u)
			must(t, s.operator().Factors().Reset(context.Background(), u.ID))
		},
		"after an app came and went": func(u User) {
			_, _ = s.enrolled(t, u)
			must(t, s.operator().Factors().RemoveTOTP(context.Background(), u.ID))
		},
	} {
		u := s.AddUser(t, "stale-"+what[len(what)-4:])
		b := s.NewBrowser()
		b.signInToAccount(t, u)
		p := b.SendForm(t, b.Open(AccountFactors).expect(t, AccountFactors), AccountFactors+"/add", "")
		a := &app{s: s, seed: seedOf(t, p)}
		change(u)
		if p := b.SendForm(t, p, AccountFactors+"/confirm", "", "code", a.next()); strings.Contains(string(p.Body), "recovery-codes") {
			t.Errorf("%s: %d %s", what, p.Status, p.Body)
		}
		if f, err := s.backend.UserFactors(t.Context(), u.ID); err != nil || f.TOTP != nil {
			t.Errorf("%s: an app was added: %+v, %v", what, f, err)
		}
		b.enrol(t) // begun again, it is
	}
}

// A right code is told right only where the counter is not full by then.
func testMailCodePastLimit(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	b := s.NewBrowser()
	sent := b.forget(t, s.Alice.Username)
	code := codeInMail.FindString(s.mail(t, address).Text)
	var once sync.Once
	s.Store.Before(func(ctx context.Context, _ int, method string) error {
		if method == "UserByLogin" { // the place is taken
			once.Do(func() { s.fillElsewhere(ctx, t, "mail code:", 10) })
		}
		return nil
	})
	p := b.SendForm(t, sent, LoginForgotCode, "", "code", code)
	s.Store.Reset()
	if p.Status != http.StatusTooManyRequests {
		t.Errorf("the right code past the limit: %d at %s", p.Status, p.Path)
	}
}

// fillElsewhere counts so many failures on the one counter with that prefix, as an instance does that
// knows nothing of the attempts under way here.
func (s *Signet) fillElsewhere(ctx context.Context, t testing.TB, prefix string, failures int) {
	now := storage.Time(s.Clock.Now())
	counters, err := s.backend.Counters(ctx, now, prefix)
	if err != nil || len(counters) != 1 {
		t.Errorf("the counters with %s: %v, %v", prefix, counters, err)
		return
	}
	key := counters[0].Key
	for range failures {
		_, err := s.backend.ReserveCounters(ctx, now, time.Minute, storage.CounterClaim{Key: key, Limit: 100, Window: time.Hour})
		if err == nil {
			_, err = s.backend.SettleCounters(ctx, storage.CounterSettlement{Key: key, Action: storage.CounterKeep})
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func testMailCodeRace(t *testing.T, s *Signet) {
	address := s.addressed(t, s.Alice)
	b := s.NewBrowser()
	sent := b.forget(t, s.Alice.Username)
	code := codeInMail.FindString(s.mail(t, address).Text)
	var wrong, other atomic.Int64
	var all sync.WaitGroup
	for range 30 {
		guesser := s.NewBrowser()
		guesser.Cookies = maps.Clone(b.Cookies)
		all.Go(func() {
			switch p := guesser.own(LoginForgotCode, Form("request", sent.hidden("request"), "code", "WRNG-CDE1").Encode()); p.Status {
			case http.StatusUnauthorized:
				wrong.Add(1)
			case http.StatusTooManyRequests:
			default:
				other.Add(1)
			}
		})
	}
	all.Wait()
	if wrong.Load() != 10 || other.Load() != 0 {
		t.Errorf("%d of 30 guesses were judged, want 10; %d had another answer", wrong.Load(), other.Load())
	}
	if p := b.SendForm(t, sent, LoginForgotCode, "", "code", code); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right code after them: %d", p.Status)
	}
}
