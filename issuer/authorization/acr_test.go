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
	for _, acr := range authorization.ACRValues() {
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
