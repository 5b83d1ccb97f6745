package pages

import g "maragu.dev/gomponents"

func (v SecondFactorView) name() string { return "second_factor" }

func (v SecondFactorView) build(f *frame) (page, error) {
	first, title, reason, reasonFor := "code", "factor.title", "factor.text", "factor.text_for"
	if v.Passkey != nil {
		first, title, reason, reasonFor = "", "factor_passkey.title", "factor_passkey.text", "factor_passkey.text_for"
	}
	s := f.form(v.Problem, v.RetryAfter, first)
	lead := f.text(reason)
	if v.Client != nil {
		lead = f.text(reasonFor, "app", v.Client.name())
	}
	return page{title: f.plain(title), failed: s.problem != nil, script: scriptOf(v.Passkey), main: el("main", attr("class", "card"),
		el("h1", f.text(title)),
		el("p", attr("class", "lead"), lead),
		el("p", attr("class", "hint"), f.text("factor.user", "user", v.User.Username)),
		f.alert(s),
		v.passkey(f),
		when(v.App, func() g.Node {
			return postForm(localTarget(v.Action),
				hidden("pending", v.Pending),
				f.codeField(s),
				submit("verify", f.text("factor.submit")),
			)
		}),
		el("details", g.If(v.Problem == ProblemRecoveryCode, flag("open")), el("summary", f.text("factor.recovery")),
			el("p", attr("class", "hint"), attr("id", "recovery-hint"), f.text("factor.recovery_text")),
			postForm(localTarget(v.Action),
				hidden("pending", v.Pending),
				f.field("recovery-code", "field.recovery_code",
					el("input", attr("id", "recovery-code"), attr("name", "recovery_code"), attr("type", "text"), attr("autocomplete", "off"),
						attr("autocapitalize", "characters"), attr("autocorrect", "off"), attr("spellcheck", "false"), attr("maxlength", "64"), flag("required"),
						s.describe("recovery-code"))),
				submit("verify-recovery", f.text("factor.recovery_submit")),
			)),
		when(v.RestartURL != "", func() g.Node {
			return el("p", el("a", attr("id", "restart"), href(localTarget(v.RestartURL)), f.text("factor.restart")))
		}),
	)}, nil
}

// passkey offers to use a passkey, or says what it needs.
func (v SecondFactorView) passkey(f *frame) g.Node {
	if v.Passkey == nil {
		return nil
	}
	return g.Group{
		f.passkeyForm("get", v.Action, *v.Passkey, hidden("pending", v.Pending), submit("passkey", f.text("factor_passkey.submit"))),
		el("noscript", el("p", attr("class", "hint"), f.text("factor_passkey.needs_script"))),
	}
}

// codeField asks for the code of an authenticator app. Browsers and password managers fill it in
// by the word one-time-code.
func (f *frame) codeField(s form) g.Node {
	return f.field("code", "field.code",
		el("input", attr("id", "code"), attr("name", "code"), attr("type", "text"), attr("inputmode", "numeric"), attr("autocomplete", "one-time-code"),
			attr("maxlength", "16"), flag("required"), s.describe("code")))
}
