package pages

func (v BrakeView) name() string { return "brake" }

func (v BrakeView) build(f *frame) (page, error) {
	app := v.Client.name()
	return page{title: f.plain("brake.title", "app", app), failed: true, main: el("main", attr("class", "card"), attr("id", "error-page"), attr("data-kind", "loop"),
		f.titled(v.Client, "brake.title"),
		el("p", attr("class", "lead"), f.text("brake.text", "app", app)),
		el("p", f.text("brake.do")),
		continueLink(clientTarget(v.ContinueURL), f.text("action.continue")),
		f.details(v.Details, false),
	)}, nil
}
