package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Audit are the operations on the audit log, as far as the actor may.
type Audit struct{ admin *Admin }

// EventTypes returns the types of all audit events, sorted.
func EventTypes() []string {
	types := audit.EventTypes()
	for _, kind := range keys.AuditedKinds() {
		types = append(types, string(kind))
	}
	slices.Sort(types)
	return types
}

// withTypes replaces a type that ends with a dot by all types that begin with it, so that each is
// read by its index. A *issuer.FieldError of "type" where there are none.
func withTypes(f storage.AuditFilter) (storage.AuditFilter, error) {
	if !strings.HasSuffix(f.Type, ".") {
		return f, nil
	}
	f.Types = slices.DeleteFunc(EventTypes(), func(name string) bool { return !strings.HasPrefix(name, f.Type) })
	if len(f.Types) == 0 {
		return f, newFieldError("type", "no type of event begins so")
	}
	f.Type = ""
	return f, nil
}

// List returns one page of the audit log. A Type that ends with a dot, such as "login.", stands
// for all types that begin with it. *issuer.FieldError of "type" or "after".
func (a Audit) List(ctx context.Context, f storage.AuditFilter, p storage.Page) (AuditList, error) {
	l := newListing("audit", f.Type, f.Actor, f.Target, f.Person, f.ClientID, f.RequestID, flagText(&f.Newest)) // bounds of time may move: "the last hour"
	p, err := l.page(p)
	if err != nil {
		return AuditList{}, err
	}
	if f, err = withTypes(f); err != nil {
		return AuditList{}, err
	}
	page, err := a.admin.service.store.ListAudit(ctx, withIDBounds(f), p)
	if err != nil {
		return AuditList{}, issuer.StoreError(err)
	}
	list := AuditList{Items: make([]AuditEvent, len(page.Events)), Next: l.cursor(page.Next)}
	for n, e := range page.Events {
		list.Items[n] = toAuditEvent(e)
	}
	return list, nil
}

// maxClockStep is how far a clock may have been set back for events still to be found by their
// time: until it has caught up, ids go on from the time before.
const maxClockStep = 24 * time.Hour

// withIDBounds adds the bounds of ids that follow from those of time, so that other events are not
// looked at. An id is never of an earlier time than its event.
func withIDBounds(f storage.AuditFilter) storage.AuditFilter {
	if f.Since.After(time.Unix(0, 0)) {
		f.FromID = random.UUIDv7Prefix(storage.Time(f.Since))
	}
	if f.Until.After(time.Unix(0, 0)) {
		f.BeforeID = random.UUIDv7Prefix(f.Until.Add(maxClockStep))
	}
	return f
}

// Export calls each with every event that the filter selects and what chains it, and stops at
// its first error.
func (a Audit) Export(ctx context.Context, f storage.AuditFilter, each func(AuditEvent) error) error {
	if err := a.admin.actor.mayDoEverything(); err != nil {
		return err
	}
	f, err := withTypes(withIDBounds(f))
	if err != nil {
		return err
	}
	p := storage.Page{Limit: storage.MaxPage}
	for {
		page, err := a.admin.service.store.ListAudit(ctx, f, p)
		if err != nil {
			return issuer.StoreError(err)
		}
		for _, e := range page.Events {
			if err := each(toChainedEvent(e)); err != nil {
				return err
			}
		}
		if p.After = page.Next; p.After == "" {
			return nil
		}
	}
}

// Verify looks for traces of changes in the audit log, whose events may have been made under
// any of the master keys, and against the chain heads of an earlier report. The store's oldest
// record is of storeSince.
func (a Audit) Verify(ctx context.Context, masters []keys.MasterKey, against []string, storeSince time.Time) (audit.Report, error) {
	if err := a.admin.actor.mayDoEverything(); err != nil {
		return audit.Report{}, err
	}
	return audit.Verify(ctx, a.admin.service.store, masters, against, storeSince)
}

// Restored audits that the store was filled from a backup of that time, and has the log's
// anchor attest what was restored.
func (a Audit) Restored(ctx context.Context, backedUpAt time.Time) error {
	err := a.admin.record(ctx, storage.AuditEvent{Type: audit.EventStoreRestored, Detail: "backup of " + backedUpAt.UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	return issuer.StoreError(a.admin.service.log.Rebuild(ctx))
}

// Show returns the event of that id, with what chains it.
func (a Audit) Show(ctx context.Context, id string) (AuditEvent, error) {
	page, err := a.admin.service.store.ListAudit(ctx, storage.AuditFilter{FromID: id}, storage.Page{Limit: 1})
	if err != nil {
		return AuditEvent{}, issuer.StoreError(err)
	}
	if len(page.Events) == 0 || page.Events[0].ID != id {
		return AuditEvent{}, fmt.Errorf("event: %w", storage.ErrNotFound)
	}
	return toChainedEvent(page.Events[0]), nil
}
