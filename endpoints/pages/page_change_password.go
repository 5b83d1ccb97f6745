package pages

import g "maragu.dev/gomponents"

func (v ChangePasswordView) name() string { return "change_password" }

func (v ChangePasswordView) build(f *frame) (page, error) {
	first := "new-password"
	if v.AskCurrent {
		first = "current-password"
	}
	s := f.passwordForm(v.Problem, v.RetryAfter, first, v.PasswordMin)
	reason := f.text("password.required")
	if v.Client != nil {
		reason = f.text("password.required_for", "app", v.Client.name())
	}
	return page{title: f.plain("password.title"), failed: s.problem != nil, main: el("main", attr("class", "card"),
		el("h1", f.text("password.title")),
		el("p", attr("class", "lead"), reason),
		f.alert(s),
		postForm(localTarget(v.Action),
			f.field("username", "field.username",
				el("input", attr("id", "username"), attr("name", "username"), attr("type", "text"), attr("value", typed(v.User.Username)), attr("autocomplete", "username"), flag("readonly"))),
			when(v.AskCurrent, func() g.Node { return f.currentPassword(s) }),
			f.newPassword(s),
			submit("change-password", f.text("password.submit")),
		),
	)}, nil
}
