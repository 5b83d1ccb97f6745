package authorization_test

import (
	"testing"

	"example.org/signet/issuer/authorization"
)

func TestLevel_OfEveryValue(t *testing.T) {
	for acr, want := range map[string]authorization.Level{
		"urn:signet:1fa": authorization.Level1FA, "1": authorization.Level1FA, "urn:signet:2fa": authorization.Level2FA, "2": authorization.Level2FA,
		"urn:signet:phr": authorization.LevelPHR, "phr": authorization.LevelPHR, "phrh": authorization.LevelPHR,
		"": authorization.LevelNone, "3": authorization.LevelNone, "urn:signet:": authorization.LevelNone,
	} {
		if got := authorization.LevelOf(acr); got != want {
			t.Errorf("%q is of level %d, want %d", acr, got, want)
		}
	}
	for _, acr := range authorization.ACRValues(true) {
		if got := authorization.LevelOf(acr).ACR(); got != acr {
			t.Errorf("%s becomes %s", acr, got)
		}
	}
}

// What a request wants of the user's authentication, by what the session has and the user can.
func TestNextStep_SecondFactor(t *testing.T) {
	const none, one, two = authorization.LevelNone, authorization.Level1FA, authorization.Level2FA
	essential := func(values string) string {
		return with("claims", `{"id_token":{"acr":{"essential":true,"values":[`+values+`]}}}`)
	}
	for name, c := range map[string]struct {
		query            string
		level, reachable authorization.Level
		want             authorization.Step
	}{
		"nothing wanted":                      {with("state", "x"), one, two, step("respond", "")},
		"nothing wanted of an unknown level":  {with("state", "x"), none, one, step("respond", "")},
		"essential, had":                      {essential(`"urn:signet:2fa"`), two, two, step("respond", "")},
		"essential, can be had":               {essential(`"urn:signet:2fa"`), one, two, step("second_factor", "")},
		"essential, one of two is had":        {essential(`"urn:signet:2fa","urn:signet:1fa"`), one, two, step("respond", "")},
		"essential, without prompt":           {essential(`"urn:signet:2fa"`) + "&prompt=none", one, two, step("respond_error", "interaction_required")},
		"essential, known elsewhere":          {essential(`"2"`), two, two, step("respond_error", "unmet_authentication_requirements")},
		"voluntary, had":                      {with("acr_values", "urn:signet:2fa"), two, two, step("respond", "")},
		"voluntary, can be had":               {with("acr_values", "urn:signet:phr urn:signet:2fa"), one, two, step("second_factor", "")},
		"voluntary, by an alias":              {with("acr_values", "2"), one, two, step("second_factor", "")},
		"voluntary, the first is had":         {with("acr_values", "1 2"), one, two, step("respond", "")},
		"voluntary, cannot be had":            {with("acr_values", "urn:signet:2fa"), one, one, step("respond", "")},
		"voluntary, unknown":                  {with("acr_values", "loa3"), one, two, step("respond", "")},
		"voluntary, without prompt":           {with("acr_values", "2") + "&prompt=none", one, two, step("respond", "")},
		"voluntary by a claim, can be had":    {with("claims", `{"id_token":{"acr":{"values":["urn:signet:2fa"]}}}`), one, two, step("second_factor", "")},
		"voluntary by a claim, cannot be had": {with("claims", `{"id_token":{"acr":{"values":["urn:signet:2fa"]}}}`), one, one, step("respond", "")},
	} {
		t.Run(name, func(t *testing.T) {
			r, refusal := decide(t, app(), c.query)
			if refusal != nil {
				t.Fatal(refusal)
			}
			got := authorization.NextStep(r, signedIn(func(s *authorization.State) { s.Level, s.Reachable = c.level, c.reachable }))
			if got.Kind != c.want.Kind || got.Code != c.want.Code {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// What a policy demands of a user who cannot reach it.
func TestNextStep_Enrol(t *testing.T) {
	const one, two = authorization.Level1FA, authorization.Level2FA
	essential := `{"id_token":{"acr":{"essential":true,"value":"urn:signet:2fa"}}}`
	for name, c := range map[string]struct {
		query         string
		level, reach  authorization.Level
		policy        authorization.Level
		later, put    bool // it may be put off; it was
		old, shown    bool // the login is old; the user knows of the policy
		want          authorization.Step
		optional      bool
		passwordIsDue bool
	}{
		"no policy":                      {query: with("state", "x"), level: one, reach: one, want: step("respond", "")},
		"policy, had":                    {query: with("state", "x"), level: two, reach: two, policy: two, want: step("respond", "")},
		"policy, can be had":             {query: with("state", "x"), level: one, reach: two, policy: two, want: step("second_factor", "")},
		"policy, at once":                {query: with("state", "x"), level: one, reach: one, policy: two, want: step("enrol", "")},
		"policy, within the time":        {query: with("state", "x"), level: one, reach: one, policy: two, later: true, want: step("enrol", ""), optional: true},
		"put off":                        {query: with("state", "x"), level: one, reach: one, policy: two, later: true, put: true, want: step("respond", "")},
		"put off, but not any more":      {query: with("state", "x"), level: one, reach: one, policy: two, put: true, want: step("enrol", "")},
		"put off, and the factor is had": {query: with("state", "x"), level: one, reach: two, policy: two, later: true, put: true, want: step("second_factor", "")},
		"prompt=none at once":            {query: with("prompt", "none"), level: one, reach: one, policy: two, want: step("respond_error", "interaction_required")},
		"prompt=none within the time":    {query: with("prompt", "none"), level: one, reach: one, policy: two, later: true, want: step("respond", "")},
		"essential is not put off":       {query: with("claims", essential), level: one, reach: one, policy: two, later: true, put: true, want: step("enrol", "")},
		"an old login, at once":          {query: with("state", "x"), level: one, reach: one, policy: two, old: true, want: step("login", "")},
		"an old login, essential":        {query: with("claims", essential), level: one, reach: one, later: true, old: true, shown: true, want: step("login", "")},
		"an old login, within the time":  {query: with("state", "x"), level: one, reach: one, policy: two, later: true, old: true, want: step("login", "")},
		"an old login that knows of it":  {query: with("state", "x"), level: one, reach: one, policy: two, later: true, old: true, shown: true, want: step("respond", "")},
		"an old login, prompt=none":      {query: with("prompt", "none"), level: one, reach: one, policy: two, old: true, want: step("respond_error", "interaction_required")},
		"the new password comes first":   {query: with("state", "x"), level: one, reach: one, policy: two, passwordIsDue: true, want: step("change_password", "")},
		"the factor before the password": {query: with("state", "x"), level: one, reach: two, policy: two, passwordIsDue: true, want: step("second_factor", "")},
	} {
		t.Run(name, func(t *testing.T) {
			r, refusal := decide(t, app(), c.query)
			if refusal != nil {
				t.Fatal(refusal)
			}
			state := signedIn(done(r, false, false), func(s *authorization.State) {
				s.Level, s.Reachable, s.Policy, s.EnrolLater, s.MustChangePassword = c.level, c.reach, c.policy, c.later, c.passwordIsDue
				s.Stamp.Later, s.EnrolShown = c.put, c.shown
				if c.old {
					s.AuthTime = s.AuthTime.Add(-1)
				}
			})
			got := authorization.NextStep(r, state)
			if got.Kind != c.want.Kind || got.Code != c.want.Code || got.Optional != c.optional {
				t.Errorf("%+v, want %+v, optional %v", got, c.want, c.optional)
			}
		})
	}
}
