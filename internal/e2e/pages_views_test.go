package e2e_test

import (
	"time"

	"example.org/signet/endpoints/pages"
)

// shownPages are the pages as people meet them, in every state that looks different.
func shownPages() []shownPage {
	notes := pages.Client{ID: "notes", Name: "Notes", LogoURL: "/logo.svg", HomeURL: "https://notes.example.com", PolicyURL: "https://notes.example.com/privacy", TermsURL: "https://notes.example.com/terms"}
	unvetted := pages.Client{ID: "https://tool.example.net/client.json", Name: "Handy Tool", IDHost: "tool.example.net", RedirectHost: "localhost"}
	alice := pages.User{Username: "alice", Name: "Alice Arden", Email: "alice@example.com", Phone: "+49 30 901820"}
	login := pages.LoginView{Action: "/login?client_id=notes", Client: &notes, Remember: pages.RememberOffered}
	with := func(change func(*pages.LoginView)) pages.LoginView {
		v := login
		change(&v)
		return v
	}
	scopes := []pages.Scope{{Name: "openid"}, {Name: "profile"}, {Name: "email"}, {Name: "notes:write", Text: "read and change your notes"}, {Name: "offline_access"}}
	shown := []shownPage{
		{"login", login},
		{"login-bare", pages.LoginView{Action: "/login"}},
		{"login-wrong", with(func(v *pages.LoginView) { v.Username, v.Problem = "alice", pages.ProblemWrongCredentials })},
		{"login-throttled", with(func(v *pages.LoginView) {
			v.Username, v.Problem, v.RetryAfter = "alice", pages.ProblemThrottled, 4*time.Minute
		})},
		{"login-unavailable", with(func(v *pages.LoginView) {
			v.Username, v.Problem, v.RetryAfter, v.RetryURL = "alice", pages.ProblemUnavailable, 5*time.Second, "/login?client_id=notes"
		})},
		{"login-ended", with(func(v *pages.LoginView) { v.Problem, v.Remember = pages.ProblemSessionEnded, pages.RememberSelected })},
		{"login-other", with(func(v *pages.LoginView) { v.OtherUser = &alice })},
		{"login-unvetted", with(func(v *pages.LoginView) { v.Client = &unvetted })},
		{"password", pages.ChangePasswordView{Action: "/login/password", Client: &notes, User: alice, PasswordMin: 8}},
		{"password-common", pages.ChangePasswordView{Action: "/login/password", User: alice, AskCurrent: true, PasswordMin: 8, Problem: pages.ProblemPasswordCommon}},
		{"consent", pages.ConsentView{Action: "/consent", Client: notes, User: alice, Scopes: scopes, Audiences: []string{"https://api.notes.example.com"}, Remembered: true, SwitchURL: "/login"}},
		{"consent-unvetted", pages.ConsentView{Action: "/consent", Client: unvetted, User: alice, Scopes: scopes[:2], SwitchURL: "/login", Localhost: true}},
		{"continue", pages.ContinueView{URL: "com.example.notes:/callback?code=x", Client: notes}},
		{"continue-auto", pages.ContinueView{URL: "https://notes.example.com/callback?code=x", Client: notes, Auto: true}},
		{"logout", pages.LogoutView{Action: "/oauth2/logout", Client: &notes, User: &alice}},
		{"signed-out", pages.SignedOutView{Client: &notes, BackURL: "https://notes.example.com/bye"}},
		{"signed-out-bare", pages.SignedOutView{}},
		{"home", pages.HomeView{Issuer: "https://id.example.com"}},
		{"not-found", pages.StatusView{Status: 404, RequestID: "0195f2c4a7b1"}},
	}
	return append(append(shown, shownErrors(notes)...), shownAccount(alice, notes, scopes)...)
}

// shownErrors are the pages of requests that went wrong.
func shownErrors(notes pages.Client) []shownPage {
	details := pages.Details{
		Code: "invalid_request", Description: "redirect_uri is not registered for this client", RequestID: "0195f2c4a7b1", Time: pageTime, ClientID: "notes",
		RedirectURI: "https://notes.example.com/call-back?state=secret", Nearest: "https://notes.example.com/callback",
	}
	return []shownPage{
		{"error", pages.ErrorView{Kind: pages.ErrorRedirectURIMismatch, Client: &notes, BackURL: "https://notes.example.com", Details: details}},
		{"error-unknown-client", pages.ErrorView{Kind: pages.ErrorUnknownClient, Details: pages.Details{Code: "invalid_client", RequestID: "0195f2c4a7b1", Time: pageTime, ClientID: "nots"}}},
		{"error-unavailable", pages.ErrorView{Kind: pages.ErrorUnavailable, RetryURL: "/oauth2/authorize", RetryAfter: 5 * time.Second, Details: pages.Details{Code: "temporarily_unavailable", RequestID: "0195f2c4a7b1", Time: pageTime}}},
		{"loop", pages.LoopView{Client: notes, ContinueURL: "/oauth2/authorize?client_id=notes", Details: pages.Details{RequestID: "0195f2c4a7b1", Time: pageTime, ClientID: "notes"}}},
	}
}

var pageTime = time.Date(2026, 11, 30, 16, 51, 0, 0, time.UTC)

// shownAccount are the pages of the account.
func shownAccount(alice pages.User, notes pages.Client, scopes []pages.Scope) []shownPage {
	account := pages.Account{User: alice}
	saved := account
	saved.Notice = pages.NoticeSaved
	wiki := pages.Client{ID: "wiki", Name: "Wiki"}
	inBrowser := []pages.AppSession{{ID: "1", Client: notes, Since: pageTime, LastUsed: pageTime.Add(2 * time.Hour), Offline: true}, {ID: "2", Client: wiki, Since: pageTime}}
	sessions := []pages.BrowserSession{
		{Handle: "a", Current: true, Device: "Firefox 140 on Linux", Network: "192.0.2.0/24", SignedIn: pageTime, LastSeen: pageTime.Add(2 * time.Hour), Until: pageTime.Add(720 * time.Hour), Apps: inBrowser},
		{Handle: "b", Device: "Safari 26 on iPhone", SignedIn: pageTime, LastSeen: pageTime, Until: pageTime.Add(24 * time.Hour)},
	}
	return []shownPage{
		{"account", pages.AccountView{Account: saved}},
		{"account-password", pages.AccountPasswordView{Account: pages.Account{User: alice, Problem: pages.ProblemPasswordWrong}, PasswordMin: 8}},
		{"account-sessions", pages.AccountSessionsView{Account: account, Sessions: sessions, Others: inBrowser[:1]}},
		{"account-apps", pages.AccountAppsView{Account: account, Consents: []pages.Consent{{Client: notes, Scopes: scopes, Since: pageTime}, {Client: wiki, Scopes: scopes[:1], Since: pageTime}}}},
		{"account-apps-none", pages.AccountAppsView{Account: account}},
	}
}
