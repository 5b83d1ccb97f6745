package pages

import g "maragu.dev/gomponents"

// scriptOf returns the script that a page with a request for a passkey loads.
func scriptOf(r *PasskeyRequest) string {
	if r == nil {
		return ""
	}
	return "passkey.js"
}

// passkeyForm is a form whose button has the script ask the browser for a passkey, to make ("create")
// or to use ("get"). The script takes its attribute hidden away.
func (f *frame) passkeyForm(kind, action string, r PasskeyRequest, children ...g.Node) g.Node {
	return postForm(localTarget(action), attr("class", "section"), flag("hidden"), flag("data-needs-passkeys"), attr("data-passkey", kind), attr("data-options", r.Options),
		hidden("challenge", r.Challenge), hidden("response", ""),
		g.Group(children),
		el("p", attr("class", "hint"), attr("role", "status"), flag("hidden"), attr("data-failed", "other"), f.text("factor_passkey.failed")),
		el("p", attr("class", "hint"), attr("role", "status"), flag("hidden"), attr("data-failed", "known"), f.text("factor_passkey.known")),
	)
}
