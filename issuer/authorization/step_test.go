package authorization_test

import (
	"testing"
	"time"

	"example.org/signet/issuer/authorization"
)

func request(change ...func(*authorization.Request)) authorization.Request {
	r := authorization.Request{ClientID: "app", RedirectURI: "https://app.example.com/cb", Mode: authorization.ModeQuery}
	for _, f := range change {
		f(&r)
	}
	return r
}

func prompt(p authorization.Prompt) func(*authorization.Request) {
	return func(r *authorization.Request) { r.Prompt = p }
}

func maxAge(n int64) func(*authorization.Request) {
	return func(r *authorization.Request) { r.MaxAge = &n }
}

// signedIn is the state with a browser session that is ten minutes old.
func signedIn(change ...func(*authorization.State)) authorization.State {
	s := authorization.State{Now: noon, BrowserID: "b", UserID: "alice", AuthTime: noon.Add(-10 * time.Minute), Level: authorization.Level1FA, Reachable: authorization.Level1FA}
	for _, f := range change {
		f(&s)
	}
	return s
}

// done is the stamp of steps done just now.
func done(r authorization.Request, password, consent bool) func(*authorization.State) {
	return func(s *authorization.State) {
		s.Stamp = authorization.Stamp{Begun: noon, Request: r.Hash(), Password: password, Consent: consent, Browser: authorization.BrowserMark("b")}
	}
}

type stateChange = func(*authorization.State)

func TestNextStep(t *testing.T) {
	none, login, consent := prompt(authorization.Prompt{None: true}), prompt(authorization.Prompt{Login: true}), prompt(authorization.Prompt{Consent: true})
	must := func(s *authorization.State) { s.MustChangePassword = true }
	consentIs := func(c authorization.ConsentState) stateChange {
		return func(s *authorization.State) { s.Consent = c }
	}
	hint := func(s *authorization.State) { s.HintUserID = "bob" }
	looping := func(s *authorization.State) { s.Looping = true }
	clicked := func(s *authorization.State) { s.Clicked = true }
	foreign := func(s *authorization.State) { s.Stamp = authorization.Stamp{Begun: noon, Request: [16]byte{9}} }
	old := func(s *authorization.State) {
		s.InitiateLoginURI = "https://app.example.com/login"
		s.Stamp = authorization.Stamp{Begun: noon.Add(-31 * time.Minute), Request: request().Hash()}
	}
	nobody := authorization.State{Now: noon}
	for name, c := range map[string]struct {
		request authorization.Request
		state   authorization.State
		want    authorization.Step
	}{
		"nobody":                               {request(), nobody, step("login", "")},
		"nobody, none":                         {request(none), nobody, step("respond_error", "login_required")},
		"signed in":                            {request(), signedIn(), step("respond", "")},
		"signed in, none":                      {request(none), signedIn(), step("respond", "")},
		"prompt login":                         {request(login), signedIn(), step("login", "")},
		"prompt login, done":                   {request(login), signedIn(done(request(login), true, false)), step("respond", "")},
		"prompt login, done for another":       {request(login), signedIn(done(request(), true, false)), step("login", "")},
		"prompt taken out of the URL":          {request(), signedIn(done(request(login), false, false)), step("login", "")},
		"select_account":                       {request(prompt(authorization.Prompt{SelectAccount: true})), signedIn(), step("login", "")},
		"max_age 0":                            {request(maxAge(0)), signedIn(), step("login", "")},
		"max_age 0, done":                      {request(maxAge(0)), signedIn(done(request(maxAge(0)), true, false)), step("respond", "")},
		"max_age 599":                          {request(maxAge(599)), signedIn(), step("login", "")},
		"max_age 600":                          {request(maxAge(600)), signedIn(), step("respond", "")},
		"max_age of centuries":                 {request(maxAge(1 << 62)), signedIn(), step("respond", "")},
		"max_age 599, none":                    {request(maxAge(599), none), signedIn(), step("respond_error", "login_required")},
		"default max age":                      {request(), signedIn(func(s *authorization.State) { n := int64(5); s.DefaultMaxAge = &n }), step("login", "")},
		"hint of another":                      {request(), signedIn(hint), step("login", "")},
		"hint of another, none":                {request(none), signedIn(hint), step("respond_error", "login_required")},
		"hint of another, logged in":           {request(), signedIn(hint, done(request(), true, false)), step("respond_error", "login_required")},
		"must change password":                 {request(), signedIn(must), step("change_password", "")},
		"must change password, none":           {request(none), signedIn(must), step("respond_error", "interaction_required")},
		"consent due":                          {request(), signedIn(consentIs(authorization.ConsentDue)), step("consent", "")},
		"consent due, none":                    {request(none), signedIn(consentIs(authorization.ConsentDue)), step("respond_error", "consent_required")},
		"consent due, stamp of a withdrawn":    {request(), signedIn(consentIs(authorization.ConsentDue), done(request(), true, true)), step("consent", "")},
		"consent always":                       {request(), signedIn(consentIs(authorization.ConsentUnless)), step("consent", "")},
		"consent always, done":                 {request(), signedIn(consentIs(authorization.ConsentUnless), done(request(), true, true)), step("respond", "")},
		"prompt consent":                       {request(consent), signedIn(), step("consent", "")},
		"prompt consent, done":                 {request(consent), signedIn(done(request(consent), false, true)), step("respond", "")},
		"looping":                              {request(), signedIn(looping), step("loop", "")},
		"looping, clicked":                     {request(), signedIn(looping, clicked), step("respond", "")},
		"looping, none":                        {request(none), signedIn(looping), step("respond_error", "temporarily_unavailable")},
		"foreign stamp, nobody":                {request(), authorization.State{Now: noon, Stamp: authorization.Stamp{Begun: noon}}, step("login", "")},
		"foreign stamp, none":                  {request(none), signedIn(foreign), step("respond_error", "login_required")},
		"stale with initiate_login_uri":        {request(), signedIn(old), step("restart", "")},
		"stale without":                        {request(), signedIn(old, func(s *authorization.State) { s.InitiateLoginURI = "" }), step("respond", "")},
		"password change comes before consent": {request(consent), signedIn(must), step("change_password", "")},
	} {
		t.Run(name, func(t *testing.T) {
			got := authorization.NextStep(c.request, c.state)
			if got.Kind != c.want.Kind || got.Code != c.want.Code || got.Continue {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func step(kind, code string) authorization.Step {
	return authorization.Step{Kind: authorization.StepKind(kind), Code: code}
}

// Z31: an essential acr that cannot be reached, and the sub of another user.
func TestNextStep_Claims(t *testing.T) {
	for claims, want := range map[string]authorization.Step{
		`{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}`:                         step("respond_error", "unmet_authentication_requirements"),
		`{"id_token":{"acr":{"essential":true,"values":["urn:x","urn:signet:1fa"]}}}`:     step("respond", ""),
		`{"id_token":{"acr":{"values":["urn:x"]}}}`:                                       step("respond", ""),
		`{"id_token":{"acr":{"essential":true}}}`:                                         step("respond", ""),
		`{"id_token":{"sub":{"value":"bob"}}}`:                                            step("respond_error", "login_required"),
		`{"id_token":{"sub":{"value":"alice"}}}`:                                          step("respond", ""),
		`{"id_token":null,"userinfo":{"acr":{"essential":true,"value":"urn:elsewhere"}}}`: step("respond", ""),
	} {
		r, refusal := decide(t, app(), with("claims", claims)+"&prompt=none")
		if refusal != nil {
			t.Fatal(refusal)
		}
		if got := authorization.NextStep(r, signedIn()); got.Kind != want.Kind || got.Code != want.Code {
			t.Errorf("%s: %+v, want %+v", claims, got, want)
		}
	}
}

// C26: an answer to an application is shown on a page unless a click has led here.
func TestNextStep_PrivateUseScheme_NeedsClick(t *testing.T) {
	r := request(func(r *authorization.Request) { r.RedirectURI = "com.example.app:/cb" })
	if got := authorization.NextStep(r, signedIn()); got.Kind != authorization.StepRespond || !got.Continue {
		t.Errorf("%+v", got)
	}
	if got := authorization.NextStep(r, signedIn(func(s *authorization.State) { s.Clicked = true })); got.Continue {
		t.Errorf("after a click: %+v", got)
	}
	r.Prompt.None = true
	if got := authorization.NextStep(r, authorization.State{Now: noon}); got.Kind != authorization.StepRespondError || !got.Continue {
		t.Errorf("%+v", got)
	}
}
