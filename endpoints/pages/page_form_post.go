package pages

import (
	"errors"
)

func (v FormPostView) name() string { return "form_post" }

func (v FormPostView) build(f *frame) (page, error) {
	to := webTarget(v.Action)
	if to == "" {
		return page{}, errors.New("the form can be posted to http and https only")
	}
	return page{title: f.plain("form_post.title", "app", v.Client.name()), main: el("main", attr("class", "card"),
		f.titled(v.Client, "form_post.title"),
		el("p", attr("class", "lead"), flag("data-posting"), f.text("form_post.text")),
		el("noscript", el("p", f.text("form_post.noscript"))),
		postForm(to, flag("data-auto"), hiddenFields(v.Fields), submit("continue", f.text("action.continue"))),
	)}, nil
}
