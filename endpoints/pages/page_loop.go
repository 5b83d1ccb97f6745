package pages

func (v LoopView) name() string { return "loop" }

func (v LoopView) build(f *frame) (page, error) {
	app := v.Client.name()
	return page{title: f.plain("loop.title", "app", app), failed: true, main: el("main", attr("class", "card"), attr("id", "error-page"), attr("data-kind", "loop"),
		f.titled(v.Client, "loop.title"),
		el("p", attr("class", "lead"), f.text("loop.text", "app", app)),
		el("p", f.text("loop.do")),
		continueLink(clientTarget(v.ContinueURL), f.text("action.continue")),
		f.details(v.Details, false),
	)}, nil
}
