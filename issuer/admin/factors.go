package admin

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// Factors are the operations on the second factors of users. Administrators see that there are
// some, and can remove them from whom they outrank; nobody can set one up for another.
type Factors struct{ admin *Admin }

// Show returns what a user has.
func (f Factors) Show(ctx context.Context, id string) (factor.Summary, error) {
	_, record, err := f.read(ctx, id)
	return factor.Summarize(record), err
}

func (f Factors) read(ctx context.Context, id string) (storage.User, storage.UserFactors, error) {
	x, err := f.admin.service.readUser(ctx, id)
	if err != nil {
		return x, storage.UserFactors{}, err
	}
	record, err := f.admin.service.factors.Of(ctx, x)
	return x, record, issuer.StoreError(err)
}

// Reset removes all factors and recovery codes of a user, whose password alone signs them in then,
// unless a policy demands a factor. storage.ErrNotFound where there are none.
func (f Factors) Reset(ctx context.Context, id string) error {
	return f.change(ctx, id, audit.EventFactorsReset, func(r storage.UserFactors) bool { return factor.Any(r) || r.Recovery != nil }, f.admin.service.factors.Reset)
}

// RemoveTOTP removes the authenticator app of a user. storage.ErrNotFound where there is none.
func (f Factors) RemoveTOTP(ctx context.Context, id string) error {
	return f.change(ctx, id, audit.EventFactorRemoved, func(r storage.UserFactors) bool { return r.TOTP != nil }, f.admin.service.factors.RemoveTOTP)
}

// Demand ends the time within which a user may put off what a policy demands: the next sign-in
// does not go on without a factor. A user who has one is left alone.
func (f Factors) Demand(ctx context.Context, id string) error {
	x, record, err := f.read(ctx, id)
	if err != nil {
		return err
	}
	if err := f.admin.actor.mayChangeUser(x, x); err != nil {
		return err
	}
	now := f.admin.service.now()
	if factor.Any(record) || !record.EnrolBy.IsZero() && !record.EnrolBy.After(now) {
		return nil
	}
	e := storage.AuditEvent{Type: audit.EventFactorDemanded, Target: x.ID}
	return f.admin.run(ctx, e, func() error { return issuer.StoreError(f.admin.service.factors.EndGrace(ctx, x, now)) })
}

// change makes a change of the factors of a user who is outranked. The event comes first, as that
// of every administrative change, so there must be something to change.
func (f Factors) change(ctx context.Context, id, event string, has func(storage.UserFactors) bool, change func(context.Context, storage.User) error) error {
	x, record, err := f.read(ctx, id)
	if err != nil {
		return err
	}
	if err := f.admin.actor.mayChangeUser(x, x); err != nil {
		return err
	}
	if !has(record) {
		return errNoFactor
	}
	e := storage.AuditEvent{Type: event, Target: x.ID}
	return f.admin.run(ctx, e, func() error {
		err := change(ctx, x)
		if errors.Is(err, factor.ErrMissing) { // removed meanwhile
			return errNoFactor
		}
		if err != nil || f.admin.service.notifier == nil {
			return issuer.StoreError(err)
		}
		return f.admin.service.notifier.FactorRemoved(ctx, x, f.admin.info)
	})
}

var errNoFactor = fmt.Errorf("second factor: %w", storage.ErrNotFound)
