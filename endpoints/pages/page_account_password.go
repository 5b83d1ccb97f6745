package pages

func (v AccountPasswordView) name() string { return "account_password" }

func (v AccountPasswordView) build(f *frame) (page, error) {
	s := f.passwordForm(v.Problem, v.RetryAfter, "", v.PasswordMin)
	return f.accountPage(v.Account, "account.password", s,
		el("p", attr("class", "lead"), f.text("account.password_text")),
		postForm(f.path("/account/password"), attr("class", "section"),
			el("input", attr("class", "username"), attr("name", "username"), attr("type", "text"), attr("value", typed(v.User.Username)), attr("autocomplete", "username"), flag("hidden"), flag("readonly")),
			f.currentPassword(s),
			f.newPassword(s),
			submit("change-password", f.text("password.submit")),
		)), nil
}
