package pages

import (
	"strconv"

	g "maragu.dev/gomponents"
)

func (v AccountLinkedView) name() string { return "account_linked" }

func (v AccountLinkedView) build(f *frame) (page, error) {
	parts := g.Group{el("p", attr("class", "lead"), f.text("account.linked_text"))}
	if !v.Fresh {
		parts = append(parts, el("p", attr("class", "hint"), attr("id", "not-fresh"), f.text("account.linked_not_fresh")))
	}
	for n, l := range v.Linked {
		parts = append(parts, v.linked(f, n, l))
	}
	if len(v.Linked) == 0 {
		parts = append(parts, el("p", f.text("account.linked_none")))
	}
	var more g.Group
	for _, c := range v.Connectors {
		more = append(more, postForm(localTarget(c.Action), attr("class", "section"), hidden("link", "1"),
			el("button", attr("id", "add-"+c.ID), attr("type", "submit"), f.text("account.linked_add", "name", clean(c.Name, maxText)))))
	}
	parts = append(parts, el("div", attr("id", "add-accounts"), more))
	return f.accountPage(v.Account, "account.linked", f.form(v.Problem, 0, ""), parts), nil
}

// linked is one account, and the button that removes it.
func (v AccountLinkedView) linked(f *frame, n int, l LinkedAccount) g.Node {
	facts := []g.Node{f.at("account.factor_since", l.Since)}
	if !l.LastUsed.IsZero() {
		facts = append(facts, f.at("account.last_seen", l.LastUsed))
	}
	who := l.Email
	if who == "" {
		who = l.Name
	}
	return item(el("h2", textNode(clean(l.Provider, maxText))),
		g.If(who != "", el("p", textNode(clean(who, maxText)))),
		el("p", attr("class", "hint facts"), spans(facts)),
		postForm(f.path("/account/linked/remove"), hidden("account", l.ID),
			el("button", attr("class", "danger"), attr("id", "unlink-"+strconv.Itoa(n)), attr("type", "submit"), f.text("account.linked_remove"))))
}
