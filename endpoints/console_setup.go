package endpoints

import (
	"context"
	"errors"
	"net/http"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

const pathConsoleSetup = "/console/setup"

// awaitsSetup tells whether the first administrator can be made now.
func (c *consolePages) awaitsSetup(ctx context.Context) (bool, error) {
	ctx, release, err := c.limiter.acquire(ctx, c.limiter.storeTimeout)
	if err != nil {
		return false, err
	}
	defer release()
	return c.first.AwaitsBootstrap(ctx)
}

// consoleSetup is the page by which whoever has the bootstrap secret makes the first super_admin. It
// is there only while there is none.
type consoleSetup struct {
	consoleSignIn
	*consolePages
}

func (c consoleSetup) handle(r *http.Request, e *event) (any, error) {
	v := &consoleVisit{lang: c.site.language(r, ""), base: c.site.base, wrong: map[string]console.Text{}, info: e.source()}
	if r.Method == http.MethodPost {
		if err := c.checkOrigin(r); err != nil {
			return nil, err
		}
	}
	awaits, err := c.awaitsSetup(r.Context())
	switch {
	case err != nil:
		return nil, err
	case !awaits:
		return pageReply{location: c.base + pathConsole}, nil
	case r.Method != http.MethodPost:
		return c.show(v)
	}
	if v.sent, err = readConsoleForm(r, []string{"secret", "username", "email", "password"}, nil); err != nil {
		return nil, err
	}
	ctx, release, err := c.limiter.acquire(r.Context(), c.limiter.loginTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	u, err := c.first.Bootstrap(ctx, admin.BootstrapRequest{
		Secret: secretField(v, "secret"), Info: v.info, User: admin.NewUser{Username: v.field("username"), Email: v.field("email"), Password: secretField(v, "password")},
	})
	var refused *issuer.Error
	switch {
	case errors.Is(err, admin.ErrBootstrapped):
		return pageReply{location: c.base + pathConsole}, nil
	case errors.As(err, &refused) && refused.Code == issuer.TooManyAttempts:
		return nil, err
	case errors.As(err, &refused) && refused.Code == issuer.AccessDenied:
		v.status, v.problem, v.wrong["secret"] = http.StatusForbidden, console.T("shell.setup_wrong_secret"), console.T("shell.setup_wrong_secret")
		return c.show(v)
	}
	if err != nil {
		if err = v.explain(err); err != nil {
			return nil, err
		}
		return c.show(v)
	}
	e.actor = u.ID
	return pageReply{location: c.base + pathConsole}, nil
}

func (c consoleSetup) show(v *consoleVisit) (any, error) {
	return c.render(v, console.Page{
		Name: "setup", Title: console.T("shell.setup"), Bare: true, Problem: v.problem, Status: v.status,
		Blocks: []console.Block{
			console.Paragraph{Text: console.T("shell.setup_text")},
			console.Form{ID: "setup", Action: c.base + pathConsoleSetup, Submit: console.T("shell.setup_submit"), Fields: []console.Field{
				{Name: "secret", Kind: console.Password, Label: console.T("shell.setup_secret"), Hint: console.T("shell.setup_secret_hint"), Error: v.wrong["secret"], Required: true},
				{Name: "username", Label: console.T("people.username"), Value: v.field("username"), Error: v.wrong["username"], Required: true, Autocomplete: "username"},
				{Name: "email", Kind: console.EmailField, Label: console.T("people.email"), Value: v.field("email"), Error: v.wrong["email"], Autocomplete: "email"},
				{Name: "password", Kind: console.Password, Label: console.T("people.new_password"), Error: v.wrong["password"], Required: true, Autocomplete: "new-password"},
			}},
		},
	})
}
