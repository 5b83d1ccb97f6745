package pages

import (
	"strings"
	"time"

	g "maragu.dev/gomponents"
)

// form is the state of a form.
type form struct {
	problem g.Node // what is wrong; nil for nothing
	retry   target // asks for the page again by GET; "" for no link
	hint    string // on the new password; "" for none
	invalid string // the id of the field that is wrong; "" for none
	focus   string // the id of the field that typing begins in; "" for none
	mild    bool   // the problem is no fault: it says what to do
}

// form returns the state of a form: its problem in words, the field that it is about, and the
// focus, which is on first where there is no problem.
func (f *frame) form(problem Problem, retry time.Duration, first string) form {
	if problem == ProblemNone {
		return form{focus: first}
	}
	field := invalidFields[problem]
	s := form{problem: f.problem(problem, retry), invalid: field, focus: field}
	switch {
	case field == "":
		s.focus = first
	case problem == ProblemPasswordMismatch:
		s.focus = "new-password" // both are empty again
	}
	return s
}

// passwordForm returns the state of a form with a new password of a minimum of characters.
func (f *frame) passwordForm(problem Problem, retry time.Duration, first string, minimum int) form {
	s := f.form(problem, retry, first)
	if minimum > 0 {
		s.hint = f.plain("password.hint", "n", minimum)
	}
	return s
}

// invalidFields says which field a problem is about.
var invalidFields = map[Problem]string{
	ProblemWrongCredentials: "password",
	ProblemCodeWrong:        "code",
	ProblemMailCodeWrong:    "code",
	ProblemMailLinkCode:     "code",
	ProblemCodeUsed:         "code",
	ProblemUserCode:         "user-code",
	ProblemRecoveryCode:     "recovery-code",
	ProblemPasskeyName:      "passkey-name",
	ProblemPasswordMismatch: "new-password-again",
	ProblemPasswordSame:     "new-password",
	ProblemPasswordShort:    "new-password",
	ProblemPasswordLong:     "new-password",
	ProblemPasswordCommon:   "new-password",
	ProblemPasswordRefused:  "new-password",
	ProblemPasswordWrong:    "current-password",
	ProblemEmailInvalid:     "email",
	ProblemPhoneInvalid:     "phone",
	ProblemNameInvalid:      "full-name",
	ProblemInUse:            "email",
}

// problem says in words what is wrong.
func (f *frame) problem(problem Problem, retry time.Duration) g.Node {
	key := "problem." + string(problem)
	if !f.has(key) {
		key = "problem." + string(ProblemFailed)
	}
	return f.withRetry(key, retry)
}

// withRetry returns a text; where a time is known, and the catalog has such a text, the one
// that says when to try again.
func (f *frame) withRetry(key string, retry time.Duration) g.Node {
	if retry <= 0 || !f.has(key+"_for") {
		return f.text(key)
	}
	return f.text(key+"_for", "time", raw(f.duration(retry)))
}

// alert shows the problem of a form, nil for none.
func (f *frame) alert(s form) g.Node {
	if s.problem == nil {
		return nil
	}
	class := "alert"
	if s.mild {
		class = "note"
	}
	return el("div", attr("class", class), attr("role", "alert"), attr("id", "problem"), el("p", s.problem),
		when(s.retry != "", func() g.Node { return el("p", el("a", attr("id", "retry"), href(s.retry), f.text("action.retry"))) }))
}

// describe returns the attributes of a field that say what is wrong with it, what to mind, and
// whether typing begins there. Hints are the ids of what is to mind besides, "" for none.
func (s form) describe(field string, hints ...string) g.Node {
	var attrs g.Group
	var by []string
	for _, hint := range hints {
		if hint != "" {
			by = append(by, hint)
		}
	}
	if field == "new-password" && s.hint != "" {
		by = append(by, "password-hint")
	}
	if field == "recovery-code" {
		by = append(by, "recovery-hint")
	}
	if field == "user-code" {
		by = append(by, "user-code-hint")
	}
	if s.problem != nil && (field == s.invalid || s.invalid == "" && field == s.focus) {
		by = append(by, "problem")
	}
	if s.invalid == field {
		attrs = append(attrs, attr("aria-invalid", "true"))
	}
	if len(by) > 0 {
		attrs = append(attrs, attr("aria-describedby", strings.Join(by, " ")))
	}
	if s.focus == field {
		attrs = append(attrs, flag("autofocus"))
	}
	return attrs
}

// field is a field of a form below its label.
func (f *frame) field(id, key string, children ...g.Node) g.Node {
	return el("div", attr("class", "field"), el("label", attr("for", id), f.text(key)), newline, g.Group(children))
}

// passwordInput is the input of a password, and the button that shows what is typed.
func (f *frame) passwordInput(s form, id, name, autocomplete string) g.Node {
	return el("div", attr("class", "secret"),
		el("input", attr("id", id), attr("name", name), attr("type", "password"), attr("autocomplete", autocomplete), attr("maxlength", "1024"), flag("required"), s.describe(id)),
		f.reveal(id),
	)
}

// reveal is the button that shows a password; the script takes its attribute hidden away.
func (f *frame) reveal(id string) g.Node {
	show, showLabel := f.plain("action.show"), f.plain("action.show_password")
	return el("button", attr("type", "button"), attr("class", "reveal"), flag("hidden"), attr("aria-controls", id), attr("aria-label", showLabel), attr("data-reveal-for", id),
		attr("data-show", show), attr("data-hide", f.plain("action.hide")),
		attr("data-show-label", showLabel), attr("data-hide-label", f.plain("action.hide_password")),
		textNode(show))
}

// newPassword asks for a new password twice.
func (f *frame) newPassword(s form) g.Node {
	return g.Group{
		f.field("new-password", "field.new_password",
			g.If(s.hint != "", el("p", attr("class", "hint"), attr("id", "password-hint"), textNode(s.hint))),
			f.passwordInput(s, "new-password", "new_password", "new-password")),
		f.field("new-password-again", "field.new_password_again",
			f.passwordInput(s, "new-password-again", "new_password_again", "new-password")),
	}
}

func (f *frame) currentPassword(s form) g.Node {
	return f.field("current-password", "field.current_password", f.passwordInput(s, "current-password", "current_password", "current-password"))
}

// submit is the button that sends a form on.
func submit(id string, label g.Node) g.Node {
	return el("button", attr("class", "primary"), attr("id", id), attr("type", "submit"), label)
}

// hidden is a field that the form sends and nobody sees.
func hidden(name, value string) g.Node {
	return el("input", attr("type", "hidden"), attr("name", name), attr("value", value))
}

func hiddenFields(fields []Field) g.Node {
	return g.Map(fields, func(field Field) g.Node { return g.Group{hidden(field.Name, field.Value), newline} })
}
