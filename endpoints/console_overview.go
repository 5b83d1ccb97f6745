package endpoints

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"example.org/signet/endpoints/console"
)

// overviewPages are the pages about the instance.
type overviewPages struct{ *consolePages }

// part returns the pages and the forms.
func (c overviewPages) part() consolePart {
	part := consolePart{pages: []consolePage{{path: "", show: c.showOverview}}}
	if c.instance.instance != nil {
		part.pages = append(part.pages, consolePage{path: "/health", show: c.showHealth}, consolePage{path: "/settings", show: c.showSettings})
	}
	return part
}

func (c overviewPages) showOverview(ctx context.Context, v *consoleVisit) (console.Page, error) {
	page := console.Page{
		Name: "overview", Section: console.Overview, Title: console.T("section.overview"),
		Blocks: []console.Block{
			console.Facts{
				{Name: console.T("overview.signed_in"), Value: console.Lit(v.principal.User().Username)},
				{Name: console.T("overview.since"), Value: console.Time(v.principal.AuthTime())},
				{Name: console.T("overview.issuer"), Value: console.Mono(c.site.issuer)},
			},
			console.Actions{
				{Text: console.T("people.new"), URL: v.url(consolePeopleNew)},
				{Text: console.T("applications.new"), URL: v.url("/applications/new")},
			},
		},
	}
	if c.instance.instance != nil {
		page.Blocks = append(page.Blocks, console.Panel{ID: "health", Title: console.T("overview.health"), Blocks: []console.Block{
			c.healthFacts(v, c.instance.status(ctx), false), console.Actions{{Text: console.T("overview.more"), URL: v.url("/health")}},
		}})
	}
	return page, nil
}

func (c overviewPages) showHealth(ctx context.Context, v *consoleVisit) (console.Page, error) {
	return console.Page{
		Name: "health", Section: console.Overview, Title: console.T("overview.health"), Trail: []console.Link{{Text: console.T("section.overview"), URL: v.url("")}},
		Blocks: []console.Block{
			console.Paragraph{Text: console.T("overview.one_instance"), Hint: true},
			c.healthFacts(v, c.instance.status(ctx), true),
			console.Actions{{Text: console.T("overview.again"), URL: v.url("/health")}, {Text: console.T("section.keys"), URL: v.url("/keys")}, {Text: console.T("section.settings"), URL: v.url("/settings")}},
		},
	}, nil
}

// healthFacts shows the state of the instance: in short, or all of it.
func (c overviewPages) healthFacts(v *consoleVisit, s InstanceStatus, all bool) console.Facts {
	state := console.Group{console.Badge{Text: console.T("overview.ready")}}
	if len(s.Failed) > 0 {
		state = nil
		for _, what := range s.Failed {
			state = append(state, console.Badge{Text: failingText(what), Kind: console.Warn})
		}
	}
	facts := console.Facts{
		{Name: console.T("overview.state"), Value: state},
		{Name: console.T("overview.version"), Value: console.Lit(s.Version)},
		{Name: console.T("overview.store"), Value: console.Mono(s.Store)},
		{Name: console.T("overview.started"), Value: console.Time(s.StartedAt)},
		{Name: console.T("overview.next_key"), Value: v.in(s.NextKeyChange)},
		{Name: console.T("overview.messages"), Value: console.Lit(strconv.Itoa(s.MessagesWaiting))},
	}
	if !all {
		return facts
	}
	facts = append(facts,
		console.Fact{Name: console.T("overview.oldest_message"), Value: seconds(s.OldestMessageAge)},
		console.Fact{Name: console.T("overview.password_queue"), Value: console.Lit(strconv.Itoa(s.PasswordQueue))},
		console.Fact{Name: console.T("overview.key_age"), Value: seconds(s.SigningKeyAge)},
		console.Fact{Name: console.T("overview.keyring_age"), Value: seconds(s.KeyringAge)},
		console.Fact{Name: console.T("overview.status_age"), Value: seconds(s.StatusListAge)},
		console.Fact{Name: console.T("overview.signer"), Value: console.Lit(s.Signer)},
		console.Fact{Name: console.T("overview.go"), Value: console.Mono(s.Go)},
		console.Fact{Name: console.T("overview.revision"), Value: console.Mono(s.Revision)},
	)
	if sweep := s.LastSweep; sweep != nil {
		outcome := console.T("overview.swept", "n", sweep.Deleted)
		if sweep.Failed {
			outcome = console.T("overview.sweep_failed")
		}
		facts = append(facts, console.Fact{Name: console.T("overview.sweep"), Value: console.Group{console.Time(sweep.At), outcome}})
	}
	return facts
}

// in is the time that many seconds from now; nil for a negative number.
func (v *consoleVisit) in(s float64) console.Cell {
	if s < 0 {
		return nil
	}
	return console.Time(v.now.Add(time.Duration(s * float64(time.Second))))
}

// seconds is a duration in words that programs use; nil for a negative number.
func seconds(s float64) console.Cell {
	if s < 0 {
		return nil
	}
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	if d >= 48*time.Hour {
		return console.Lit(fmt.Sprintf("%dd %dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour))
	}
	return console.Lit(d.String())
}

// showSettings shows the settings in force. They are for a super_admin, as by the API.
func (c overviewPages) showSettings(_ context.Context, v *consoleVisit) (console.Page, error) {
	page := console.Page{Name: "settings", Section: console.Settings, Title: console.T("section.settings"), Blocks: []console.Block{
		console.Actions{{Text: console.T("connectors.title"), URL: v.url(consoleConnectors)}, {Text: console.T("definitions.attributes"), URL: v.url(consoleAttributes)}, {Text: console.T("definitions.scopes"), URL: v.url(consoleScopes)}},
	}}
	if err := v.admin.RequireSuperAdmin(); err != nil {
		err = v.explain(err)
		return page, err
	}
	t := console.Table{Caption: console.T("overview.settings_caption"), Columns: []console.Column{{Title: console.T("overview.setting")}, {Title: console.T("overview.value")}, {Title: console.T("overview.from")}}}
	for _, s := range c.instance.instance.Settings() {
		from := console.Cell(console.T("overview.default"))
		if s.From != "" {
			from = console.Mono(s.From)
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Mono(s.Name), console.Mono(s.Value), from}})
	}
	page.Blocks = append(page.Blocks, console.Paragraph{Text: console.T("overview.settings_text"), Hint: true}, t)
	return page, nil
}

// failingText says what keeps an instance from being ready.
func failingText(what string) console.Text { return console.T("overview." + "fails_" + what) }
