package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// checkEventType refuses a type that is neither known nor in the log, where another
// version of Signet may have written it. "" is every type.
func (ac *adminContext) checkEventType(ctx context.Context, name string) error {
	types := admin.EventTypes()
	if name == "" || slices.Contains(types, name) || strings.HasSuffix(name, ".") {
		return nil
	}
	page, err := ac.admin.Audit().List(ctx, storage.AuditFilter{Type: name}, storage.Page{Limit: 1})
	if err != nil || len(page.Items) > 0 {
		return err
	}
	if meant := nearest(name, types); meant != "" {
		return usageErrorf("--type: there is no event type %q: did you mean %s?", name, meant)
	}
	return usageErrorf("--type: there is no event type %q: the types are %s", name, strings.Join(types, ", "))
}

// resolveNames replaces the names of users in the filter by their ids, since events
// speak of ids. A name that is neither of a user nor of a client nor in any event is
// reported, so that an empty list is not taken for a quiet user.
func (ac *adminContext) resolveNames(ctx context.Context, f *storage.AuditFilter) error {
	actor, target, person := storage.AuditFilter{Actor: f.Actor}, storage.AuditFilter{Target: f.Target}, storage.AuditFilter{Person: f.Person}
	for _, name := range []struct {
		flag  string
		value *string
		alone storage.AuditFilter // the filter of this name and nothing else
	}{{"actor", &f.Actor, actor}, {"target", &f.Target, target}, {"person", &f.Person, person}} {
		if *name.value == "" {
			continue
		}
		id, found, err := ac.idOf(ctx, *name.value)
		if err != nil {
			return err
		}
		if found {
			*name.value = id
			continue
		}
		known, err := ac.admin.Audit().List(ctx, name.alone, storage.Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(known.Items) == 0 {
			ac.messagef("signet: --%s: nothing is known by %q: no user, no client, no event", name.flag, *name.value)
		}
	}
	return nil
}

// idOf returns the id of the user or client of that name.
func (ac *adminContext) idOf(ctx context.Context, name string) (id string, found bool, err error) {
	client, clientErr := ac.admin.Clients().Show(ctx, name)
	user, userErr := ac.admin.Users().Find(ctx, name)
	for _, err := range []error{clientErr, userErr} {
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return "", false, err
		}
	}
	switch {
	case userErr == nil && clientErr == nil && user.ID != client.ID:
		ac.messagef("signet: %s is a user and a client: these are the events of the user; --client %s lists those by way of the client", name, name)
		return user.ID, true, nil
	case userErr == nil:
		return user.ID, true, nil
	case clientErr == nil:
		return client.ID, true, nil
	}
	return "", false, nil
}
