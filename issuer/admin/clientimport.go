package admin

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"example.org/signet/storage"
)

// ClientImport says how clients are imported.
type ClientImport struct {
	Update bool // change clients that exist already, instead of refusing them
	DryRun bool // check everything and write nothing
}

// What an import does with a client.
const (
	ImportCreated   = "created"
	ImportUpdated   = "updated"
	ImportUnchanged = "unchanged"
)

// ImportedClient is a client after an import, or as a dry run would leave it.
type ImportedClient struct {
	Action string `json:"action"`
	Client
}

// ImportFault is a client of an import that cannot be created or changed.
type ImportFault struct {
	Index int    // in the list, from 0
	ID    string // as given
	Err   error
}

func (f *ImportFault) Error() string {
	return fmt.Sprintf("client %d %s: %v", f.Index+1, quote(f.ID), f.Err)
}
func (f *ImportFault) Unwrap() error { return f.Err }

// Import creates the clients, and changes those that exist if o says so. All of them are
// checked before the first is written: where one is refused nothing is done, and the error
// joins an *ImportFault for each. After that only the store can fail; what was written before
// is returned with the error.
func (c Clients) Import(ctx context.Context, list []NewClient, o ClientImport) ([]ImportedClient, error) {
	plan, err := c.planImport(ctx, list, o)
	if err != nil || o.DryRun {
		return plan, err
	}
	done := make([]ImportedClient, 0, len(plan))
	for n, p := range plan {
		client := p.Client
		switch p.Action {
		case ImportCreated:
			client, err = c.Create(ctx, list[n])
		case ImportUpdated:
			client, err = c.Update(ctx, list[n].ID, importChange(list[n]))
		}
		if err != nil {
			return done, &ImportFault{n, list[n].ID, err}
		}
		done = append(done, ImportedClient{p.Action, client})
	}
	return done, nil
}

// planImport returns what an import would do, or every fault.
func (c Clients) planImport(ctx context.Context, list []NewClient, o ClientImport) ([]ImportedClient, error) {
	plan := make([]ImportedClient, len(list))
	seen := make(map[string]bool, len(list))
	var faults []error
	for n, x := range list {
		p, err := c.planOne(ctx, x, o)
		if err == nil && seen[x.ID] {
			err = newFieldError("client_id", "is there twice")
		}
		if err != nil && isUnknown(err) {
			return nil, err
		}
		if err != nil {
			faults = append(faults, &ImportFault{n, x.ID, err})
		}
		plan[n], seen[x.ID] = p, true
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return plan, nil
}

// planOne checks one client of an import.
func (c Clients) planOne(ctx context.Context, n NewClient, o ClientImport) (ImportedClient, error) {
	before, err := c.admin.service.readClient(ctx, n.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return c.planCreate(ctx, n)
	case err != nil:
		return ImportedClient{}, err
	case !o.Update:
		return ImportedClient{}, &storage.DuplicateError{Field: "client_id"}
	}
	return c.planUpdate(before, n)
}

func (c Clients) planCreate(ctx context.Context, n NewClient) (ImportedClient, error) {
	x, err := c.newRecord(ctx, n)
	if err == nil {
		err = c.admin.service.accounts.checkNoUser(ctx, n.ID)
	}
	if err == nil && n.Secret != "" {
		if err = checkChosenSecret(n.Secret); n.Public {
			err = newFieldError("client_secret", "a public client has none")
		}
	}
	return ImportedClient{ImportCreated, toClient(x)}, err
}

// planUpdate checks a change of a client that exists. It keeps its secret, whatever n says, so
// that a file with secrets can be imported again; [Clients.RotateSecret] changes them.
func (c Clients) planUpdate(before storage.Client, n NewClient) (ImportedClient, error) {
	if n.Public != before.Public {
		return ImportedClient{}, newFieldError("public", "cannot be changed: delete the client, or take another id")
	}
	after, ch := before, importChange(n)
	if err := applyClient(&after, ch); err != nil {
		return ImportedClient{}, err
	}
	setIfGiven(&after.Disabled, ch.Disabled)
	if err := errors.Join(c.admin.actor.mayChangeClient(before, before), c.admin.actor.mayChangeClient(before, after)); err != nil {
		return ImportedClient{}, err
	}
	if reflect.DeepEqual(toClient(before), toClient(after)) {
		return ImportedClient{ImportUnchanged, toClient(before)}, nil
	}
	return ImportedClient{ImportUpdated, toClient(after)}, nil
}

// importChange is the change that brings a client that exists to what the import says.
func importChange(n NewClient) ClientChange {
	ch := n.Settings
	ch.InsecurePublicPassword = n.InsecurePublicPassword
	return ch
}
