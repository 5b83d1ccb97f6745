package endpoints

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// fillPath puts the parts of a path that stand for names into it.
func fillPath(path string, parts map[string]string) string {
	for name, value := range parts {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path
}

// url returns a path of the console: its parts in braces filled from pairs of names and values,
// what is left of these in the query. An empty value is left out.
func (v *consoleVisit) url(path string, pairs ...string) string {
	query := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		if part := "{" + pairs[n] + "}"; strings.Contains(path, part) {
			path = strings.ReplaceAll(path, part, url.PathEscape(pairs[n+1]))
		} else if pairs[n+1] != "" {
			query.Set(pairs[n], pairs[n+1])
		}
	}
	to := v.base + pathConsole + path
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	return to
}

// field returns a field of the form; "" for none.
func (v *consoleVisit) field(name string) string {
	if values := v.sent[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// fields returns a field that may come several times. It is not nil where the form was sent.
func (v *consoleVisit) fields(name string) []string {
	if v.sent == nil {
		return nil
	}
	return append([]string{}, v.sent[name]...)
}

// typed returns what was typed into a field, or else the value of the record.
func (v *consoleVisit) typed(name, recorded string) string {
	if v.sent == nil {
		return recorded
	}
	return v.field(name)
}

// confirmed tells whether the name of a thing was typed; else it says so.
func (v *consoleVisit) confirmed(name string) bool {
	if strings.TrimSpace(v.field("confirm")) == name {
		return true
	}
	v.problem = console.T("shell.problem_confirm", "name", console.Mono(name))
	return false
}

// explain says what the administrator can do something about, and returns every other error. It
// returns nil for a nil error.
func (v *consoleVisit) explain(err error) error {
	var one *issuer.FieldError
	var several issuer.FieldErrors
	var duplicate *storage.DuplicateError
	var refused *issuer.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &several) && len(several) > 0:
		for _, e := range several {
			v.wrong[e.Field] = console.Lit(e.Reason)
		}
		v.problem = console.T("shell.problem_field", "field", several[0].Field, "reason", several[0].Reason)
	case errors.As(err, &one):
		v.wrong[one.Field] = console.Lit(one.Reason)
		v.problem = console.T("shell.problem_field", "field", one.Field, "reason", one.Reason)
	case errors.As(err, &duplicate):
		v.status, v.problem = http.StatusConflict, console.T("shell.problem_duplicate", "field", duplicate.Field)
	case errors.Is(err, admin.ErrPreconditionFailed):
		v.status, v.problem = http.StatusConflict, console.T("shell.problem_conflict")
	case errors.Is(err, admin.ErrLastSuperAdmin):
		v.status, v.problem = http.StatusConflict, console.T("shell.problem_last_super_admin")
	case errors.As(err, &refused) && (refused.Code == issuer.AccessDenied || refused.Code == issuer.InsufficientScope):
		v.status, v.problem = http.StatusForbidden, console.T("shell.problem_forbidden", "reason", refused.Description)
	default:
		return err
	}
	return nil
}

// readConsoleForm reads the fields of a form. Of those in many any number may come; another one
// that comes twice, a broken encoding or text that is not UTF-8 is refused; other fields are
// ignored.
func readConsoleForm(r *http.Request, fields, many []string) (map[string][]string, error) {
	body, err := readPageBody(r)
	if err != nil {
		return nil, err
	}
	sent := map[string][]string{}
	for n := 0; body != ""; n++ {
		if n == maxConsoleFields {
			return nil, errTooManyParameters
		}
		var pair string
		pair, body, _ = strings.Cut(body, "&")
		one := map[string]string{}
		if err := addField(one, pair, fields); err != nil {
			return nil, err
		}
		for name, value := range one {
			if len(sent[name]) > 0 && !slices.Contains(many, name) {
				return nil, errDuplicateParameter
			}
			sent[name] = append(sent[name], value)
		}
	}
	return sent, nil
}

// maxConsoleFields bounds the fields of a form.
const maxConsoleFields = 500

// secretField returns a field that is a secret.
func secretField(v *consoleVisit, name string) issuer.Secret { return issuer.Secret(v.field(name)) }

// lastChange says who changed a record last, as far as the audit log says.
func (v *consoleVisit) lastChange(ctx context.Context, target string) console.Block {
	list, err := v.admin.Audit().List(ctx, storage.AuditFilter{Target: target, Newest: true}, storage.Page{Limit: 1})
	if err != nil || len(list.Items) == 0 {
		return nil
	}
	e := list.Items[0]
	return console.Paragraph{Text: console.T("shell.changed_by", "who", console.Mono(e.Actor), "time", console.Time(e.At), "event", console.Mono(e.Type))}
}
