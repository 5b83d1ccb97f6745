package pages

import (
	"cmp"
)

func (v SignedOutView) name() string { return "signed_out" }

func (v SignedOutView) build(f *frame) (page, error) {
	said := f.text("signed_out.text")
	if v.Client != nil {
		said = f.text("signed_out.app", "app", v.Client.name())
	}
	again := wayOn{"sign-in-again", cmp.Or(localTarget(v.SignInURL), f.path("/account")), f.text("action.sign_in_again")}
	return page{title: f.plain("signed_out.title"), main: el("main", attr("class", "card"), attr("id", "signed-out"),
		el("h1", f.text("signed_out.title")),
		el("p", attr("class", "lead"), said),
		el("p", attr("class", "hint"), f.text("signed_out.shared")),
		waysOn(append(f.back(v.Client, v.BackURL), again)),
	)}, nil
}
