package issuer_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// O15: the client hears of the end of a session, whatever ended it.
func TestSessionEnd_TellsTheClient(t *testing.T) {
	for name, end := range map[string]func(f *logoutFixture, b signedBrowser, s storage.Session){
		"logout in the browser": func(f *logoutFixture, b signedBrowser, _ storage.Session) {
			f.confirm(b, f.logout(b, url.Values{}))
		},
		"revoked by an administrator": func(f *logoutFixture, _ signedBrowser, s storage.Session) {
			must(f.t, f.operator().Sessions().End(f.ctx, s.ID))
		},
		"user disabled": func(f *logoutFixture, _ signedBrowser, _ storage.Session) {
			_, err := f.operator().Users().Disable(f.ctx, f.alice.ID)
			must(f.t, err)
		},
		"password set": func(f *logoutFixture, _ signedBrowser, _ storage.Session) {
			_, err := f.operator().Users().SetPassword(f.ctx, f.alice.ID, admin.NewPassword{Password: "another horse"})
			must(f.t, err)
		},
		"user deleted": func(f *logoutFixture, _ signedBrowser, _ storage.Session) {
			must(f.t, f.operator().Users().Delete(f.ctx, f.alice.ID))
		},
		"signed out everywhere": func(f *logoutFixture, _ signedBrowser, _ storage.Session) {
			_, err := f.operator().Users().EndSessions(f.ctx, f.alice.ID)
			must(f.t, err)
		},
		"client secret revoked": func(f *logoutFixture, _ signedBrowser, _ storage.Session) {
			_, err := f.operator().Clients().RotateSecret(f.ctx, "web", admin.SecretRotation{Revoke: true})
			must(f.t, err)
		},
		"everybody's sessions ended": func(f *logoutFixture, _ signedBrowser, _ storage.Session) {
			_, err := f.operator().Sessions().EndAll(f.ctx)
			must(f.t, err)
		},
		"token revoked by the client": func(f *logoutFixture, _ signedBrowser, s storage.Session) {
			must(f.t, f.store.RevokeSession(f.ctx, s.ID, f.clock.Now(), "token revoked"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newLogoutFixture(t)
			b := f.signIn(f.alice)
			s, _ := f.child(b, "web")
			pending, _ := f.child(b, "other", func(s *storage.Session) {
				s.Generation, s.StatusIndex, s.Code = storage.PendingGeneration, 0, storage.Code{RedirectHash: "x"}
			})
			end(f, b, s)
			f.deliver(f.Issuer)
			f.deliver(f.Issuer)
			if told := f.rp.told(); !slices.Equal(told, []string{s.ID}) {
				t.Errorf("told of %v, want %s alone (%s was never redeemed)", told, s.ID, pending.ID)
			}
		})
	}
}

// O15: reuse of a refresh token, and a login beyond the limit.
func TestSessionEnd_ReuseAndLimit_TellTheClient(t *testing.T) {
	f := newLogoutFixture(t, func(c *issuer.Config) { c.MaxSessions, c.RefreshGrace = 1, 0 })
	first := f.mustLogin()
	f.clock.Advance(time.Second)
	second := f.mustLogin()
	f.deliver(f.Issuer)
	if told := f.rp.told(); len(told) != 1 {
		t.Errorf("a login beyond the limit: told of %v", told)
	}
	if f.active(first.AccessToken) {
		t.Error("the first session lives on")
	}
	f.mustRefresh(second.RefreshToken)
	if _, err := f.refreshWith("web", second.RefreshToken); err == nil {
		t.Fatal("a used refresh token was accepted")
	}
	f.deliver(f.Issuer)
	if told := f.rp.told(); len(told) != 1 {
		t.Errorf("a reused refresh token: told of %v", told)
	}
}

// A client without a back-channel logout URI, and one that is gone, are not told.
func TestSessionEnd_ClientWantsNone_TellsNobody(t *testing.T) {
	f := newLogoutFixture(t)
	f.update("other", func(c *storage.Client) { c.BackchannelLogoutURI = "" })
	b := f.signIn(f.alice)
	f.child(b, "other")
	f.child(b, "gone")
	f.confirm(b, f.logout(b, url.Values{}))
	f.deliver(f.Issuer)
	page, err := f.store.ListMessages(f.ctx, storage.Page{})
	must(t, err)
	if told := f.rp.told(); len(told) != 0 || len(page.Messages) != 0 {
		t.Errorf("told of %v, waiting %v", told, page.Messages)
	}
}

// A crash between the message and the mark leaves both: the next pass enqueues the same
// message, which is still one.
func TestSessionEnd_CrashAfterEnqueueing_TellsOnce(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	s, _ := f.child(b, "web")
	f.confirm(b, f.logout(b, url.Values{}))
	f.store.clearing = func() error { return storage.Unavailable("test", context.DeadlineExceeded) }
	if err := f.RefreshStatus(f.ctx); err == nil {
		t.Fatal("the store did not fail")
	}
	f.store.clearing = nil
	f.deliver(f.newInstance())
	if told := f.rp.told(); !slices.Equal(told, []string{s.ID}) {
		t.Errorf("told of %v", told)
	}
}

// A store that takes no message keeps the mark: the next pass tells.
func TestSessionEnd_EnqueueFails_TellsLater(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	s, _ := f.child(b, "web")
	f.confirm(b, f.logout(b, url.Values{}))
	f.store.enqueuing = func() error { return storage.Unavailable("test", context.DeadlineExceeded) }
	if err := f.RefreshStatus(f.ctx); !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	f.store.enqueuing = nil
	f.deliver(f.Issuer)
	if told := f.rp.told(); !slices.Equal(told, []string{s.ID}) {
		t.Errorf("told of %v", told)
	}
}

// O14: a client that is down is told when it is back, over a restart and by one of two
// instances: once.
func TestSessionEnd_ClientDown_IsToldOnceAfterARestart(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	var sids []string
	for range 5 {
		s, _ := f.child(b, "web")
		sids = append(sids, s.ID)
	}
	f.rp.answer(http.StatusServiceUnavailable)
	f.confirm(b, f.logout(b, url.Values{}))
	f.deliver(f.Issuer)
	f.deliver(f.newInstance())
	if told := f.rp.told(); len(told) != 0 {
		t.Fatalf("told of %v", told)
	}
	f.rp.answer(http.StatusOK)
	restarted, other := f.newInstance(), f.newInstance()
	var told []string
	for range 10 {
		f.clock.Advance(time.Minute)
		f.deliver(restarted)
		f.deliver(other)
		told = append(told, f.rp.told()...)
	}
	slices.Sort(told)
	slices.Sort(sids)
	if !slices.Equal(told, sids) {
		t.Errorf("told of %v, want %v", told, sids)
	}
}

// A client that refuses is not asked again, and the audit log says so once.
func TestSessionEnd_ClientRefuses_IsAudited(t *testing.T) {
	f := newLogoutFixture(t)
	b := f.signIn(f.alice)
	s, _ := f.child(b, "web")
	f.rp.answer(http.StatusBadRequest)
	f.confirm(b, f.logout(b, url.Values{}))
	for range 3 {
		f.deliver(f.Issuer)
		f.clock.Advance(time.Hour)
	}
	page, err := f.store.ListAudit(f.ctx, storage.AuditFilter{Type: audit.EventDeliveryFailed}, storage.Page{})
	must(t, err)
	if len(page.Events) != 1 || page.Events[0].Target != s.ID || page.Events[0].ClientID != "web" {
		t.Errorf("events %+v", page.Events)
	}
}

// O14: a private address is not connected to unless it is allowed.
func TestSessionEnd_PrivateAddress_IsNotReached(t *testing.T) {
	f := newLogoutFixture(t, func(c *issuer.Config) { c.Messages.Allow = nil })
	b := f.signIn(f.alice)
	f.child(b, "web")
	f.confirm(b, f.logout(b, url.Values{}))
	f.deliver(f.Issuer)
	page, err := f.store.ListMessages(f.ctx, storage.Page{})
	must(t, err)
	if told := f.rp.told(); len(told) != 0 || len(page.Messages) != 1 {
		t.Errorf("told of %v, waiting %d", told, len(page.Messages))
	}
}
