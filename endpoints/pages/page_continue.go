package pages

import g "maragu.dev/gomponents"

func (v ContinueView) name() string { return "continue" }

func (v ContinueView) build(f *frame) (page, error) {
	app, to := v.Client.name(), clientTarget(v.URL)
	if v.Auto {
		return page{title: f.plain("form_post.title", "app", app), main: el("main", attr("class", "card"),
			f.titled(v.Client, "form_post.title"),
			el("p", attr("class", "lead"), f.text("form_post.text")),
			continueLink(to, f.text("action.continue")),
		)}, nil
	}
	return page{title: f.plain("continue.title", "app", app), main: el("main", attr("class", "card"),
		f.titled(v.Client, "continue.title"),
		el("p", attr("class", "lead"), f.text("continue.text", "app", app)),
		continueLink(to, f.text("continue.submit", "app", app)),
		el("p", attr("class", "hint"), f.text("continue.close")),
	)}, nil
}

// continueLink looks like a button, nil where there is no target.
func continueLink(to target, text g.Node) g.Node {
	if to == "" {
		return nil
	}
	return el("p", attr("class", "actions"), el("a", attr("class", "button primary"), attr("id", "continue"), href(to), text))
}
