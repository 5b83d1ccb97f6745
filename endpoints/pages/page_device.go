package pages

import (
	g "maragu.dev/gomponents"
)

func (v DeviceView) name() string { return "device" }

func (v DeviceView) build(f *frame) (page, error) {
	s := f.form(v.Problem, v.RetryAfter, "user-code")
	return page{title: f.plain("device.title"), failed: s.problem != nil, main: el("main", attr("class", "card"),
		el("h1", f.text("device.title")),
		el("p", attr("class", "lead"), f.text("device.text")),
		f.alert(s),
		postForm(localTarget(v.Action),
			f.field("user-code", "device.field",
				el("p", attr("class", "hint"), attr("id", "user-code-hint"), f.text("device.hint")),
				el("input", attr("id", "user-code"), attr("name", "user_code"), attr("type", "text"), attr("value", typed(v.UserCode)), attr("autocomplete", "off"),
					attr("autocapitalize", "characters"), attr("autocorrect", "off"), attr("spellcheck", "false"), attr("maxlength", "64"), flag("required"), s.describe("user-code"))),
			submit("continue", f.text("action.continue")),
		),
	)}, nil
}

func (v DeviceDoneView) name() string { return "device_done" }

func (v DeviceDoneView) build(f *frame) (page, error) {
	key := "devicedone." + string(v.Done)
	return page{title: f.plain(key + "_title"), failed: v.Done == DeviceRefused, main: el("main", attr("class", "card"), attr("id", "device-"+string(v.Done)),
		el("h1", f.text(key+"_title")),
		el("p", attr("class", "lead"), f.text(key+"_text", "app", v.Client.name())),
		waysOn(v.waysOn(f)),
	)}, nil
}

func (v DeviceDoneView) waysOn(f *frame) []wayOn {
	if v.Done == DeviceRefused && v.SwitchURL != "" {
		return []wayOn{{"switch-user", localTarget(v.SwitchURL), f.text("consent.switch")}}
	}
	return []wayOn{{"sessions", f.path("/account/sessions"), f.text("device.account")}}
}

// device says which device asks, and what to mind before it is allowed.
func (v ConsentView) device(f *frame) g.Node {
	d := v.Device
	if d == nil {
		return nil
	}
	line := func(key, name, value string) g.Node {
		return when(value != "", func() g.Node { return el("li", f.text(key, name, clean(value, maxText))) })
	}
	return el("div", attr("class", "note"), attr("id", "device"),
		el("p", f.text("consent.device", "code", el("strong", attr("id", "user-code"), textNode(d.UserCode)))),
		el("ul",
			line("consent.device_what", "device", d.Name),
			line("consent.device_where", "network", d.Network),
			el("li", f.at("consent.device_when", d.AskedAt)),
		),
	)
}
