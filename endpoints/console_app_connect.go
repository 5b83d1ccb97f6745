package endpoints

import (
	"context"
	"strconv"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/connect"
	"example.org/signet/storage"
)

const (
	consoleAppConnect  = consoleApp + "/connect"
	consoleAppGuide    = consoleApp + "/connect/{kind}"
	consoleAppRefusals = consoleApp + "/refusals"
)

// showConnect asks for which program a configuration is wanted.
func (c applicationPages) showConnect(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return console.Page{}, err
	}
	t := console.Table{Caption: console.T("applications.connect_caption"), Columns: []console.Column{{Title: console.T("applications.program")}, {Title: console.T("applications.suits")}}}
	for _, kind := range connect.Kinds() {
		g, err := v.admin.Clients().Connect(ctx, a.ID, kind)
		if err != nil {
			return console.Page{}, err
		}
		state := console.Badge{Text: console.T("applications.suits_yes")}
		if len(g.Misfits) > 0 {
			state = console.Badge{Text: console.T("applications.suits_no"), Kind: console.Warn}
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Link{Text: console.Lit(g.Name), URL: v.url(consoleAppGuide, "client", a.ID, "kind", kind)}, state}})
	}
	return console.Page{Name: "application_connect", Section: console.Applications, Title: console.T("applications.connect_title", "client", appName(a)), Trail: appTrail(v, a), Blocks: []console.Block{t}}, nil
}

// showGuide shows the configuration of one program.
func (c applicationPages) showGuide(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return console.Page{}, err
	}
	g, err := v.admin.Clients().Connect(ctx, a.ID, v.path["kind"])
	if err != nil {
		return console.Page{}, err
	}
	return console.Page{
		Name: "application_guide", Section: console.Applications, Title: console.Lit(g.Name),
		Trail:  append(appTrail(v, a), console.Link{Text: console.T("applications.connect"), URL: v.url(consoleAppConnect, "client", a.ID)}),
		Blocks: guideBlocks(v, a, g),
	}, nil
}

func guideBlocks(v *consoleVisit, a admin.Client, g connect.Guide) []console.Block {
	var blocks []console.Block
	if len(g.Misfits) > 0 {
		t := console.Table{Caption: console.T("applications.misfits_caption"), Columns: []console.Column{{Title: console.T("applications.setting")}, {Title: console.T("people.detail")}, {Title: console.T("applications.to_add")}}}
		for _, m := range g.Misfits {
			t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Mono(m.Field), console.Lit(m.Detail), console.Mono(m.Value)}})
		}
		blocks = append(blocks, t, console.Actions{{Text: console.T("applications.edit"), URL: v.url(consoleApp+"/edit", "client", a.ID)}})
	}
	if g.RedirectURI != "" {
		blocks = append(blocks, console.Facts{{Name: console.T("applications.takes_answer"), Value: console.Mono(g.RedirectURI)}})
	}
	if !a.Public && g.Kind != "go" {
		blocks = append(blocks, console.Paragraph{Text: console.T("applications.secret_from_environment")})
	}
	for n, f := range g.Files {
		blocks = append(blocks, console.Pre{ID: "file-" + strconv.Itoa(n), Label: console.Lit(f.Name), Text: f.Text, File: f.Name})
	}
	for _, note := range g.Notes {
		blocks = append(blocks, console.Paragraph{Text: console.Lit(note), Hint: true})
	}
	return blocks
}

// showRefusals shows the requests that were refused, and where a redirect URI differs.
func (c applicationPages) showRefusals(ctx context.Context, v *consoleVisit) (console.Page, error) {
	a, err := v.admin.Clients().Show(ctx, v.path["client"])
	if err != nil {
		return console.Page{}, err
	}
	list, err := v.admin.Clients().Refusals(ctx, a.ID, storage.Page{Limit: consoleRows, After: v.query.Get("after")})
	if err = v.explain(err); err != nil {
		return console.Page{}, err
	}
	t := console.Table{
		Caption: console.T("applications.refusals_caption"), Empty: console.T("applications.no_refusals"),
		Columns: []console.Column{{Title: console.T("people.time")}, {Title: console.T("people.detail")}, {Title: console.T("applications.received")}, {Title: console.T("applications.registered")}, {Title: console.T("applications.differs")}},
	}
	if v.query.Get("after") != "" {
		t.First = v.url(consoleAppRefusals, "client", a.ID)
	}
	if list.Next != "" {
		t.Next = v.url(consoleAppRefusals, "client", a.ID, "after", list.Next)
	}
	for _, r := range list.Items {
		row := []console.Cell{console.Time(r.At), console.Lit(r.Detail), console.Mono(r.Received), console.Mono(r.Nearest), nil}
		if r.DiffersAt != nil {
			row[4] = differingParts(r)
		}
		t.Rows = append(t.Rows, console.Row{Cells: row})
	}
	return console.Page{Name: "application_refusals", Section: console.Applications, Title: console.T("applications.refusals"), Trail: appTrail(v, a), Blocks: []console.Block{t}}, nil
}

// differingParts says from where on the two redirect URIs differ, and how each goes on there.
func differingParts(r admin.Refusal) console.Cell {
	rest := func(uri string) console.Cell {
		if uri = uri[min(*r.DiffersAt, len(uri)):]; uri != "" {
			return console.Mono(uri)
		}
		return console.T("applications.nothing")
	}
	return console.T("applications.differs_at", "n", int64(*r.DiffersAt+1), "received", rest(r.Received), "registered", rest(r.Nearest))
}
