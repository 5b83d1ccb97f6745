package endpoints

import (
	"context"
	"strings"
	"time"

	"example.org/signet/issuer"
)

// listClients is GET /api/v1/clients.
func listClients(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	page, _, err := c.page()
	if err != nil {
		return nil, err
	}
	return a.Clients(ctx, page)
}

// clientShape is what can be changed of a client; the names are those of
// RFC 7591 §2 where it has them.
var clientShape = shape{
	"client_name": aText, "grant_types": aList, "scope": aText, "audiences": aList, "resources": aList, "origins": aList,
	"id_token_on_refresh": aFlag, "insecure_public_password": aFlag,
}

var newClientShape = func() shape {
	s := shape{"client_id": aText, "client_secret": aText, "public": aFlag}
	for name, k := range clientShape {
		s[name] = k
	}
	return s
}()

func clientChange(b object) issuer.ClientChange {
	ch := issuer.ClientChange{
		Name: b.text("client_name"), Grants: b.list("grant_types"), Audiences: b.list("audiences"), Resources: b.list("resources"),
		Origins: b.list("origins"), IDTokenOnRefresh: b.flag("id_token_on_refresh"), InsecurePublicPassword: b.is("insecure_public_password"),
	}
	if scope := b.text("scope"); scope != nil {
		scopes := strings.Fields(*scope)
		ch.Scopes = &scopes
	}
	return ch
}

// createClient is POST /api/v1/clients. Asked again it is a duplicate; a secret
// whose answer was lost is replaced by POST …/secret.
func createClient(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(newClientShape)
	if err != nil {
		return nil, err
	}
	v, err := a.CreateClient(ctx, issuer.NewClient{
		ID: b.str("client_id"), Public: b.is("public"), Secret: b.secret("client_secret"),
		InsecurePublicPassword: b.is("insecure_public_password"), Settings: clientChange(b),
	})
	if err != nil {
		return nil, err
	}
	return created(v, v.Revision, "/api/v1/clients/"+v.ID), nil
}

// oneClient answers with what became of a client.
func oneClient(v issuer.Client, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return found(v, v.Revision), nil
}

// showClient is GET /api/v1/clients/{client_id}.
func showClient(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if _, err := c.query(); err != nil {
		return nil, err
	}
	return oneClient(a.Client(ctx, c.place("client_id")))
}

// updateClient is PATCH /api/v1/clients/{client_id}.
func updateClient(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(clientShape)
	if err != nil {
		return nil, err
	}
	when, err := c.when()
	if err != nil {
		return nil, err
	}
	return oneClient(a.UpdateClient(ctx, c.place("client_id"), clientChange(b), when))
}

// rotateSecret is POST /api/v1/clients/{client_id}/secret. With If-Match a
// retry that comes after the first was carried out changes nothing.
func rotateSecret(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	b, err := c.object(shape{"client_secret": aText, "overlap": aNumber, "revoke": aFlag})
	if err != nil {
		return nil, err
	}
	when, err := c.when()
	if err != nil {
		return nil, err
	}
	r := issuer.SecretRotation{Secret: b.secret("client_secret"), Revoke: b.is("revoke")}
	if seconds := b.number("overlap"); seconds != nil {
		r.Overlap = inSeconds(*seconds)
	}
	return oneClient(a.RotateClientSecret(ctx, c.place("client_id"), r, when))
}

// inSeconds does not overflow: what is too long stays too long.
func inSeconds(n int64) time.Duration {
	const most = int64(time.Duration(1<<63-1) / time.Second)
	return time.Duration(max(-most, min(n, most))) * time.Second
}

// disableClient is POST /api/v1/clients/{client_id}/disable.
func disableClient(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	return switchClient(ctx, a, c, true)
}

// enableClient is POST /api/v1/clients/{client_id}/enable.
func enableClient(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	return switchClient(ctx, a, c, false)
}

func switchClient(ctx context.Context, a *issuer.Administrator, c *call, off bool) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return oneClient(a.UpdateClient(ctx, c.place("client_id"), issuer.ClientChange{Disabled: &off}, nil))
}

// deleteClient is DELETE /api/v1/clients/{client_id}.
func deleteClient(ctx context.Context, a *issuer.Administrator, c *call) (any, error) {
	if err := c.nothing(); err != nil {
		return nil, err
	}
	return done, a.DeleteClient(ctx, c.place("client_id"))
}
