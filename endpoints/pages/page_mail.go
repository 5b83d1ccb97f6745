package pages

import g "maragu.dev/gomponents"

func (v ForgotView) name() string { return "forgot" }

func (v ForgotView) build(f *frame) (page, error) {
	s := f.form(v.Problem, v.RetryAfter, "username")
	return page{title: f.plain("forgot.title"), failed: s.problem != nil, main: el("main", attr("class", "card"),
		el("h1", f.text("forgot.title")),
		el("p", attr("class", "lead"), f.text("forgot.text")),
		f.alert(s),
		postForm(localTarget(v.Action),
			f.field("username", "forgot.field",
				el("input", attr("id", "username"), attr("name", "username"), attr("type", "text"), attr("value", typed(v.Username)), attr("autocomplete", "username"),
					attr("autocapitalize", "none"), attr("autocorrect", "off"), attr("spellcheck", "false"), attr("maxlength", "255"), flag("required"), s.describe("username"))),
			submit("send", f.text("forgot.submit")),
		),
		el("p", el("a", attr("id", "back"), href(localTarget(v.BackURL)), f.text("forgot.back"))),
	)}, nil
}

func (v ForgotCodeView) name() string { return "forgot_code" }

func (v ForgotCodeView) build(f *frame) (page, error) {
	s := f.form(v.Problem, v.RetryAfter, "code")
	return page{title: f.plain("forgot.sent_title"), failed: s.problem != nil, main: el("main", attr("class", "card"),
		el("h1", f.text("forgot.sent_title")),
		el("p", attr("class", "lead"), f.text("forgot.sent")),
		f.alert(s),
		el("p", attr("id", "code-hint"), f.text("forgot.code_text")),
		postForm(localTarget(v.Action),
			hidden("request", v.Request),
			f.field("code", "forgot.code", f.mailCode(s, "", "")),
			submit("use-code", f.text("forgot.code_submit")),
		),
		el("p", el("a", attr("id", "again"), href(localTarget(v.AgainURL)), f.text("forgot.again"))),
	)}, nil
}

func (v SetPasswordView) name() string { return "set_password" }

func (v SetPasswordView) build(f *frame) (page, error) {
	first := "new-password"
	if v.AskCode {
		first = "code"
	}
	s := f.passwordForm(v.Problem, v.RetryAfter, first, v.PasswordMin)
	title, text := "set_password.title", "set_password.text"
	if v.First {
		title, text = "set_password.title_first", "set_password.text_first"
	}
	return page{title: f.plain(title), failed: s.problem != nil, main: el("main", attr("class", "card"),
		el("h1", f.text(title)),
		el("p", attr("class", "lead"), f.text(text)),
		f.alert(s),
		postForm(localTarget(v.Action),
			hidden("token", v.Token),
			when(v.AskCode, func() g.Node { return f.linkCode(s, v.Code) }),
			f.field("username", "field.username",
				el("input", attr("id", "username"), attr("name", "username"), attr("type", "text"), attr("value", typed(v.User.Username)), attr("autocomplete", "username"), flag("readonly"))),
			f.newPassword(s),
			submit("set-password", f.text("set_password.submit")),
		),
	)}, nil
}

// linkCode asks for the code of the mail whose link was opened in another browser than has asked for it.
func (f *frame) linkCode(s form, value string) g.Node {
	return f.field("code", "forgot.code",
		el("p", attr("class", "hint"), attr("id", "code-hint"), f.text("set_password.code_text")),
		f.mailCode(s, value, "code-hint"))
}

// mailCode is the input of a code.
func (f *frame) mailCode(s form, value, hint string) g.Node {
	return el("input", attr("id", "code"), attr("name", "code"), attr("type", "text"), g.If(value != "", attr("value", typed(value))), attr("autocomplete", "one-time-code"),
		attr("autocapitalize", "characters"), attr("autocorrect", "off"), attr("spellcheck", "false"), attr("maxlength", "32"), flag("required"), s.describe("code", hint))
}

func (v ConfirmAddressView) name() string { return "confirm_address" }

func (v ConfirmAddressView) build(f *frame) (page, error) {
	return page{title: f.plain("confirm_address.title"), main: el("main", attr("class", "card"),
		el("h1", f.text("confirm_address.title")),
		el("p", attr("class", "lead"), f.text("confirm_address.text", "address", v.User.Email, "user", v.User.Username)),
		postForm(localTarget(v.Action), hidden("token", v.Token), submit("confirm", f.text("confirm_address.submit"))),
	)}, nil
}

func (v MailDoneView) name() string { return "mail_done" }

func (v MailDoneView) build(f *frame) (page, error) {
	key := "maildone." + string(v.Done)
	return page{title: f.plain(key + "_title"), failed: v.Done == MailLinkEnded, main: el("main", attr("class", "card"), attr("id", "mail-done"),
		el("h1", f.text(key+"_title")),
		el("p", attr("class", "lead"), f.text(key+"_text")),
		when(v.URL != "", func() g.Node {
			return el("p", el("a", attr("id", "go-on"), href(localTarget(v.URL)), f.text(key+"_do")))
		}),
	)}, nil
}
