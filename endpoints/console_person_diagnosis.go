package endpoints

import (
	"strconv"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
)

// reasonTexts say what a reason is, and what to do about it.
var reasonTexts = map[admin.ReasonCode][2]console.Text{
	admin.ReasonDisabled:          {console.T("people.why_disabled"), console.T("people.do_enable")},
	admin.ReasonNoWayIn:           {console.T("people.why_no_way_in"), console.T("people.do_link")},
	admin.ReasonNoPassword:        {console.T("people.why_no_password"), console.T("people.do_link_if_wanted")},
	admin.ReasonThrottledAccount:  {console.T("people.why_throttled_account"), console.T("people.do_unlock")},
	admin.ReasonThrottledNetwork:  {console.T("people.why_throttled_network"), console.T("people.do_unlock")},
	admin.ReasonMustChange:        {console.T("people.why_must_change"), console.T("people.do_sign_in")},
	admin.ReasonFactorMissing:     {console.T("people.why_factor_missing"), console.T("people.do_enrol")},
	admin.ReasonPasskeyMissing:    {console.T("people.why_passkey_missing"), console.T("people.do_enrol")},
	admin.ReasonNoRecoveryCodes:   {console.T("people.why_no_codes"), console.T("people.do_reset_factors")},
	admin.ReasonWrongPassword:     {console.T("people.why_wrong_password"), console.T("people.do_link")},
	admin.ReasonWrongSecondFactor: {console.T("people.why_wrong_factor"), console.T("people.do_reset_factors")},
	admin.ReasonRefusedLogin:      {console.T("people.why_refused"), console.T("people.do_see_audit")},
}

// personDiagnosis says why somebody cannot sign in, and what to do.
func personDiagnosis(d admin.Diagnosis) []console.Block {
	last := console.Fact{Name: console.T("people.last_login"), Value: console.T("people.no_login")}
	if d.LastLoginAt != nil {
		last.Value = console.Time(*d.LastLoginAt)
	}
	facts := console.Facts{last}
	for _, r := range d.Reasons {
		texts := reasonTexts[r.Code]
		certain := console.Badge{Text: console.T("people.why_maybe"), Kind: console.Plain}
		if r.Blocks {
			certain = console.Badge{Text: console.T("people.why_blocks"), Kind: console.Warn}
		}
		said := console.Group{certain, texts[1]}
		if r.Until != nil {
			said = append(said, console.T("people.why_until", "time", console.Time(*r.Until)))
		}
		if r.Count > 0 {
			said = append(said, console.T("people.why_count", "count", strconv.Itoa(r.Count)))
		}
		facts = append(facts, console.Fact{Name: texts[0], Value: said})
	}
	if len(d.Reasons) == 0 {
		return []console.Block{facts, console.Paragraph{Text: console.T("people.why_nothing"), Hint: true}}
	}
	return []console.Block{facts}
}
