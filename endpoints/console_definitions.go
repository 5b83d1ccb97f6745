package endpoints

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/attribute"
)

const (
	consoleAttributes   = "/settings/attributes"
	consoleAttributeNew = "/settings/new-attribute"
	consoleAttribute    = "/settings/attributes/{name}"
	consoleScopes       = "/settings/scopes"
	consoleScope        = "/settings/scopes/{scope}"
)

// definitionPages are the pages about attributes of users and texts of scopes.
type definitionPages struct{ *consolePages }

// part returns the pages and the forms.
func (c definitionPages) part() consolePart {
	fields := []string{"name", "type", "description", "max_length", "max_count", "readers", "writers", "claim", "scope"}
	return consolePart{
		pages: []consolePage{
			{path: consoleAttributes, show: c.showAttributes}, {path: consoleAttributeNew, show: c.showNewAttribute}, {path: consoleAttribute, show: c.showAttributeForm},
			{path: consoleAttribute + "/delete", show: c.showDeleteAttribute},
			{path: consoleScopes, show: c.showScopes}, {path: consoleScope, show: c.showScope},
		},
		forms: []consoleForm{
			{path: consoleAttributeNew, on: consoleAttributeNew, show: c.showNewAttribute, fields: fields, perform: c.createAttribute},
			{path: consoleAttribute, on: consoleAttribute, show: c.showAttributeForm, fields: fields, perform: c.saveAttribute},
			{path: consoleAttribute + "/delete", on: consoleAttribute + "/delete", show: c.showDeleteAttribute, dangerous: true, perform: c.deleteAttribute},
			{path: consoleScopes, on: consoleScopes, show: c.showScopes, fields: []string{"scope", "texts"}, perform: c.saveScope},
			{path: consoleScope, on: consoleScope, show: c.showScope, fields: []string{"scope", "texts"}, perform: c.saveScope},
			{path: consoleScope + "/delete", on: consoleScopes, show: c.showScopes, perform: c.deleteScope},
		},
	}
}

func settingsTrail(v *consoleVisit, more ...console.Link) []console.Link {
	return append([]console.Link{{Text: console.T("section.settings"), URL: v.url(consoleSettings)}}, more...)
}

func attributesLink(v *consoleVisit) console.Link {
	return console.Link{Text: console.T("definitions.attributes"), URL: v.url(consoleAttributes)}
}

func (c definitionPages) showAttributes(ctx context.Context, v *consoleVisit) (console.Page, error) {
	list, err := v.admin.Attributes().List(ctx)
	if err != nil {
		return console.Page{}, err
	}
	t := console.Table{Caption: console.T("definitions.attributes_caption"), Empty: console.T("definitions.attributes_empty"), Columns: []console.Column{{Title: console.T("definitions.name")}, {Title: console.T("definitions.type")}, {Title: console.T("definitions.readers")}, {Title: console.T("definitions.writers")}, {Title: console.T("definitions.claim")}, {Title: console.T("definitions.scope")}, {Title: console.T("definitions.description")}}}
	for _, a := range list.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Link{Text: console.Lit(a.Name), URL: v.url(consoleAttribute, "name", a.Name)}, console.Lit(a.Type), console.Lit(a.Readers), console.Lit(a.Writers), console.Mono(a.Claim), console.Mono(a.Scope), console.Lit(a.Description),
		}})
	}
	return console.Page{
		Name: "attributes", Section: console.Settings, Title: console.T("definitions.attributes"), Trail: settingsTrail(v),
		Blocks: []console.Block{console.Paragraph{Text: console.T("definitions.attributes_text")}, console.Actions{{Text: console.T("definitions.new_attribute"), URL: v.url(consoleAttributeNew)}}, t},
	}, nil
}

// attributeFields are the fields of a definition. The name and the type are chosen once.
func attributeFields(v *consoleVisit, a admin.Attribute) []console.Field {
	f := partFields{v, "definitions"}
	number := func(name string, recorded int64) console.Field {
		text := ""
		if recorded > 0 {
			text = strconv.FormatInt(recorded, 10)
		}
		n := f.line(name, text)
		n.Kind, n.Hint = "number", console.T("definitions.number_hint")
		return n
	}
	fields := []console.Field{
		f.line("description", a.Description), f.choice("readers", a.Readers, attribute.Admin, attribute.User), f.choice("writers", a.Writers, attribute.Admin, attribute.User), f.line("claim", a.Claim), f.line("scope", a.Scope), number("max_length", a.MaxLength), number("max_count", a.MaxCount),
	}
	if a.Name != "" {
		return fields
	}
	return append([]console.Field{f.line("name", ""), f.choice("type", "", attribute.Types()...)}, fields...)
}

// attributeChange reads the form.
func (v *consoleVisit) attributeChange() (admin.AttributeChange, error) {
	ch := admin.AttributeChange{Description: v.given("description"), Readers: v.given("readers"), Writers: v.given("writers"), Claim: v.given("claim"), Scope: v.given("scope")}
	for name, set := range map[string]**int64{"max_length": &ch.MaxLength, "max_count": &ch.MaxCount} {
		if typed := *v.given(name); typed != "" {
			n, err := strconv.ParseInt(typed, 10, 64)
			if err != nil {
				return ch, &issuer.FieldError{Field: name, Reason: "must be a number"}
			}
			*set = &n
		}
	}
	return ch, nil
}

func (c definitionPages) showNewAttribute(_ context.Context, v *consoleVisit) (console.Page, error) {
	return console.Page{
		Name: "attribute_new", Section: console.Settings, Title: console.T("definitions.new_attribute"), Trail: settingsTrail(v, attributesLink(v)),
		Blocks: []console.Block{console.Form{ID: "attribute", Action: v.url(consoleAttributeNew), Submit: console.T("applications.create"), Fields: attributeFields(v, admin.Attribute{})}},
	}, nil
}

func (c definitionPages) createAttribute(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	ch, err := v.attributeChange()
	if err != nil {
		return consoleDone{}, v.explain(err)
	}
	kind := v.field("type")
	ch.Type = &kind
	_, err = v.admin.Attributes().Create(ctx, v.field("name"), ch)
	return consoleDone{to: consoleAttributes, notice: "definitions.attribute_created"}, v.explain(err)
}

func (c definitionPages) showAttributeForm(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Attributes().Show(ctx, v.path["name"])
	if err != nil {
		return console.Page{}, err
	}
	return console.Page{
		Name: "attribute", Section: console.Settings, Title: console.Lit(a.Name), Trail: settingsTrail(v, attributesLink(v)),
		Blocks: []console.Block{
			console.Facts{{Name: console.T("definitions.type"), Value: console.Lit(a.Type)}},
			console.Form{ID: "attribute", Action: v.url(consoleAttribute, "name", a.Name), Submit: console.T("shell.save"), Fields: attributeFields(v, a)},
			console.Actions{{Text: console.T("definitions.delete_attribute"), URL: v.url(consoleAttribute+"/delete", "name", a.Name)}},
		},
	}, nil
}

func (c definitionPages) saveAttribute(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	ch, err := v.attributeChange()
	if err == nil {
		_, err = v.admin.Attributes().Update(ctx, v.path["name"], ch)
	}
	return consoleDone{to: consoleAttributes, notice: "shell.saved"}, v.explain(err)
}

func (c definitionPages) showDeleteAttribute(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Attributes().Show(ctx, v.path["name"])
	return console.Page{
		Name: "attribute_delete", Section: console.Settings, Title: console.T("definitions.delete_title", "name", a.Name), Trail: settingsTrail(v, attributesLink(v)),
		Blocks: []console.Block{console.Paragraph{Text: console.T("definitions.delete_text")}, console.Form{ID: "delete", Action: v.url(consoleAttribute+"/delete", "name", a.Name), Confirm: a.Name, Danger: true, Submit: console.T("definitions.delete_attribute")}},
	}, err
}

func (c definitionPages) deleteAttribute(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	name := v.path["name"]
	if !v.confirmed(name) {
		return consoleDone{}, nil
	}
	return consoleDone{to: consoleAttributes, notice: "definitions.attribute_deleted"}, v.explain(v.admin.Attributes().Delete(ctx, name))
}

// textsOf writes the texts of a scope as lines "de: …".
func textsOf(s admin.ScopeText) string {
	var b strings.Builder
	for _, lang := range sortedKeys(s.Texts) {
		b.WriteString(lang + ": " + s.Texts[lang] + "\n")
	}
	return b.String()
}

// typedTexts reads such lines.
func typedTexts(typed string) (map[string]string, error) {
	texts := map[string]string{}
	for line := range strings.Lines(typed) {
		lang, text, found := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case strings.TrimSpace(line) == "":
		case !found:
			return nil, &issuer.FieldError{Field: "texts", Reason: "must be lines such as en: Read your items"}
		default:
			texts[strings.TrimSpace(lang)] = strings.TrimSpace(text)
		}
	}
	return texts, nil
}

func scopeFields(v *consoleVisit, s admin.ScopeText) []console.Field {
	fields := []console.Field{{Name: "texts", Kind: console.Area, Label: console.T("definitions.texts"), Hint: console.T("definitions.texts_hint"), Value: v.typed("texts", textsOf(s)), Error: v.wrong["texts"], Required: true}}
	if s.Scope != "" {
		return fields
	}
	return append([]console.Field{{Name: "scope", Label: console.T("definitions.scope"), Value: v.field("scope"), Error: v.wrong["scope"], Required: true}}, fields...)
}

func (c definitionPages) showScopes(ctx context.Context, v *consoleVisit) (console.Page, error) {
	list, err := v.admin.Scopes().List(ctx)
	if err != nil {
		return console.Page{}, err
	}
	t := console.Table{Caption: console.T("definitions.scopes_caption"), Empty: console.T("definitions.scopes_empty"), Columns: []console.Column{{Title: console.T("definitions.scope")}, {Title: console.T("definitions.texts")}, {Title: console.T("definitions.delete")}}}
	for _, s := range list.Items {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Link{Text: console.Lit(s.Scope), URL: v.url(consoleScope, "scope", s.Scope)}, console.Lit(textsOf(s)),
			console.Form{Action: v.url(consoleScope+"/delete", "scope", s.Scope), Submit: console.T("definitions.delete")},
		}})
	}
	return console.Page{
		Name: "scopes", Section: console.Settings, Title: console.T("definitions.scopes"), Trail: settingsTrail(v),
		Blocks: []console.Block{console.Paragraph{Text: console.T("definitions.scopes_text")}, t, console.Panel{Title: console.T("definitions.new_scope"), Blocks: []console.Block{console.Form{ID: "scope", Action: v.url(consoleScopes), Submit: console.T("shell.save"), Fields: scopeFields(v, admin.ScopeText{})}}}},
	}, nil
}

func (c definitionPages) showScope(ctx context.Context, v *consoleVisit) (console.Page, error) {
	list, err := v.admin.Scopes().List(ctx)
	if err != nil {
		return console.Page{}, err
	}
	n := slices.IndexFunc(list.Items, func(s admin.ScopeText) bool { return s.Scope == v.path["scope"] })
	if n < 0 {
		return console.Page{}, errNoSuchPage
	}
	s := list.Items[n]
	return console.Page{
		Name: "scope", Section: console.Settings, Title: console.Lit(s.Scope), Trail: settingsTrail(v, console.Link{Text: console.T("definitions.scopes"), URL: v.url(consoleScopes)}),
		Blocks: []console.Block{console.Form{ID: "scope", Action: v.url(consoleScope, "scope", s.Scope), Submit: console.T("shell.save"), Fields: scopeFields(v, s)}},
	}, nil
}

func (c definitionPages) saveScope(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	texts, err := typedTexts(v.field("texts"))
	if err == nil {
		scope := v.path["scope"]
		if scope == "" {
			scope = v.field("scope")
		}
		_, err = v.admin.Scopes().Put(ctx, scope, texts)
	}
	return consoleDone{to: consoleScopes, notice: "shell.saved"}, v.explain(err)
}

func (c definitionPages) deleteScope(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	err := v.admin.Scopes().Delete(ctx, v.path["scope"])
	if isNotFound(err) || errors.Is(err, errNoSuchPage) { // gone already
		err = nil
	}
	return consoleDone{notice: "definitions.scope_deleted"}, v.explain(err)
}
