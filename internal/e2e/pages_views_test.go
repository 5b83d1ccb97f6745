package e2e_test

import (
	"slices"
	"time"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer/totp"
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
		{"second-factor", pages.SecondFactorView{Action: "/login/second-factor", Client: &notes, User: alice, Pending: "sealed", App: true, RestartURL: "/login"}},
		{"second-factor-wrong", pages.SecondFactorView{Action: "/login/second-factor", User: alice, Pending: "sealed", App: true, RestartURL: "/login", Problem: pages.ProblemCodeWrong}},
		{"enrol", pages.EnrolView{Action: "/login/enrol", Client: &notes, Until: pageTime.Add(7 * 24 * time.Hour), Enrolment: "sealed", Secret: shownSecret, QRSize: shownQR.Size, QRPath: shownQR.Path}},
		{"recovery-codes", pages.RecoveryCodesView{Codes: shownCodes, ContinueURL: "/login/continue"}},
		{"consent", pages.ConsentView{Action: "/consent", Client: notes, User: alice, Scopes: scopes, Audiences: []string{"https://api.notes.example.com"}, Remembered: true, SwitchURL: "/login"}},
		{"consent-unvetted", pages.ConsentView{Action: "/consent", Client: unvetted, User: alice, Scopes: scopes[:2], SwitchURL: "/login", Localhost: true}},
		{"consent-device", pages.ConsentView{Action: "/consent", Client: notes, User: alice, Scopes: scopes, SwitchURL: "/login", Device: &pages.Device{UserCode: "BCDF-GHJK", Name: "Television 4", Network: "192.0.2.0/24", AskedAt: pageTime}}},
		{"device", pages.DeviceView{Action: "/device"}},
		{"device-wrong", pages.DeviceView{Action: "/device", UserCode: "BCDF-GHJK", Problem: pages.ProblemUserCode}},
		{"device-approved", pages.DeviceDoneView{Done: pages.DeviceApproved, Client: notes}},
		{"device-denied", pages.DeviceDoneView{Done: pages.DeviceDenied, Client: notes}},
		{"device-refused", pages.DeviceDoneView{Done: pages.DeviceRefused, Client: notes, SwitchURL: "/login"}},
		{"continue", pages.ContinueView{URL: "com.example.notes:/callback?code=x", Client: notes}},
		{"continue-auto", pages.ContinueView{URL: "https://notes.example.com/callback?code=x", Client: notes, Auto: true}},
		{"logout", pages.LogoutView{Action: "/oauth2/logout", Client: &notes, User: &alice}},
		{"signed-out", pages.SignedOutView{Client: &notes, BackURL: "https://notes.example.com/bye"}},
		{"signed-out-bare", pages.SignedOutView{}},
		{"home", pages.HomeView{Issuer: "https://id.example.com"}},
		{"not-found", pages.StatusView{Status: 404, RequestID: "0195f2c4a7b1"}},
	}
	return slices.Concat(shown, shownErrors(notes), shownAccount(alice, notes, scopes), shownUpstream(alice, login), shownByMail(alice))
}

// shownUpstream are the pages about accounts at other providers.
func shownUpstream(alice pages.User, login pages.LoginView) (shown []shownPage) {
	providers := []pages.Connector{
		{ID: "company", Name: "Company", Action: "/login/upstream/company"}, {ID: "github", Name: "GitHub", Action: "/login/upstream/github"},
		{ID: "long", Name: "The Identity Provider of a Company with a Very Long Name", Action: "/login/upstream/long"},
	}
	login.Connectors = providers
	shown = append(shown, shownPage{"login-upstream", login})
	for name, problem := range map[string]pages.Problem{
		"denied": pages.ProblemUpstreamDenied, "expired": pages.ProblemUpstreamExpired, "refused": pages.ProblemUpstreamRefused, "unavailable": pages.ProblemUpstreamUnavailable,
	} {
		login.Problem = problem
		shown = append(shown, shownPage{"login-upstream-" + name, login})
	}
	login.Problem, login.Claimed = pages.ProblemUpstreamLinkHere, &pages.ClaimedAccount{Sealed: "sealed", As: "ann@example.com", At: "Company"}
	account := pages.Account{User: alice, Problem: pages.ProblemLastWayIn}
	return append(shown, shownPage{"login-upstream-link-here", login},
		shownPage{"account-linked", pages.AccountLinkedView{Account: account, Fresh: true, Connectors: providers, Linked: []pages.LinkedAccount{
			{ID: "l", Provider: "Company", Email: "alice@example.com", Since: pageTime, LastUsed: pageTime.Add(time.Hour)}, {ID: "m", Provider: "GitHub", Name: "Alice Arden", Since: pageTime},
		}}},
		shownPage{"account-linked-none", pages.AccountLinkedView{Account: pages.Account{User: alice}}})
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

// shownByMail are the pages of what people do by mail.
func shownByMail(alice pages.User) []shownPage {
	return []shownPage{
		{"forgot", pages.ForgotView{Action: "/login/forgot", BackURL: "/login", Problem: pages.ProblemMissing}},
		{"forgot-code", pages.ForgotCodeView{Action: "/login/forgot/code", AgainURL: "/login/forgot", Request: "sealed", Problem: pages.ProblemMailBrowser}},
		{"set-password", pages.SetPasswordView{Action: "/password/new", Token: "sealed", User: alice, PasswordMin: 8}},
		{"set-password-elsewhere", pages.SetPasswordView{Action: "/password/new", Token: "sealed", User: alice, PasswordMin: 8, AskCode: true, Code: "ABCD-EFGH", Problem: pages.ProblemMailLinkCode}},
		{"confirm-address", pages.ConfirmAddressView{Action: "/email/verify", Token: "sealed", User: alice}},
		{"mail-done", pages.MailDoneView{Done: pages.MailPasswordSet, URL: "/login"}},
		{"mail-link-ended", pages.MailDoneView{Done: pages.MailLinkEnded, URL: "/login/forgot"}},
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
		{"account-attributes", pages.AccountView{Account: pages.Account{User: alice, Problem: pages.ProblemAttributeInvalid}, Attributes: []pages.AttributeField{
			{Name: "badge", Text: "Badge number", Type: pages.AttributeInteger, Value: "seven", Invalid: true},
			{Name: "department", Text: "Department", Type: pages.AttributeString, Value: "Research", ReadOnly: true},
			{Name: "remote", Text: "Works remotely", Type: pages.AttributeBoolean, Value: "true"},
			{Name: "teams", Text: "Teams", Type: pages.AttributeStrings, Value: "Harbour\nNight shift"},
		}}},
		{"account-password", pages.AccountPasswordView{Account: pages.Account{User: alice, Problem: pages.ProblemPasswordWrong}, PasswordMin: 8}},
		{"account-factors-none", pages.AccountFactorsView{Account: account, AskPassword: true}},
		{"account-factors", pages.AccountFactorsView{Account: account, App: &pages.Factor{Since: pageTime, LastUsed: pageTime.Add(time.Hour)}, CodesLeft: 9}},
		{"account-factors-passkey", pages.AccountFactorsView{Account: account, CanPasskeys: true, CodesLeft: 9, Passkeys: []pages.Passkey{{ID: "a", Name: "Phone", Synced: true, Factor: pages.Factor{Since: pageTime}}, {ID: "b", Name: "Key ring", Factor: pages.Factor{Since: pageTime}}}}},
		{"account-enrol", pages.AccountEnrolView{Account: pages.Account{User: alice, Problem: pages.ProblemCodeWrong}, Enrolment: "sealed", Secret: shownSecret, QRSize: shownQR.Size, QRPath: shownQR.Path}},
		{"account-codes", pages.AccountCodesView{Account: account, Codes: shownCodes, Added: true}},
		{"account-sessions", pages.AccountSessionsView{Account: account, Sessions: sessions, Others: inBrowser[:1]}},
		{"account-apps", pages.AccountAppsView{Account: account, Consents: []pages.Consent{{Client: notes, Scopes: scopes, Since: pageTime}, {Client: wiki, Scopes: scopes[:1], Since: pageTime}}}},
		{"account-apps-none", pages.AccountAppsView{Account: account}},
	}
}

// What the pages of second factors show.
const shownSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

var (
	shownQR, _ = totp.NewQR("otpauth://totp/Example%20ID:alice?secret=" + shownSecret + "&issuer=Example%20ID&algorithm=SHA1&digits=6&period=30")
	shownCodes = []string{
		"2K7M-9QXV-4HTD-B3WR", "8F5N-J6ZC-1YPG-RM4E", "T9V2-KD7H-6QXA-5C3S", "M4W8-ZBF1-N7JE-Y2K6", "6H3T-P5RQ-VX9C-D8MA",
		"B1YZ-4G7K-2NWS-JT5F", "Q8C6-XE3M-9DHV-1R4P", "5S7J-TA2B-K6ZW-F9YN", "R3QD-8M1X-CG5T-7VEH", "W6PK-Y4N9-B2FS-3J8Z",
	}
)
