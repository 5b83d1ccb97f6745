package issuer_test

import (
	"context"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

const newPass = "a longer battery staple"

func (b *browser) changePassword(query string, pw issuer.Secret) issuer.Outcome {
	b.t.Helper()
	o, err := b.signIn.ChangePassword(b.ctx, b.interaction(query), pw)
	must(b.t, err)
	b.keep(o)
	return o
}

func newMustChangeFixture(t testing.TB, adjust ...func(*storage.Client)) (*fixture, *browser) {
	f, b := newSignInFixture(t, adjust...)
	f.updateUser("alice", func(u *storage.User) { u.MustChangePassword = true })
	return f, b
}

// L28: the login leads to the new password, and on to the application.
func TestMustChangePassword_IsAStepOfTheFlow(t *testing.T) {
	f, b := newMustChangeFixture(t)
	query := page(t, "login", b.logIn(request("prompt", "login")), authorization.StepChangePassword)
	for name, q := range map[string]string{"reload": query, "the request": request(), "without the stamp": request("prompt", "")} {
		page(t, "skipped by "+name, b.authorize(q), authorization.StepChangePassword)
	}
	page(t, "skipped by the consent page", b.consent(query, true), authorization.StepChangePassword)
	if b.alive() {
		t.Error("the account page counts the user as signed in")
	}
	before := b.cookie
	o := b.changePassword(query, newPass)
	wantCodeOf(t, "the new password", o)
	if b.cookie == before {
		t.Error("the cookie is the old one")
	}
	wantCodeOf(t, "single sign-on", b.authorize(request("prompt", "none")))
	old := f.browser(b.signIn)
	old.cookie = before
	wantError(t, "the old cookie", old.authorize(request("prompt", "none")), "login_required")
	wantCodeOf(t, "a double submit", b.changePassword(request(), newPass+"!"))
	other := f.browser(b.signIn)
	if o := other.logIn(request()); o.Problem != issuer.ProblemWrongCredentials {
		t.Errorf("the old password: %q", o.Problem)
	}
	wantCodeOf(t, "the new password", other.logInAs(request(), "alice", newPass))
	f.wantEvents(audit.EventPasswordSet, 1)
}

// L27: the rules of passwords; what is refused leaves all as it was.
func TestMustChangePassword_JudgesTheNewOne(t *testing.T) {
	f, b := newMustChangeFixture(t)
	query := page(t, "login", b.logIn(request()), authorization.StepChangePassword)
	for pw, want := range map[issuer.Secret]issuer.Problem{
		"": issuer.ProblemMissing, "short": issuer.ProblemPasswordShort, "password1": issuer.ProblemPasswordCommon,
		alicePass: issuer.ProblemPasswordSame, "alice@example.org": issuer.ProblemPasswordCommon, "nul\x00nul\x00nul": issuer.ProblemPasswordRefused,
	} {
		o := b.changePassword(query, pw)
		page(t, string(pw), o, authorization.StepChangePassword)
		if o.Problem != want || o.Query == "" {
			t.Errorf("%q: problem %q, want %q", pw, o.Problem, want)
		}
	}
	f.wantEvents(audit.EventPasswordSet, 0)
	wantCodeOf(t, "a good one", b.changePassword(query, newPass))
}

// The other sessions of the user end, as with a change of one's own password.
func TestMustChangePassword_EndsTheOtherSessions(t *testing.T) {
	f, b := newSignInFixture(t)
	tokens := f.mustLogin()
	elsewhere := f.browser(b.signIn)
	elsewhere.logIn(request())
	f.updateUser("alice", func(u *storage.User) { u.MustChangePassword = true })
	query := page(t, "login", b.logIn(request()), authorization.StepChangePassword)
	wantCodeOf(t, "the new password", b.changePassword(query, newPass))
	if f.active(tokens.AccessToken) || elsewhere.alive() || !b.alive() {
		t.Errorf("token %t, other browser %t, this one %t", f.active(tokens.AccessToken), elsewhere.alive(), b.alive())
	}
}

// Who holds a cookie and not the password cannot set one.
func TestMustChangePassword_NeedsAFreshLogin(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	f.advance(11 * time.Minute)
	f.updateUser("alice", func(u *storage.User) { u.MustChangePassword = true })
	query := page(t, "an old session", b.authorize(request()), authorization.StepLogin)
	page(t, "the post", b.changePassword(query, newPass), authorization.StepLogin)
	f.wantEvents(audit.EventPasswordSet, 0)
	query = page(t, "login", b.logIn(query), authorization.StepChangePassword)
	f.updateUser("alice", func(u *storage.User) { u.Epoch++ }) // an administrator ends the sessions meanwhile
	o := b.changePassword(query, newPass)
	page(t, "an ended session", o, authorization.StepLogin)
	f.wantEvents(audit.EventPasswordSet, 0)
}

func TestMustChangePassword_ReplacerSaysNo(t *testing.T) {
	f, b := newMustChangeFixture(t)
	query := page(t, "login", b.logIn(request()), authorization.StepChangePassword)
	fails := &failingReplacer{storage.ErrConflict}
	b.signIn = f.Issuer.SignIn(fails)
	cookie := b.cookie
	o := b.changePassword(query, newPass)
	if page(t, "ended meanwhile", o, authorization.StepLogin); o.Problem != issuer.ProblemSessionEnded || !o.Cookie.Clear {
		t.Errorf("problem %q", o.Problem)
	}
	b.cookie, fails.err = cookie, &issuer.FieldError{Field: "password", Reason: "no"}
	if o = b.changePassword(query, newPass); o.Problem != issuer.ProblemPasswordRefused {
		t.Errorf("problem %q", o.Problem)
	}
	fails.err = storage.ErrUnavailable
	_, err := b.signIn.ChangePassword(b.ctx, b.interaction(query), newPass)
	wantCode(t, "not known", err, issuer.Unavailable)
}

// L28: the password grant refuses such a user, and tells so only who knows the password.
func TestMustChangePassword_PasswordGrant_Refuses(t *testing.T) {
	f, _ := newMustChangeFixture(t)
	_, wrong := f.login("alice", "wrong guess")
	_, unknown := f.login("nobody", "wrong guess")
	_, right := f.login("alice", alicePass)
	for _, err := range []error{wrong, unknown, right} {
		wantCode(t, "grant", err, issuer.InvalidGrant)
	}
	if wrong.Error() != unknown.Error() || right.Error() == wrong.Error() {
		t.Errorf("%v / %v / %v", wrong, unknown, right)
	}
	events := f.wantEvents(audit.EventLoginFailed, 3)
	if events[2].Detail != "the password must be changed" || events[2].Target != f.userID("alice") {
		t.Errorf("%+v", events[2])
	}
	f.wantEvents(audit.EventLoginSucceeded, 0)
}

// endingReplacer sets passwords, and just before does something else.
type endingReplacer struct {
	issuer.PasswordReplacer
	before func()
}

func (r *endingReplacer) ReplacePassword(ctx context.Context, u storage.User, pw issuer.Secret, info issuer.RequestInfo) (storage.User, error) {
	r.before()
	return r.PasswordReplacer.ReplacePassword(ctx, u, pw, info)
}

// What ends the browser session, or everybody's, while the password is hashed ends the session
// that would take its place too.
func TestMustChangePassword_SessionEndedMeanwhile_GetsNoNewOne(t *testing.T) {
	for name, end := range map[string]func(*fixture){
		"by an administrator": func(f *fixture) {
			must(f.t, f.OwnBrowsers().EndSessions(f.ctx, f.userID("alice"), issuer.RequestInfo{Actor: "admin"}))
		},
		"with everybody's": func(f *fixture) {
			_, err := f.store.RaiseEpoch(f.ctx, storage.EpochRaise{At: storage.Time(f.clock.Now())})
			must(f.t, err)
		},
	} {
		f, b := newMustChangeFixture(t)
		query := page(t, name, b.logIn(request()), authorization.StepChangePassword)
		b.signIn = f.Issuer.SignIn(&endingReplacer{f.admins, func() { end(f) }})
		o := b.changePassword(query, newPass)
		if o.Step.Kind != authorization.StepLogin || b.alive() {
			t.Errorf("ended %s: %s, signed in %t", name, o.Step.Kind, b.alive())
		}
		if n := len(f.pending("alice")); n != 0 {
			t.Errorf("ended %s: %d codes", name, n)
		}
		wantCodeOf(t, name+", a new login", b.logInAs(request(), "alice", newPass))
	}
}
