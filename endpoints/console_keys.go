package endpoints

import (
	"context"
	"errors"
	"net/http"
	"time"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

const (
	consoleKeys     = "/keys"
	consoleRotate   = "/keys/rotate"
	consoleRollBack = "/keys/roll-back"
	consoleRevoke   = "/keys/revoke/{kid}"
)

// keyPages are the pages about the signing keys.
type keyPages struct{ *consolePages }

// part returns the pages and the forms.
func (c keyPages) part() consolePart {
	return consolePart{
		pages: []consolePage{
			{path: consoleKeys, show: c.showKeys},
			{path: consoleRotate, show: c.showRotate},
			{path: consoleRollBack, show: c.showRollBack},
			{path: consoleRevoke, show: c.showRevoke},
		},
		forms: []consoleForm{
			{path: consoleRotate, on: consoleRotate, show: c.showRotate, dangerous: true, fields: []string{"when"}, perform: c.rotateKeys},
			{path: consoleRollBack, on: consoleRollBack, show: c.showRollBack, dangerous: true, perform: c.rollBackKeys},
			{path: consoleRevoke, on: consoleRevoke, show: c.showRevoke, dangerous: true, perform: c.revokeKey},
		},
	}
}

// keysPage is a page about the keys, which are for super administrators.
func (c keyPages) keysPage(v *consoleVisit, name string, title console.Text, blocks func() ([]console.Block, error)) (console.Page, error) {
	page := console.Page{Name: name, Section: console.Keys, Title: title}
	if name != "keys" {
		page.Trail = []console.Link{{Text: console.T("section.keys"), URL: v.url(consoleKeys)}}
	}
	if err := v.admin.RequireSuperAdmin(); err != nil {
		page.Status, page.Blocks = http.StatusForbidden, []console.Block{console.Paragraph{Text: console.T("keys.super_admin")}}
		return page, nil
	}
	var err error
	page.Blocks, err = blocks()
	page.Problem = v.problem
	return page, err
}

func (c keyPages) showKeys(_ context.Context, v *consoleVisit) (console.Page, error) {
	return c.keysPage(v, "keys", console.T("section.keys"), func() ([]console.Block, error) {
		list, err := v.admin.Keys().List()
		if err != nil {
			return nil, err
		}
		line, err := v.admin.Keys().Timeline()
		if err != nil {
			return nil, err
		}
		plan, err := v.admin.Keys().Plan(keys.PlanRequest{})
		if err != nil {
			return nil, err
		}
		return []console.Block{
			console.Actions{{Text: console.T("keys.rotate"), URL: v.url(consoleRotate)}, {Text: console.T("keys.roll_back"), URL: v.url(consoleRollBack)}},
			keyTimeline(line), keyTable(v, list), planTable(console.T("keys.coming"), plan),
		}, nil
	})
}

// stateText is the word for the state of a key.
func stateText(s keys.State) console.Text {
	switch s {
	case keys.Standby:
		return console.T("keys.standby")
	case keys.Active:
		return console.T("keys.active")
	case keys.Retired:
		return console.T("keys.retired")
	case keys.Revoked:
		return console.T("keys.revoked")
	}
	return console.T("keys.expired")
}

func stateBadge(s keys.State) console.Badge {
	b := console.Badge{Text: stateText(s), Kind: console.Plain}
	switch s {
	case keys.Active:
		b.Kind = console.Good
	case keys.Revoked:
		b.Kind = console.Warn
	}
	return b
}

// keyTimeline draws what the keys were, are and will be.
func keyTimeline(line admin.KeyTimeline) console.Block {
	t := console.Timeline{Label: console.T("keys.timeline"), Now: line.At, NowText: console.T("keys.now")}
	for _, life := range line.Items {
		row := console.TimelineRow{Name: shortKID(life.KID)}
		if life.KID == "" {
			row.Name = console.T("keys.new_key")
		}
		for _, p := range life.Periods {
			if p.State == keys.Expired {
				continue
			}
			row.Spans = append(row.Spans, console.TimelineSpan{Text: stateText(p.State), Class: string(p.State), From: p.From, Until: p.Until})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shortKID is the beginning of a kid, which tells keys apart for people.
func shortKID(kid string) console.Text { return console.Lit(kidBeginning(kid)) }

func kidBeginning(kid string) string {
	const shown = 8
	if len(kid) > shown {
		return kid[:shown]
	}
	return kid
}

func keyTable(v *consoleVisit, list admin.KeyList) console.Table {
	t := console.Table{Caption: console.T("keys.caption"), Empty: console.T("keys.empty"), Columns: []console.Column{
		{Title: console.T("keys.kid")}, {Title: console.T("keys.state")}, {Title: console.T("keys.alg")}, {Title: console.T("keys.published")},
		{Title: console.T("keys.signs_since")}, {Title: console.T("keys.retires")}, {Title: console.T("keys.leaves")}, {Title: console.T("keys.revoke")},
	}}
	at := func(t *time.Time) console.Cell {
		if t == nil {
			return nil
		}
		return console.Time(*t)
	}
	for _, k := range list.Items {
		var revoke console.Cell
		if k.State != keys.Revoked && k.State != keys.Expired {
			revoke = console.Link{Text: console.T("keys.revoke_this"), URL: v.url(consoleRevoke, "kid", k.KID)}
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{console.Mono(k.KID), stateBadge(k.State), console.Lit(k.Alg), console.Time(k.CreatedAt), at(k.ActivatesAt), at(k.RetiresAt), at(k.UnpublishedAt), revoke}})
	}
	return t
}

// planTable says what will happen when, and to which tokens.
func planTable(caption console.Text, plan admin.KeyPlan) console.Table {
	t := console.Table{Caption: caption, Empty: console.T("keys.nothing_comes"), Columns: []console.Column{
		{Title: console.T("keys.when")}, {Title: console.T("keys.kid")}, {Title: console.T("keys.change")}, {Title: console.T("keys.tokens")},
	}}
	for _, c := range plan.Changes {
		when := console.Cell(console.Time(c.At))
		if !c.At.After(plan.At) {
			when = console.T("keys.at_once")
		}
		kid := shortKID(c.KID)
		if c.KID == "" {
			kid = console.T("keys.new_key")
		}
		change := console.T("keys.from_to", "from", stateText(c.From), "to", stateText(c.To))
		if c.From == "" {
			change = console.T("keys.from_to", "from", console.T("keys.made"), "to", stateText(c.To))
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{when, kid, change, tokensText(c)}})
	}
	return t
}

// tokensText says what a change does to which tokens, as [keys.Transition.Tokens] does.
func tokensText(c keys.Transition) console.Text {
	delay := c.PropagationDelay.String()
	switch {
	case c.To == keys.Revoked && c.PropagationDelay > 0:
		return console.T("keys.tokens_revoked", "delay", delay)
	case c.To == keys.Revoked:
		return console.T("keys.tokens_revoked_now")
	case c.To == keys.Expired:
		return console.T("keys.tokens_expired")
	case c.To == keys.Standby:
		return console.T("keys.tokens_standby")
	case c.To == keys.Active && c.From == keys.Retired:
		return console.T("keys.tokens_again")
	case c.To == keys.Active && c.PropagationDelay > 0:
		return console.T("keys.tokens_early", "delay", delay)
	case c.To == keys.Active:
		return console.T("keys.tokens_active")
	case c.From == keys.Active:
		return console.T("keys.tokens_retired", "until", console.Time(c.LastToken))
	}
	return console.T("keys.tokens_skipped")
}

// explainKeys says what the administrator can do about a change of the keys that is refused.
func (v *consoleVisit) explainKeys(err error) error {
	var scheduled *keys.ScheduledError
	var unavailable *keys.RollbackUnavailableError
	switch {
	case errors.As(err, &scheduled):
		v.status, v.problem = http.StatusConflict, console.T("keys.problem_scheduled", "kid", console.Mono(kidBeginning(scheduled.KID)), "time", console.Time(scheduled.At))
	case errors.As(err, &unavailable):
		v.status, v.problem = http.StatusConflict, console.T("keys.problem_no_rollback")
	case errors.Is(err, keys.ErrRotated):
		v.status, v.problem = http.StatusConflict, console.T("keys.problem_rotated")
	default:
		return v.explain(err)
	}
	return nil
}

// preview shows what a change would do, or why it is not possible, and the form for it.
func (v *consoleVisit) preview(caption console.Text, req keys.PlanRequest, form console.Form) ([]console.Block, error) {
	plan, err := v.admin.Keys().Plan(req)
	if err != nil {
		problem := v.problem
		if err = v.explainKeys(err); err != nil {
			return nil, err
		}
		why := v.problem
		if v.problem = problem; v.sent == nil {
			v.status = 0
		}
		return []console.Block{console.Paragraph{Text: why}}, nil
	}
	return []console.Block{planTable(caption, plan), form}, nil
}

func (c keyPages) showRotate(_ context.Context, v *consoleVisit) (console.Page, error) {
	return c.keysPage(v, "rotate", console.T("keys.rotate"), func() ([]console.Block, error) {
		form := func(when string, submit console.Text, danger bool) console.Form {
			return console.Form{ID: when, Action: v.url(consoleRotate), Submit: submit, Danger: danger, Fields: []console.Field{{Name: "when", Kind: console.Hidden, Value: when}}}
		}
		waiting, err := v.preview(console.T("keys.preview_rotate"), keys.PlanRequest{Rotate: true}, form("ready", console.T("keys.rotate_submit"), false))
		if err != nil {
			return nil, err
		}
		forced, err := v.preview(console.T("keys.preview_rotate_now"), keys.PlanRequest{Rotate: true, Force: true}, form("now", console.T("keys.rotate_now_submit"), true))
		return []console.Block{
			console.Panel{ID: "when-ready", Title: console.T("keys.rotate_ready"), Blocks: append([]console.Block{console.Paragraph{Text: console.T("keys.rotate_ready_hint")}}, waiting...)},
			console.Panel{ID: "at-once", Title: console.T("keys.rotate_now"), Blocks: append([]console.Block{console.Paragraph{Text: console.T("keys.rotate_now_hint")}}, forced...)},
		}, err
	})
}

func (c keyPages) rotateKeys(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	_, err := v.admin.Keys().Rotate(ctx, v.field("when") == "now")
	return consoleDone{to: consoleKeys, notice: "keys.rotated_notice"}, v.explainKeys(err)
}

func (c keyPages) showRollBack(_ context.Context, v *consoleVisit) (console.Page, error) {
	return c.keysPage(v, "roll_back", console.T("keys.roll_back"), func() ([]console.Block, error) {
		blocks, err := v.preview(console.T("keys.preview_roll_back"), keys.PlanRequest{Rollback: true}, console.Form{Action: v.url(consoleRollBack), Submit: console.T("keys.roll_back_submit"), Danger: true})
		return append([]console.Block{console.Paragraph{Text: console.T("keys.roll_back_hint")}}, blocks...), err
	})
}

func (c keyPages) rollBackKeys(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	_, err := v.admin.Keys().RollBack(ctx)
	return consoleDone{to: consoleKeys, notice: "keys.rolled_back_notice"}, v.explainKeys(err)
}

func (c keyPages) showRevoke(_ context.Context, v *consoleVisit) (console.Page, error) {
	kid := v.path["kid"]
	return c.keysPage(v, "revoke", console.T("keys.revoke_title", "kid", kidBeginning(kid)), func() ([]console.Block, error) {
		blocks, err := v.preview(console.T("keys.preview_revoke"), keys.PlanRequest{Revoke: kid}, console.Form{Action: v.url(consoleRevoke, "kid", kid), Submit: console.T("keys.revoke_submit"), Danger: true, Confirm: kidBeginning(kid)})
		return append([]console.Block{console.Paragraph{Text: console.T("keys.revoke_hint")}, console.Facts{{Name: console.T("keys.kid"), Value: console.Mono(kid)}}}, blocks...), err
	})
}

func (c keyPages) revokeKey(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	kid := v.path["kid"]
	if !v.confirmed(kidBeginning(kid)) {
		return consoleDone{}, nil
	}
	_, err := v.admin.Keys().Revoke(ctx, kid)
	return consoleDone{to: consoleKeys, notice: "keys.revoked_notice"}, v.explainKeys(err)
}
