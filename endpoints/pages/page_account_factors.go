package pages

import (
	"strconv"

	g "maragu.dev/gomponents"
)

func (v AccountFactorsView) name() string { return "account_factors" }

func (v AccountFactorsView) build(f *frame) (page, error) {
	s := f.form(v.Problem, v.RetryAfter, "")
	parts := g.Group{el("p", attr("class", "lead"), f.text("account.factors_text")), f.confirmPassword(v, s)}
	parts = append(parts, v.passkeys(f))
	if v.App == nil {
		parts = append(parts, el("section", attr("class", "item"),
			el("h2", f.text("account.app_factor")), el("p", f.text("account.app_factor_none")),
			v.button(f, "/account/factors/add", "add-app", "primary", "account.app_factor_add")))
		if len(v.Passkeys) > 0 {
			parts = append(parts, v.codes(f))
		}
		return v.page(f, s, parts), nil
	}
	facts := []g.Node{f.at("account.factor_since", v.App.Since)}
	if !v.App.LastUsed.IsZero() {
		facts = append(facts, f.at("account.last_seen", v.App.LastUsed))
	}
	parts = append(parts,
		item(el("h2", f.text("account.app_factor")), el("p", attr("class", "hint facts"), spans(facts)),
			v.button(f, "/account/factors/remove", "remove-app", "danger", "account.app_factor_remove")),
		v.codes(f),
	)
	return v.page(f, s, parts), nil
}

// page loads the script where it has something to show.
func (v AccountFactorsView) page(f *frame, s form, parts g.Node) page {
	p := f.accountPage(v.Account, "account.factors", s, parts)
	if v.CanPasskeys {
		p.script = scriptOf(&PasskeyRequest{})
	}
	return p
}

// codes shows how many recovery codes are left.
func (v AccountFactorsView) codes(f *frame) g.Node {
	return item(el("h2", f.text("account.codes")), el("p", f.text("account.codes_text")),
		el("p", attr("id", "codes-left"), f.text("account.codes_left", "n", v.CodesLeft)),
		v.button(f, "/account/factors/codes", "new-codes", "", "account.codes_renew"))
}

// passkeys lists the passkeys, and offers to add one where the browser can.
func (v AccountFactorsView) passkeys(f *frame) g.Node {
	if !v.CanPasskeys && len(v.Passkeys) == 0 {
		return nil
	}
	parts := g.Group{el("h2", f.text("account.passkeys")), el("p", f.text("account.passkeys_text"))}
	for n, k := range v.Passkeys {
		facts := []g.Node{f.at("account.factor_since", k.Since)}
		if !k.LastUsed.IsZero() {
			facts = append(facts, f.at("account.last_seen", k.LastUsed))
		}
		if k.Synced {
			facts = append(facts, f.text("account.passkey_synced"))
		}
		parts = append(parts, el("h3", textNode(clean(k.Name, maxText))), el("p", attr("class", "hint facts"), spans(facts)),
			f.renamePasskey(k, "rename-passkey-"+strconv.Itoa(n)),
			v.button(f, "/account/factors/passkeys/remove", "remove-passkey-"+strconv.Itoa(n), "danger", "account.passkey_remove", hidden("passkey", k.ID)))
	}
	if v.CanPasskeys {
		parts = append(parts,
			el("div", flag("hidden"), flag("data-needs-passkeys"), v.button(f, "/account/factors/passkeys/add", "add-passkey", "primary", "account.passkey_add")),
			el("noscript", el("p", attr("class", "hint"), f.text("factor_passkey.needs_script"))))
	}
	return el("section", attr("class", "item"), attr("id", "passkeys"), parts)
}

// renamePasskey is the form that gives a passkey another name, folded.
func (f *frame) renamePasskey(k Passkey, id string) g.Node {
	return el("details", attr("id", id), el("summary", f.text("account.passkey_rename")),
		postForm(f.path("/account/factors/passkeys/rename"), hidden("passkey", k.ID),
			f.field(id+"-name", "field.passkey_name",
				el("input", attr("id", id+"-name"), attr("name", "name"), attr("type", "text"), attr("value", typed(k.Name)), attr("autocomplete", "off"), attr("maxlength", "64"), flag("required"))),
			el("button", attr("id", id+"-save"), attr("type", "submit"), f.text("action.save"))))
}

func (v AccountPasskeyView) name() string { return "account_passkey" }

func (v AccountPasskeyView) build(f *frame) (page, error) {
	s := f.form(v.Problem, 0, "passkey-name")
	p := f.accountPage(v.Account, "account.factors", s,
		el("p", attr("class", "lead"), f.text("account.passkey_new")),
		f.passkeyForm("create", string(f.path("/account/factors/passkeys/confirm")), v.Passkey,
			f.field("passkey-name", "field.passkey_name",
				el("input", attr("id", "passkey-name"), attr("name", "name"), attr("type", "text"), attr("autocomplete", "off"), attr("maxlength", "64"), flag("required"), s.describe("passkey-name"))),
			submit("create-passkey", f.text("account.passkey_create"))),
		el("noscript", el("p", attr("class", "hint"), f.text("factor_passkey.needs_script"))))
	p.script = scriptOf(&v.Passkey)
	return p, nil
}

// confirmPassword says that the forms ask for the password.
func (f *frame) confirmPassword(v AccountFactorsView, s form) g.Node {
	return when(v.AskPassword, func() g.Node { return el("p", attr("class", "hint"), f.text("account.confirm_password")) })
}

// button is a form of one button and, where the sign-in is not fresh, the password.
func (v AccountFactorsView) button(f *frame, path, id, class, key string, fields ...g.Node) g.Node {
	return postForm(f.path(path), attr("class", "section"), g.Group(fields),
		when(v.AskPassword, func() g.Node {
			return f.field("password-"+id, "field.current_password",
				el("input", attr("id", "password-"+id), attr("name", "current_password"), attr("type", "password"), attr("autocomplete", "current-password"), attr("maxlength", "1024"), flag("required")))
		}),
		el("button", g.If(class != "", attr("class", class)), attr("id", id), attr("type", "submit"), f.text(key)))
}

func (v AccountEnrolView) name() string { return "account_enrol" }

func (v AccountEnrolView) build(f *frame) (page, error) {
	s := f.form(v.Problem, 0, "")
	return f.accountPage(v.Account, "account.factors", s,
		el("p", attr("class", "lead"), f.text("enrol.text")),
		f.qrCode(v.QRSize, v.QRPath),
		f.secret(v.Secret, v.URI),
		postForm(f.path("/account/factors/confirm"), attr("class", "section"),
			hidden("enrolment", v.Enrolment), f.codeField(s), submit("confirm", f.text("enrol.submit"))),
	), nil
}

// grouped puts a blank after every four characters of a secret, which apps leave out.
func grouped(secret string) string {
	var b []byte
	for n := range len(secret) {
		if n > 0 && n%4 == 0 {
			b = append(b, ' ')
		}
		b = append(b, secret[n])
	}
	return string(b)
}

// qrCode is dark on white in both colour schemes: not every reader knows the inverse.
func (f *frame) qrCode(size int, path string) g.Node {
	side := strconv.Itoa(size)
	return el("svg", attr("class", "qr"), attr("id", "qr"), attr("viewBox", "0 0 "+side+" "+side), attr("role", "img"), attr("aria-label", f.plain("enrol.qr")),
		el("rect", attr("width", side), attr("height", side), attr("fill", "#fff")),
		el("path", attr("d", path), attr("fill", "#000")))
}

func (v AccountCodesView) name() string { return "account_codes" }

func (v AccountCodesView) build(f *frame) (page, error) {
	lead := f.text("codes.text")
	switch {
	case v.Passkey:
		lead = f.text("codes.text_passkey")
	case v.Added:
		lead = f.text("codes.text_added")
	}
	return f.accountPage(v.Account, "account.factors", f.form(v.Problem, 0, ""),
		el("p", attr("class", "lead"), lead),
		el("h2", f.text("account.codes")),
		el("p", f.text("account.codes_text")),
		f.recoveryCodes(v.Codes),
		el("p", el("a", attr("class", "button primary"), attr("id", "codes-done"), href(f.path("/account/factors")), f.text("codes.done"))),
	), nil
}

// recoveryCodes shows codes, and says what to do with them.
func (f *frame) recoveryCodes(codes []string) g.Node {
	return g.Group{
		el("ul", attr("class", "codes"), attr("id", "recovery-codes"), g.Map(codes, func(c string) g.Node { return el("li", el("code", textNode(c))) })),
		el("p", f.text("codes.keep")),
	}
}

// secret shows the seed as text, and as a link for an app on the same device.
func (f *frame) secret(secret, uri string) g.Node {
	to := appTarget(uri)
	return g.Group{
		g.If(to != "", el("p", el("a", attr("id", "totp-link"), href(to), f.text("enrol.link")))),
		el("p", f.text("enrol.secret"), el("br"), el("code", attr("id", "totp-secret"), textNode(grouped(secret)))),
	}
}
