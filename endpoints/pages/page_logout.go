package pages

import (
	"cmp"

	g "maragu.dev/gomponents"
)

func (v LogoutView) name() string { return "logout" }

func (v LogoutView) build(f *frame) (page, error) {
	return page{title: f.plain("logout.title"), main: el("main", attr("class", "card"),
		el("h1", f.text("logout.title")),
		el("p", attr("class", "lead"),
			when(v.Client != nil, func() g.Node { return g.Group{f.text("logout.asked", "app", v.Client.name()), textNode(" ")} }),
			when(v.User != nil && label(*v.User) != "", func() g.Node { return f.text("logout.user", "user", label(*v.User)) }),
		),
		el("p", f.text("logout.text")),
		postForm(localTarget(v.Action), attr("class", "choice"), hiddenFields(v.Fields),
			f.signOutButton(attr("class", "primary")),
			el("a", attr("class", "button"), attr("id", "cancel"), href(cmp.Or(localTarget(v.CancelURL), f.path("/account"))), f.text("logout.stay")),
		),
	)}, nil
}
