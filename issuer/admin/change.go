package admin

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// ErrConcurrentUpdate means that every attempt lost a compare-and-swap to other changes of the
// record. Nothing was changed; the caller can retry.
var ErrConcurrentUpdate = errors.New("conflicting update, retry")

// ErrPreconditionFailed means that the record is no longer as the caller last saw it. Nothing
// was done.
var ErrPreconditionFailed = errors.New("the record has changed since")

// checkIfMatch checks the condition of the request, which counts for every change of a record.
func (a *Admin) checkIfMatch(revision string) error {
	when := a.info.IfMatch
	if when == nil || slices.Contains(when, revision) || slices.Contains(when, "*") {
		return nil
	}
	return ErrPreconditionFailed
}

// revision names one state of a record. The time is part of it because a record that was
// deleted and made again counts its versions anew.
func revision(created time.Time, version int64) string {
	return strconv.FormatInt(created.UnixMilli(), 36) + "-" + strconv.FormatInt(version, 36)
}

// maxUpdateAttempts bounds how often a lost compare-and-swap is tried again.
const maxUpdateAttempts = 10

// kind holds the functions by which records of one kind are authorized, described and changed.
type kind[T any] struct {
	read     func(ctx context.Context, id string) (T, error)
	may      func(before, after T) error // the actor's rule
	revision func(T) string
	check    func(ctx context.Context, before, after T) error // what else must hold; nil for nothing
	diff     func(before, after T) string                     // for the audit event

	// pending returns which sessions the change ends, and which may lose rights by it.
	pending func(before, after T) []storage.PendingRevocation

	// finish marks the sessions that have ended, and drops what is cached. It returns how many
	// were marked; the epochs are what ends them, the marks only make it visible.
	finish func(ctx context.Context, before, after T, reason string) (int64, error)
}

// step is one change of a record.
type step[T any] struct {
	id     string // of the record
	event  string
	change func(*T) error                                        // on a copy, again after each lost race
	write  func(ctx context.Context, before, after T) (T, error) // if the version is still before's
}

// apply is the compare-and-swap loop of every change. It returns the record afterwards, and the
// number of sessions that were marked as ended. A change that changes nothing writes nothing.
func apply[T any](ctx context.Context, a *Admin, k kind[T], s step[T]) (T, int64, error) {
	audited := a.newChange(storage.AuditEvent{Type: s.event, Target: s.id})
	before, after, err := swap(ctx, a, k, s, audited)
	if err != nil {
		if err = a.reportFailed(ctx, audited, err); errors.Is(err, errUnchanged) {
			return before, 0, nil
		}
		var zero T
		return zero, 0, err
	}
	ended, err := k.finish(ctx, before, after, s.event)
	if err == nil {
		err = a.service.reduceRights(ctx, k.pending(before, after))
	}
	return after, ended, unavailableOrNil(err)
}

// errUnchanged means that there is nothing to write.
var errUnchanged = errors.New("the record is so already")

// swap returns the record as it was and as it was written. errUnchanged where both are the
// same.
func swap[T any](ctx context.Context, a *Admin, k kind[T], s step[T], audited *audit.Change) (before, after T, err error) {
	for range maxUpdateAttempts {
		if before, after, err = prepare(ctx, a, k, s); err != nil {
			return before, after, err
		}
		if reflect.DeepEqual(before, after) {
			return before, after, errUnchanged
		}
		for _, e := range k.pending(before, after) {
			e.Reason = s.event
			if err := a.service.recordPendingRevocation(ctx, e); err != nil {
				return before, after, err
			}
		}
		audited.Event.Detail = k.diff(before, after)
		if err := audited.Before(ctx); err != nil {
			return before, after, issuer.OutcomeUnknown(err)
		}
		if after, err = s.write(ctx, before, after); !isVersionConflict(err) {
			return before, after, writeError(err)
		}
	}
	return before, after, ErrConcurrentUpdate
}

// prepare reads the record and changes a copy, if both are allowed. Nothing is written.
func prepare[T any](ctx context.Context, a *Admin, k kind[T], s step[T]) (before, after T, err error) {
	if before, err = k.read(ctx, s.id); err != nil {
		return before, after, err
	}
	if err := k.may(before, before); err != nil {
		return before, after, err
	}
	if err := a.checkIfMatch(k.revision(before)); err != nil {
		return before, after, err
	}
	after = before
	if err := s.change(&after); err != nil {
		return before, after, err
	}
	if err := k.may(before, after); err != nil {
		return before, after, err
	}
	if k.check == nil {
		return before, after, nil
	}
	return before, after, k.check(ctx, before, after)
}

// writeError returns definitive errors of the store as they are, and turns others into
// issuer.Unavailable.
func writeError(err error) error {
	var refused *issuer.FieldError
	if errors.Is(err, ErrConcurrentUpdate) || errors.As(err, &refused) {
		return err
	}
	return issuer.StoreError(err)
}

// isVersionConflict tells a changed version from a duplicate name.
func isVersionConflict(err error) bool {
	var taken *storage.DuplicateError
	return errors.Is(err, storage.ErrConflict) && !errors.As(err, &taken)
}

// remove is the change of a record that goes.
func remove[T any](after *T) error {
	var zero T
	*after = zero
	return nil
}

func (a *Admin) newChange(e storage.AuditEvent) *audit.Change {
	return a.service.log.NewChange(a.info.Event(e))
}

// reportFailed returns err, and audits that the change was not made if that is certain.
func (a *Admin) reportFailed(ctx context.Context, c *audit.Change, err error) error {
	if err == nil || isUnknown(err) {
		return err
	}
	if auditErr := c.Failed(ctx); auditErr != nil {
		return issuer.OutcomeUnknown(auditErr)
	}
	return err
}

// run audits a change that is not a record's, or a new record, and makes it.
func (a *Admin) run(ctx context.Context, e storage.AuditEvent, change func() error) error {
	audited := a.newChange(e)
	if err := audited.Before(ctx); err != nil {
		return issuer.OutcomeUnknown(err)
	}
	return a.reportFailed(ctx, audited, change())
}

// record appends an event.
func (a *Admin) record(ctx context.Context, e storage.AuditEvent) error {
	_, err := a.service.log.Append(ctx, a.info.Event(e))
	return unavailableOrNil(err)
}

// recordPendingRevocation stores which sessions are about to end or to lose rights, before they
// do, so that after a crash the marking is completed.
func (s *Service) recordPendingRevocation(ctx context.Context, e storage.PendingRevocation) error {
	_, err := s.addPending(ctx, e)
	return err
}

// addPending inserts the record and returns its id.
func (s *Service) addPending(ctx context.Context, e storage.PendingRevocation) (string, error) {
	id, err := random.UUIDv7(s.cfg.Rand, s.now())
	if err != nil {
		return "", issuer.OutcomeUnknown(err)
	}
	e.ID = id.String()
	return e.ID, issuer.StoreError(s.store.AddPendingRevocation(ctx, e))
}

// reduceRights marks the sessions that a change has taken rights from, as far as they are few;
// for many it leaves another record, which the servers go on from at their next look.
func (s *Service) reduceRights(ctx context.Context, pending []storage.PendingRevocation) error {
	for _, e := range pending {
		if e.Kind != storage.PendingRights {
			continue
		}
		more, err := s.reducer.Reduce(ctx, e, "")
		if err == nil && more != "" {
			err = s.recordPendingRevocation(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lost tells whether a member of before is missing in after.
func lost(before, after []string) bool { return len(added(after, before)) > 0 }
