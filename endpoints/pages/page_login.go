package pages

import g "maragu.dev/gomponents"

func (v LoginView) name() string { return "login" }

func (v LoginView) build(f *frame) (page, error) {
	first := "username"
	if v.Username != "" {
		first = "password"
	}
	s := f.form(v.Problem, v.RetryAfter, first)
	if v.Problem == ProblemUnavailable {
		s.retry = localTarget(v.RetryURL)
	}
	s.mild = v.Problem == ProblemUpstreamLinkHere
	return page{title: f.plain("login.title"), failed: s.problem != nil && !s.mild, script: scriptOf(v.Passkey), main: el("main", attr("class", "card"),
		v.head(f), f.alert(s), v.claimed(f), v.otherUser(f), v.form(f, s), v.passkey(f), v.connectors(f))}, nil
}

// head says who asks.
func (v LoginView) head(f *frame) g.Node {
	c := v.Client
	if c == nil {
		return el("div", attr("class", "head"), el("div", el("h1", f.text("login.title"))))
	}
	return g.Group{
		el("div", attr("class", "head"), c.logo(), el("div", el("h1", f.text("login.title")), el("p", attr("class", "lead"), f.text("login.for", "app", c.linked())))),
		f.unvetted(*c),
	}
}

// claimed says which account at another provider the sign-in links: whoever is led here with
// somebody else's must see it.
func (v LoginView) claimed(f *frame) g.Node {
	if v.Claimed == nil {
		return nil
	}
	return el("div", attr("class", "note"), attr("id", "claimed"),
		el("p", f.text("login.claimed", "provider", clean(v.Claimed.At, maxText), "account", clean(v.Claimed.As, maxText))))
}

func (v LoginView) claimedField() g.Node {
	if v.Claimed == nil {
		return nil
	}
	return hidden("claimed", v.Claimed.Sealed)
}

// otherUser says who will be signed out.
func (v LoginView) otherUser(f *frame) g.Node {
	if v.OtherUser == nil || label(*v.OtherUser) == "" {
		return nil
	}
	return el("div", attr("class", "note"), attr("id", "other-user"), el("p", f.text("login.other_user", "user", label(*v.OtherUser))))
}

func (v LoginView) form(f *frame, s form) g.Node {
	state := localTarget(v.StateURL)
	return postForm(localTarget(v.Action), g.If(state != "", attr("data-state", string(state))),
		f.field("username", "field.login",
			el("input", attr("id", "username"), attr("name", "username"), attr("type", "text"), attr("value", typed(v.Username)), attr("autocomplete", v.nameAutocomplete()),
				attr("autocapitalize", "none"), attr("autocorrect", "off"), attr("spellcheck", "false"),
				attr("maxlength", "255"), flag("required"), s.describe("username"))),
		f.field("password", "field.password", f.passwordInput(s, "password", "password", "current-password")),
		v.claimedField(),
		v.remember(f),
		submit("sign-in", f.text("login.submit")),
		when(v.ForgotURL != "", func() g.Node {
			return el("p", el("a", attr("id", "forgot"), href(localTarget(v.ForgotURL)), f.text("login.forgot")))
		}),
	)
}

// passkey offers to sign in by a passkey instead.
func (v LoginView) passkey(f *frame) g.Node {
	if v.Passkey == nil {
		return nil
	}
	return f.passkeyForm("get", v.PasskeyAction, *v.Passkey, g.If(v.Problem == ProblemNone, flag("data-autofill")), hidden("remember", ""), v.claimedField(),
		el("button", attr("id", "passkey"), attr("type", "submit"), f.text("login.passkey")))
}

// nameAutocomplete lets browsers offer passkeys where they fill in the name.
func (v LoginView) nameAutocomplete() string {
	if v.Passkey == nil {
		return "username"
	}
	return "username webauthn"
}

func (v LoginView) remember(f *frame) g.Node {
	if v.Remember == RememberNever {
		return nil
	}
	return el("label", attr("class", "check"),
		el("input", attr("id", "remember"), attr("name", "remember"), attr("type", "checkbox"), attr("value", "1"), g.If(v.Remember == RememberSelected, flag("checked"))),
		el("span", f.text("login.remember")))
}

// connectors offers to sign in at other providers.
func (v LoginView) connectors(f *frame) g.Node {
	if len(v.Connectors) == 0 || v.Claimed != nil {
		return nil
	}
	return el("section", attr("class", "section"), attr("id", "connectors"), attr("aria-label", f.plain("login.connectors")),
		g.Map(v.Connectors, func(c Connector) g.Node {
			return postForm(localTarget(c.Action), el("button", attr("id", "connector-"+c.ID), attr("type", "submit"), f.text("login.connector", "name", clean(c.Name, maxText))))
		}))
}
