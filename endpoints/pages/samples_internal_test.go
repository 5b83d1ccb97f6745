package pages

import (
	"strings"
	"testing"
	"time"
)

// Every page can be rendered in every language, and is one document with one heading.
func TestRender_EveryPageInEveryLanguage(t *testing.T) {
	p, err := New(Config{Issuer: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range p.languages {
		for _, v := range samples() {
			body, err := p.Render(v, lang)
			if err != nil {
				t.Errorf("%s: %v", lang, err)
				continue
			}
			text := string(body)
			for part, want := range map[string]int{"<!doctype html>": 1, "<h1>": 1, "<main": 1, "</html>": 1, `lang="` + lang + `" dir="ltr"`: 1, "ZgotmplZ": 0, "<footer": 0, "{": 0} {
				if got := strings.Count(text, part); got != want {
					t.Errorf("%T in %s: %q occurs %d times, want %d\n%s", v, lang, part, got, want, text)
				}
			}
		}
	}
}

// samples returns at least one view of every page, with everything that can be on it.
func samples() []View {
	at := time.Date(2026, 11, 30, 16, 51, 0, 0, time.UTC)
	c := Client{ID: "notes", Name: "Notes", LogoURL: "/logo", HomeURL: "https://notes.example", PolicyURL: "https://notes.example/privacy", TermsURL: "https://notes.example/terms", IDHost: "notes.example", RedirectHost: "notes.example"}
	u := User{Username: "alice", Name: "Alice Arden", Email: "alice@example.com", Phone: "+49 30 901820"}
	details := Details{Code: "invalid_request", Description: "not registered", RequestID: "1f3a", Time: at, ClientID: "notes", RedirectURI: "https://notes.example/cb", Nearest: "https://notes.example/callback"}
	account := Account{User: u, Notice: NoticeSaved}
	apps := []AppSession{{ID: "s1", Client: c, Since: at, LastUsed: at, Offline: true}}
	scopes := []Scope{{Name: "openid"}, {Name: "items:read"}, {Name: "items:write", Text: "change your items"}}
	return []View{
		LoginView{Action: "/login", Client: &c, Username: "alice", Remember: RememberOffered, OtherUser: &u, StateURL: "/login/state", ForgotURL: "/login/forgot"},
		LoginView{Action: "/login", Problem: ProblemUnavailable, RetryAfter: time.Minute, RetryURL: "/login", Remember: RememberSelected},
		LoginView{Action: "/login", Connectors: []Connector{{ID: "company", Name: "Company", Action: "/login/upstream/company"}}},
		LoginView{Action: "/login", Problem: ProblemUpstreamLinkHere, Claimed: &ClaimedAccount{Sealed: "sealed", As: "ann@example.com", At: "Company"}},
		AccountLinkedView{Account: account, Linked: []LinkedAccount{{ID: "l", Provider: "Company", Email: "alice@example.com", Since: at, LastUsed: at}, {ID: "m", Provider: "GitHub", Name: "Alice", Since: at}}, Connectors: []Connector{{ID: "company", Name: "Company", Action: "/login/upstream/company"}}},
		AccountLinkedView{Account: account, Fresh: true},
		ChangePasswordView{Action: "/login/password", Client: &c, User: u, AskCurrent: true, PasswordMin: 8, Problem: ProblemPasswordCommon},
		ConsentView{Action: "/consent", Client: c, User: u, Scopes: append(scopes, Scope{Name: "offline_access"}), Audiences: []string{"https://api.example"}, Remembered: true, SwitchURL: "/login", Localhost: true},
		ConsentView{Action: "/consent", Client: c, User: u, Scopes: scopes, Device: &Device{UserCode: "BCDF-GHJK", Name: "television 4", Network: "192.0.2.0/24", AskedAt: at}},
		DeviceView{Action: "/device", UserCode: "BCDF-GHJK", Problem: ProblemUserCode}, DeviceView{Action: "/device", Problem: ProblemThrottled, RetryAfter: time.Minute},
		DeviceDoneView{Done: DeviceApproved, Client: c}, DeviceDoneView{Done: DeviceDenied, Client: c}, DeviceDoneView{Done: DeviceRefused, Client: c, SwitchURL: "/login"},
		FormPostView{Action: "https://notes.example/cb", Fields: []Field{{"code", "c"}, {"state", "s"}}, Client: c},
		ContinueView{URL: "com.example.notes:/cb?code=c", Client: c}, ContinueView{URL: "https://notes.example.com/cb?code=c", Client: c, Auto: true},
		LoopView{Client: c, ContinueURL: "/oauth2/authorize", Details: details},
		ErrorView{Kind: ErrorRedirectURIMismatch, Client: &c, BackURL: "https://notes.example", RetryURL: "/oauth2/authorize", Details: details},
		LogoutView{Action: "/oauth2/logout", Fields: []Field{{"state", "s"}}, Client: &c, User: &u},
		SignedOutView{Client: &c, BackURL: "https://notes.example"},
		StatusView{Status: 404, RequestID: "1f3a"},
		HomeView{Issuer: "https://id.example"},
		HomeView{Issuer: "https://id.example", Admin: true},
		ForgotView{Action: "/login/forgot", BackURL: "/login", Username: "alice", Problem: ProblemThrottled},
		ForgotCodeView{Action: "/login/forgot/code", Request: "sealed", AgainURL: "/login/forgot", Problem: ProblemMailCodeWrong},
		SetPasswordView{Action: "/password/new", Token: "sealed", User: u, PasswordMin: 8, Problem: ProblemPasswordShort},
		SetPasswordView{Action: "/password/new", Token: "sealed", User: u, First: true},
		SetPasswordView{Action: "/password/new", Token: "sealed", User: u, AskCode: true, Code: "ABCD-EFGH", Problem: ProblemMailLinkCode},
		ConfirmAddressView{Action: "/email/verify", Token: "sealed", User: u},
		MailDoneView{Done: MailLinkEnded, URL: "/login/forgot"}, MailDoneView{Done: MailPasswordSet, URL: "/login"}, MailDoneView{Done: MailAddressConfirmed, URL: "/account"},
		AccountView{Account: account, Version: "3", Address: AddressUnconfirmed}, AccountView{Account: account, Version: "3", Address: AddressConfirmed},
		AccountView{Account: account, Attributes: []AttributeField{
			{Name: "department", Text: "Department", Type: AttributeString, Value: "Sales", ReadOnly: true}, {Name: "color", Type: AttributeString, Value: "red", MaxLength: 8},
			{Name: "badge", Type: AttributeInteger, Value: "x", Invalid: true}, {Name: "remote", Type: AttributeBoolean, Value: "true"}, {Name: "driver", Type: AttributeBoolean, Value: "false", ReadOnly: true},
			{Name: "nurse", Type: AttributeBoolean, Value: "true", ReadOnly: true}, {Name: "teams", Type: AttributeStrings, Value: "a\nb", MaxLength: 8}, {Name: "groups_", Type: AttributeStrings, Value: "a\nb", ReadOnly: true},
		}},
		AccountPasswordView{Account: account, PasswordMin: 8},
		SecondFactorView{Action: "/login/second-factor", Client: &c, User: u, Pending: "sealed", App: true, RestartURL: "/login", Problem: ProblemCodeWrong},
		SecondFactorView{Action: "/login/second-factor", User: u, Pending: "sealed", Passkey: &PasskeyRequest{Options: "[]", Challenge: "sealed"}},
		SecondFactorView{Action: "/login/second-factor", User: u, Pending: "sealed", App: true, RestartURL: "/login", Problem: ProblemRecoveryCode},
		EnrolView{Action: "/login/enrol", Client: &c, Passkey: &PasskeyRequest{Options: "[]", Challenge: "sealed"}, Problem: ProblemPasskeyName},
		EnrolView{Action: "/login/enrol", Client: &c},
		EnrolView{Action: "/login/enrol", Client: &c, Until: at, Passkey: &PasskeyRequest{Options: "[]", Challenge: "sealed"}, Enrolment: "sealed", Secret: "GEZDGNBVGY3TQOJQ", URI: "otpauth://totp/id.example:ann?secret=GEZDGNBVGY3TQOJQ", QRSize: 29, QRPath: "M4 4h7v1h-7z"},
		RecoveryCodesView{Codes: []string{"ABCD-EFGH-JKMN-PQRS"}, ContinueURL: "/login/continue"},
		AccountFactorsView{Account: account},
		AccountFactorsView{Account: account, App: &Factor{Since: at, LastUsed: at}, CodesLeft: 3, AskPassword: true},
		AccountFactorsView{Account: account, CanPasskeys: true, Passkeys: []Passkey{{ID: "k", Name: "Phone", Synced: true, Factor: Factor{Since: at, LastUsed: at}}}},
		AccountPasskeyView{Account: account, Passkey: PasskeyRequest{Options: "[]", Challenge: "sealed"}},
		AccountEnrolView{Account: account, Enrolment: "sealed", Secret: "GEZDGNBVGY3TQOJQ", URI: "otpauth://totp/id.example:ann?secret=GEZDGNBVGY3TQOJQ", QRSize: 29, QRPath: "M4 4h7v1h-7z"},
		AccountCodesView{Account: account, Codes: []string{"ABCD-EFGH-JKMN-PQRS"}, Added: true},
		AccountSessionsView{Account: account, Sessions: []BrowserSession{{Handle: "h", Current: true, Device: "Firefox 140 on Linux", Network: "192.0.2.0/24", SignedIn: at, LastSeen: at, Until: at, Apps: apps}, {Handle: "i"}}, Others: apps, More: true},
		AccountSessionsView{Account: account},
		AccountAppsView{Account: account, Consents: []Consent{{Client: c, Scopes: scopes, Audiences: []string{"https://api.example"}, Since: at}}, More: true},
		AccountAppsView{Account: account},
	}
}
