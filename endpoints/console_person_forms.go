package endpoints

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// dangerousForPeople lists the actions that need a fresh sign-in.
var dangerousForPeople = []string{"/factors/reset", "/reset-link"}

// personActions are the buttons on the page of a user, by their path below it.
func (c peoplePages) personActions() map[string]consolePerform {
	id := func(v *consoleVisit) string { return v.path["id"] }
	user := func(notice string, change func(context.Context, admin.Users, string) (admin.User, error)) consolePerform {
		return func(ctx context.Context, v *consoleVisit) (consoleDone, error) {
			_, err := change(ctx, v.admin.Users(), id(v))
			return consoleDone{notice: notice}, v.explain(err)
		}
	}
	do := func(notice string, change func(ctx context.Context, v *consoleVisit) error) consolePerform {
		return func(ctx context.Context, v *consoleVisit) (consoleDone, error) {
			err := change(ctx, v)
			if errors.Is(err, admin.ErrLastWayIn) {
				v.status, v.problem = http.StatusConflict, console.T("people.last_way_in")
				return consoleDone{}, nil
			}
			if errors.Is(err, storage.ErrNotFound) { // gone already
				err = nil
			}
			return consoleDone{notice: notice}, v.explain(err)
		}
	}
	return map[string]consolePerform{
		"/unlock":  user("people.unlocked", func(ctx context.Context, u admin.Users, id string) (admin.User, error) { return u.Unlock(ctx, id) }),
		"/enable":  user("people.enabled_notice", func(ctx context.Context, u admin.Users, id string) (admin.User, error) { return u.Enable(ctx, id) }),
		"/disable": user("people.disabled_notice", func(ctx context.Context, u admin.Users, id string) (admin.User, error) { return u.Disable(ctx, id) }),
		"/sessions/end": do("people.session_ended", func(ctx context.Context, v *consoleVisit) error {
			return v.admin.Sessions().End(ctx, v.field("session"))
		}),
		"/browsers/end": do("people.session_ended", func(ctx context.Context, v *consoleVisit) error {
			return v.admin.Browsers().EndSession(ctx, id(v), v.field("session"))
		}),
		"/sessions/end-all": do("people.all_ended", func(ctx context.Context, v *consoleVisit) error {
			_, err := v.admin.Users().EndSessions(ctx, id(v))
			return err
		}),
		"/consents/withdraw": do("people.withdrawn", func(ctx context.Context, v *consoleVisit) error {
			return v.admin.Browsers().RevokeConsent(ctx, id(v), v.field("client_id"))
		}),
		"/links/remove": do("people.unlinked", func(ctx context.Context, v *consoleVisit) error {
			return v.admin.Users().Unlink(ctx, id(v), v.field("link"))
		}),
		"/factors/reset": do("people.factors_reset", func(ctx context.Context, v *consoleVisit) error {
			return v.admin.Factors().Reset(ctx, id(v))
		}),
		"/factors/demand": do("people.factor_demanded", func(ctx context.Context, v *consoleVisit) error {
			return v.admin.Factors().Demand(ctx, id(v))
		}),
		"/reset-link": func(ctx context.Context, v *consoleVisit) (consoleDone, error) {
			u, err := v.admin.Users().Show(ctx, id(v))
			if err != nil {
				return consoleDone{}, err
			}
			return c.passwordLink(ctx, v, u, "people.link_sent")
		},
	}
}

// passwordLink makes a link by which a user chooses a password. It goes by mail where mails are sent
// and the user has an address, else it is shown once.
func (c peoplePages) passwordLink(ctx context.Context, v *consoleVisit, u admin.User, notice string) (consoleDone, error) {
	to := fillPath(consolePerson, map[string]string{"id": u.ID})
	if c.links == nil {
		return consoleDone{to: to}, errNoSuchPage
	}
	link, err := c.links.PasswordLink(ctx, v.admin.Users(), u.ID, c.sends && u.Email != "", "", v.info)
	if err != nil {
		return consoleDone{}, v.explain(err)
	}
	if link.Sent {
		return consoleDone{to: to, notice: notice}, nil
	}
	return consoleDone{page: &console.Page{
		Name: "person_link", Section: console.People, Title: console.T("people.link_title", "user", u.Username), Trail: append(peopleTrail(v), console.Link{Text: console.Lit(u.Username), URL: v.url(consolePerson, "id", u.ID)}),
		Blocks: []console.Block{
			console.Secret{ID: "link", Label: console.T("people.link_once", "user", u.Username), Value: link.Link, Note: console.T("people.link_until", "time", console.Time(link.ExpiresAt))},
			console.Actions{{Text: console.T("people.back", "user", u.Username), URL: v.url(consolePerson, "id", u.ID)}},
		},
	}}, nil
}

func (c peoplePages) showEditPerson(ctx context.Context, v *consoleVisit) (console.Page, error) {
	u, err := v.admin.Users().Show(ctx, v.path["id"])
	if err != nil {
		return console.Page{}, err
	}
	roles, err := v.admin.Roles().List(ctx)
	if err != nil {
		return console.Page{}, err
	}
	held := v.fields("roles")
	if held == nil {
		held = u.Roles
	}
	box := func(name string, label console.Text, now bool) console.Field {
		text := ""
		if now {
			text = "1"
		}
		return console.Field{Name: name, Kind: console.Box, Label: label, Value: v.typed(name, text)}
	}
	fields := append(personFields(v, u), box("email_verified", console.T("people.email_verified"), u.EmailVerified), rolesField(roles, held, v), box("must_change_password", console.T("people.must_change_box"), u.MustChangePassword))
	page := console.Page{
		Name: "person_edit", Section: console.People, Title: console.T("people.edit_title", "user", u.Username), Trail: append(peopleTrail(v), console.Link{Text: console.Lit(u.Username), URL: v.url(consolePerson, "id", u.ID)}),
		Blocks: []console.Block{console.Form{ID: "person", Action: v.url(consolePerson+"/edit", "id", u.ID), Revision: u.Revision, Submit: console.T("shell.save"), Fields: fields}},
	}
	if v.status == http.StatusConflict {
		page.Blocks = append(page.Blocks, console.Panel{Title: console.T("people.now"), Blocks: []console.Block{v.lastChange(ctx, u.ID), personFacts(u), console.Facts{{Name: console.T("people.roles"), Value: console.Lit(strings.Join(u.Roles, ", "))}}}})
	}
	return page, nil
}

func (c peoplePages) savePerson(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	roles := v.fields("roles")
	change := admin.UserChange{
		Username: v.given("username"), Email: v.given("email"), EmailVerified: v.ticked("email_verified"), FullName: v.given("full_name"), Phone: v.given("phone"), Roles: &roles, MustChangePassword: v.ticked("must_change_password"),
	}
	if v.field("email") == "" {
		change.EmailVerified = nil
	}
	u, err := v.admin.Users().Show(ctx, v.path["id"])
	switch {
	case err != nil:
		return consoleDone{}, err
	case !v.isFresh() && (!sameNames(roles, u.Roles) || movesAddress(change, u)):
		return consoleDone{askFresh: true}, nil
	}
	_, err = v.admin.Users().Update(ctx, u.ID, change)
	return consoleDone{to: fillPath(consolePerson, v.path), notice: "shell.saved"}, v.explain(err)
}

// movesAddress tells whether a change sets another address, or says that the one there is is the
// user's: links by which a password is chosen go there.
func movesAddress(change admin.UserChange, u admin.User) bool {
	return *change.Email != "" && (*change.Email != u.Email || *change.EmailVerified && !u.EmailVerified)
}

func (c peoplePages) showPersonPassword(ctx context.Context, v *consoleVisit) (console.Page, error) {
	u, err := v.admin.Users().Show(ctx, v.path["id"])
	if err != nil {
		return console.Page{}, err
	}
	return console.Page{
		Name: "person_password", Section: console.People, Title: console.T("people.password_title", "user", u.Username), Trail: append(peopleTrail(v), console.Link{Text: console.Lit(u.Username), URL: v.url(consolePerson, "id", u.ID)}),
		Blocks: []console.Block{
			console.Paragraph{Text: console.T("people.password_text")},
			console.Form{ID: "password", Action: v.url(consolePerson+"/password", "id", u.ID), Submit: console.T("people.set_password"), Danger: true, Fields: []console.Field{
				{Name: "password", Kind: console.Password, Label: console.T("people.new_password"), Autocomplete: "new-password", Required: true, Error: v.wrong["password"]},
				{Name: "must_change", Kind: console.Box, Label: console.T("people.must_change_box"), Value: v.typed("must_change", "1")},
			}},
		},
	}, nil
}

func (c peoplePages) setPersonPassword(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	must := v.field("must_change") != ""
	_, err := v.admin.Users().SetPassword(ctx, v.path["id"], admin.NewPassword{Password: secretField(v, "password"), MustChange: &must})
	return consoleDone{to: fillPath(consolePerson, v.path), notice: "people.password_set"}, v.explain(err)
}

func (c peoplePages) showDeletePerson(ctx context.Context, v *consoleVisit) (console.Page, error) {
	u, err := v.admin.Users().Show(ctx, v.path["id"])
	if err != nil {
		return console.Page{}, err
	}
	return console.Page{
		Name: "person_delete", Section: console.People, Title: console.T("people.delete_title", "user", u.Username), Trail: append(peopleTrail(v), console.Link{Text: console.Lit(u.Username), URL: v.url(consolePerson, "id", u.ID)}),
		Blocks: []console.Block{
			console.Paragraph{Text: console.T("people.delete_text")},
			console.Form{ID: "delete", Action: v.url(consolePerson+"/delete", "id", u.ID), Revision: u.Revision, Confirm: u.Username, Danger: true, Submit: console.T("people.delete")},
		},
	}, nil
}

func (c peoplePages) deletePerson(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	u, err := v.admin.Users().Show(ctx, v.path["id"])
	if err != nil {
		return consoleDone{}, err
	}
	if !v.confirmed(u.Username) {
		return consoleDone{}, nil
	}
	return consoleDone{to: consolePeople, notice: "people.deleted"}, v.explain(v.admin.Users().Delete(ctx, u.ID))
}

// factorBlocks show the second factors of a user.
func (c peoplePages) factorBlocks(ctx context.Context, v *consoleVisit) ([]console.Block, error) {
	s, err := v.admin.Factors().Show(ctx, v.path["id"])
	if err != nil {
		return nil, err
	}
	t := console.Table{Caption: console.T("people.factors_caption"), Empty: console.T("people.no_factors"), Columns: []console.Column{{Title: console.T("people.factor")}, {Title: console.T("people.since")}, {Title: console.T("people.last_used")}}}
	row := func(name console.Cell, e factor.Entry) {
		used := console.Cell(console.T("people.never"))
		if e.LastUsedAt != nil {
			used = console.Time(*e.LastUsedAt)
		}
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{name, console.Time(e.CreatedAt), used}})
	}
	if s.TOTP != nil {
		row(console.T("people.totp"), *s.TOTP)
	}
	for _, k := range s.Passkeys {
		row(console.T("people.passkey", "name", k.Name), k.Entry)
	}
	if len(t.Rows) == 0 {
		blocks := []console.Block{t}
		if s.EnrolBy != nil {
			blocks = append(blocks, console.Facts{{Name: console.T("people.enrol_by"), Value: console.Time(*s.EnrolBy)}})
		}
		return append(blocks, console.Group{v.button(consolePerson+"/factors/demand", console.T("people.demand_factor"), false)}.Block()), nil
	}
	return []console.Block{
		t, console.Facts{{Name: console.T("people.codes_left"), Value: console.Lit(strconv.Itoa(s.RecoveryCodesLeft))}},
		console.Group{v.button(consolePerson+"/factors/reset", console.T("people.reset_factors"), true)}.Block(),
	}, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// attributeText shows the value of an attribute.
func attributeText(value any) string {
	if list, ok := value.([]any); ok {
		var texts []string
		for _, one := range list {
			texts = append(texts, fmt.Sprint(one))
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprint(value)
}
