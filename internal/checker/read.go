package checker

import (
	"context"

	"example.org/signet/storage"
)

// maxPages bounds each listing: of what lies behind nothing is said.
const maxPages = 10

// read reads sessions first: what a session names was there before it.
func (b *records) read(ctx context.Context) (err error) {
	b.sessions, err = readPages(func(p storage.Page) ([]storage.Session, string, error) {
		page, err := b.Store.ListSessions(ctx, storage.SessionFilter{}, p)
		return page.Sessions, page.Next, err
	})
	if err != nil {
		return err
	}
	users, err := readPages(func(p storage.Page) ([]storage.User, string, error) {
		page, err := b.Store.ListUsers(ctx, storage.UserFilter{}, p)
		return page.Users, page.Next, err
	})
	if err != nil {
		return err
	}
	clients, err := readPages(func(p storage.Page) ([]storage.Client, string, error) {
		page, err := b.Store.ListClients(ctx, p)
		return page.Clients, page.Next, err
	})
	if err != nil {
		return err
	}
	b.events, err = readPages(func(p storage.Page) ([]storage.AuditEvent, string, error) {
		page, err := b.Store.ListAudit(ctx, storage.AuditFilter{}, p)
		return page.Events, page.Next, err
	})
	if err != nil {
		return err
	}
	b.users = byName(users, func(u storage.User) string { return u.ID })
	b.clients = byName(clients, func(c storage.Client) string { return c.ID })
	return b.readRest(ctx)
}

func (b *records) readRest(ctx context.Context) error {
	roles, err := b.Store.ListRoles(ctx)
	if err != nil {
		return err
	}
	b.roles = byName(roles, func(r storage.Role) string { return r.Name })
	if b.keys, err = b.Store.ListKeys(ctx); err != nil {
		return err
	}
	if b.pending, err = b.Store.PendingRevocations(ctx, storage.MaxPage); err != nil {
		return err
	}
	b.epoch, err = b.Store.Epoch(ctx)
	return err
}

func readPages[T any](list func(storage.Page) ([]T, string, error)) (all []T, err error) {
	p := storage.Page{Limit: storage.MaxPage}
	for range maxPages {
		items, next, err := list(p)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if p.After = next; next == "" {
			break
		}
	}
	return all, nil
}

func byName[T any](all []T, name func(T) string) map[string]T {
	m := make(map[string]T, len(all))
	for _, v := range all {
		m[name(v)] = v
	}
	return m
}
