package pages

import g "maragu.dev/gomponents"

func (v EnrolView) name() string { return "enrol" }

func (v EnrolView) build(f *frame) (page, error) {
	s := f.form(v.Problem, 0, "")
	reason := f.text("enrol.required")
	if v.Client != nil {
		reason = f.text("enrol.required_for", "app", v.Client.name())
	}
	return page{title: f.plain("enrol.title"), failed: s.problem != nil, script: scriptOf(v.Passkey), main: el("main", attr("class", "card"),
		el("h1", f.text("enrol.title")),
		el("p", attr("class", "lead"), reason),
		f.alert(s),
		when(v.Enrolment != "", func() g.Node {
			return g.Group{
				el("p", f.text("enrol.text")),
				f.qrCode(v.QRSize, v.QRPath),
				f.secret(v.Secret, v.URI),
				postForm(localTarget(v.Action), hidden("enrolment", v.Enrolment), f.codeField(s), submit("confirm", f.text("enrol.submit"))),
			}
		}),
		f.enrolPasskey(v, s),
		when(!v.Until.IsZero(), func() g.Node {
			return postForm(localTarget(v.Action), hidden("decision", "later"),
				el("p", attr("class", "hint"), f.at("enrol.until", v.Until)),
				el("button", attr("id", "later"), attr("type", "submit"), f.text("enrol.later")))
		}),
	)}, nil
}

// enrolPasskey makes a passkey: beside the app, or alone where an app is not enough.
func (f *frame) enrolPasskey(v EnrolView, s form) g.Node {
	lead := f.text("enrol.passkey_instead")
	if v.Enrolment == "" {
		lead = f.text("enrol.passkey_only")
	}
	if v.Passkey == nil {
		return g.If(v.Enrolment == "", el("p", f.text("enrol.passkey_impossible")))
	}
	return g.Group{
		el("h2", f.text("enrol.passkey")),
		el("p", lead),
		f.passkeyForm("create", v.Action, *v.Passkey,
			f.field("passkey-name", "field.passkey_name",
				el("input", attr("id", "passkey-name"), attr("name", "name"), attr("type", "text"), attr("autocomplete", "off"), attr("maxlength", "64"), flag("required"), s.describe("passkey-name"))),
			submit("create-passkey", f.text("account.passkey_create"))),
		el("noscript", el("p", attr("class", "hint"), f.text("factor_passkey.needs_script"))),
	}
}

func (v RecoveryCodesView) name() string { return "recovery_codes" }

func (v RecoveryCodesView) build(f *frame) (page, error) {
	return page{title: f.plain("account.codes"), main: el("main", attr("class", "card"),
		el("h1", f.text("account.codes")),
		el("p", attr("class", "lead"), f.text("codes.text_added")),
		el("p", f.text("account.codes_text")),
		f.recoveryCodes(v.Codes),
		el("p", el("a", attr("class", "button primary"), attr("id", "codes-done"), href(localTarget(v.ContinueURL)), f.text("codes.done"))),
	)}, nil
}
