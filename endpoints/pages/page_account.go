package pages

import g "maragu.dev/gomponents"

func (v AccountView) name() string { return "account" }

// addressState says whether the address is confirmed, nil where that is of no interest.
func (f *frame) addressState(s AddressState) g.Node {
	switch s {
	case AddressConfirmed:
		return el("p", attr("class", "hint"), attr("id", "address-state"), f.text("account.address_confirmed"))
	case AddressUnconfirmed:
		return el("p", attr("class", "hint"), attr("id", "address-state"), f.text("account.address_unconfirmed"))
	}
	return nil
}

// confirmAddress asks for a mail to confirm the address, nil where there is nothing to confirm.
func (f *frame) confirmAddress(s AddressState) g.Node {
	return when(s == AddressUnconfirmed, func() g.Node {
		return postForm(f.path("/account/email/confirm"), attr("class", "section"),
			el("p", el("button", attr("id", "confirm-address"), attr("type", "submit"), f.text("account.address_confirm"))))
	})
}

func (v AccountView) build(f *frame) (page, error) {
	s := f.form(v.Problem, 0, "")
	for _, a := range v.Attributes {
		if a.Invalid {
			s.invalid, s.focus = a.id(), a.id()
		}
	}
	return f.accountPage(v.Account, "account.profile", s,
		postForm(f.path("/account/profile"), attr("class", "section"),
			g.If(v.Version != "", hidden("version", v.Version)),
			f.field("account-username", "field.username",
				el("input", attr("id", "account-username"), attr("type", "text"), attr("value", typed(v.User.Username)), flag("readonly"), attr("aria-describedby", "username-hint")),
				el("p", attr("class", "hint"), attr("id", "username-hint"), f.text("account.username_fixed"))),
			f.field("full-name", "field.full_name",
				el("input", attr("id", "full-name"), attr("name", "full_name"), attr("type", "text"), attr("value", typed(v.User.Name)), attr("autocomplete", "name"), attr("maxlength", "255"), s.describe("full-name"))),
			f.field("email", "field.email",
				el("input", attr("id", "email"), attr("name", "email"), attr("type", "email"), attr("value", typed(v.User.Email)), attr("autocomplete", "email"), attr("maxlength", "255"), s.describe("email")),
				f.addressState(v.Address)),
			f.field("phone", "field.phone",
				el("input", attr("id", "phone"), attr("name", "phone"), attr("type", "tel"), attr("value", typed(v.User.Phone)), attr("autocomplete", "tel"), attr("maxlength", "64"), s.describe("phone"))),
			g.Map(v.Attributes, func(a AttributeField) g.Node { return f.attribute(s, a) }),
			submit("save", f.text("action.save")),
		),
		f.confirmAddress(v.Address)), nil
}
