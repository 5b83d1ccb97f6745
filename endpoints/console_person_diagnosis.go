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
	t := console.Table{
		Caption: console.T("people.why_caption"), Empty: console.T("people.why_nothing"),
		Columns: []console.Column{{Title: console.T("people.why")}, {Title: console.T("people.why_certain")}, {Title: console.T("people.why_do")}, {Title: console.T("people.why_until")}, {Title: console.T("people.why_count"), Number: true}},
	}
	for _, r := range d.Reasons {
		texts := reasonTexts[r.Code]
		certain := console.Badge{Text: console.T("people.why_maybe"), Kind: console.Plain}
		if r.Blocks {
			certain = console.Badge{Text: console.T("people.why_blocks"), Kind: console.Warn}
		}
		row := console.Row{Cells: []console.Cell{texts[0], certain, texts[1], nil, nil}}
		if r.Until != nil {
			row.Cells[3] = console.Time(*r.Until)
		}
		if r.Count > 0 {
			row.Cells[4] = console.Lit(strconv.Itoa(r.Count))
		}
		t.Rows = append(t.Rows, row)
	}
	return []console.Block{console.Facts{last}, t}
}
