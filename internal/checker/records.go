package checker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"example.org/signet/storage"
)

// checkCounters lets the store drop every counter that is over when the longest
// window has passed: what is left never ends.
func (b *records) checkCounters(ctx context.Context) error {
	if b.Window == 0 {
		return nil
	}
	if _, err := b.sweep(ctx, b.Now.Add(b.Window)); err != nil {
		return err
	}
	left, err := b.sweep(ctx, b.Now.AddDate(1000, 0, 0))
	if left > 0 {
		b.report(7, "%d counters outlast the longest window", left)
	}
	return err
}

func (b *records) sweep(ctx context.Context, before time.Time) (all int64, err error) {
	for range maxPages {
		n, err := b.Store.SweepCounters(ctx, before, storage.MaxPage)
		all += n
		if err != nil || n < storage.MaxPage {
			return all, err
		}
	}
	return all, nil
}

// createEvents are the events by which something comes to be, by what it is.
var createEvents = map[string][]string{
	"user":   {"user.created", "user.registered", "super_admin.bootstrapped"},
	"client": {"client.created"},
	"role":   {"role.created"},
}

// changeEvents are what is done to something that there is.
var changeEvents = []string{"updated", "disabled", "enabled", "deleted", "password_set", "secret_rotated"}

func (b *records) checkEvents() {
	if b.AuditTruncated {
		return
	}
	last, seqs, created, recorded := "", map[string]int64{}, map[string]storage.AuditEvent{}, map[string]bool{}
	for _, e := range b.events {
		if e.ID <= last {
			b.report(9, "event %s comes after %s", e.ID, last)
		}
		if e.Writer != "" && e.Seq <= seqs[e.Writer] {
			b.report(9, "event %s is number %d of its writer, after %d", e.ID, e.Seq, seqs[e.Writer])
		}
		last, seqs[e.Writer], recorded[e.Type+" "+e.Target] = e.ID, e.Seq, true
		for kind, types := range createEvents {
			if what := kind + " " + e.Target; slices.Contains(types, e.Type) && created[what].ID == "" {
				created[what] = e
			}
		}
	}
	for _, e := range b.events {
		kind, change, _ := strings.Cut(e.Type, ".")
		if m := created[kind+" "+e.Target]; slices.Contains(changeEvents, change) && m.ID != "" && before(e, m) && !b.builtIn(kind, e.Target) {
			b.report(9, "%s of %s comes before it was made", e.Type, e.Target)
		}
	}
	b.checkRecorded(created, recorded)
}

// before tells whether e is surely older: of two writers in one millisecond
// nobody can tell.
func before(e, than storage.AuditEvent) bool {
	if e.Writer == than.Writer {
		return e.Seq < than.Seq
	}
	return e.At.Before(than.At)
}

func (b *records) builtIn(kind, name string) bool { return kind == "role" && b.roles[name].BuiltIn }

func (b *records) checkRecorded(created map[string]storage.AuditEvent, recorded map[string]bool) {
	for id, u := range b.users {
		if created["user "+id].ID == "" {
			b.report(9, "no event tells of the making of user %s", id)
		}
		if u.Disabled && !recorded["user.disabled "+id] {
			b.report(9, "no event tells that user %s was disabled", id)
		}
	}
	for id := range b.clients {
		if created["client "+id].ID == "" {
			b.report(9, "no event tells of the making of client %s", id)
		}
	}
	for name, r := range b.roles {
		if !r.BuiltIn && created["role "+name].ID == "" {
			b.report(9, "no event tells of the making of role %s", name)
		}
	}
	for _, s := range b.sessions {
		if _, there := b.users[s.UserID]; !there && !recorded["user.deleted "+s.UserID] {
			b.report(9, "no event tells that user %s was deleted", s.UserID)
		}
	}
}

// canonical is what two spellings of one name have in common: form and case.
func canonical(name string) string { return norm.NFKC.String(strings.ToLower(norm.NFKC.String(name))) }

func (b *records) checkNames() {
	owners := map[string]string{}
	for id, u := range b.users {
		for _, name := range []string{u.Username, u.Email} {
			if name == "" && u.Username != "" {
				continue
			}
			if canonical(name) != name || name == "" {
				b.report(10, "the name %q of user %s is not canonical", name, id)
			}
			if other, taken := owners[canonical(name)]; taken && other != id {
				b.report(10, "the name %q has two users, %s and %s", name, id, other)
			}
			owners[canonical(name)] = id
		}
		for _, role := range u.Roles {
			if _, known := b.roles[role]; !known {
				b.report(10, "user %s has the role %q, which is not known", id, role)
			}
		}
	}
}

const superAdmin = "super_admin"

// checkSuperAdmins: whoever is relied on is a super_admin who can log in, and after
// the first there always is one, unless the shared set says that none is wanted.
func (b *records) checkSuperAdmins(ctx context.Context) error {
	relied, err := b.Store.SharedSet(ctx, superAdmin)
	guarded := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	isSuper := func(u storage.User) bool { return !u.Disabled && slices.Contains(u.Roles, superAdmin) }
	for _, id := range relied.Members {
		if !isSuper(b.users[id]) {
			b.report(10, "user %s is relied on, and is no super_admin who can log in", id)
		}
	}
	_, err = b.Store.SharedSet(ctx, "bootstrapped")
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	for _, u := range b.users {
		if isSuper(u) {
			return err
		}
	}
	if err == nil && (!guarded || len(relied.Members) > 0) {
		b.report(10, "there was a super_admin, and is none")
	}
	return err
}
