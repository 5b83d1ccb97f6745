package admin

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// MaxBulk bounds the users of one bulk change; a longer selection is changed by several.
const MaxBulk = 100

// BulkAction is what a bulk change does to each user.
type BulkAction string

// The actions. Each can be repeated: who is so already is left alone.
const (
	BulkDisable     BulkAction = "disable"
	BulkEnable      BulkAction = "enable"
	BulkEndSessions BulkAction = "end_sessions"
	BulkAddRole     BulkAction = "add_role"
	BulkTakeRole    BulkAction = "take_role"
)

// BulkActions returns all of them.
func BulkActions() []BulkAction {
	return []BulkAction{BulkDisable, BulkEnable, BulkEndSessions, BulkAddRole, BulkTakeRole}
}

// BulkChange is one change of many users.
type BulkChange struct {
	Action BulkAction
	Role   string // of BulkAddRole and BulkTakeRole
}

// BulkOutcome is what became of one user in a bulk change.
type BulkOutcome string

// The outcomes.
const (
	BulkDone      BulkOutcome = "done"
	BulkUnchanged BulkOutcome = "unchanged" // was so already
	BulkFailed    BulkOutcome = "failed"    // nothing was changed
)

// BulkResult reports on one user.
type BulkResult struct {
	ID       string      `json:"id"`
	Username string      `json:"username,omitempty"`
	Outcome  BulkOutcome `json:"outcome"`
	Code     string      `json:"code,omitempty"`   // why it failed
	Detail   string      `json:"detail,omitempty"` // the same in a sentence
}

// BulkReport reports on a bulk change, in the order of the selection.
type BulkReport struct {
	Results []BulkResult `json:"results"`
	Next    string       `json:"next,omitempty"` // where the change of a query goes on; "" at the end
}

// ChangeEach changes the users of those ids, each by a step of its own. A user who cannot be
// changed is reported and does not keep the others from it. After an error the outcome is unknown:
// some users may be changed, and the same call again changes the rest. *issuer.FieldError of
// "action", "role" or "ids".
func (u Users) ChangeEach(ctx context.Context, c BulkChange, ids []string) (BulkReport, error) {
	if len(ids) == 0 || len(ids) > MaxBulk {
		return BulkReport{}, newFieldError("ids", "must be 1 to 100")
	}
	if err := u.checkBulk(ctx, c); err != nil {
		return BulkReport{}, err
	}
	report := BulkReport{Results: make([]BulkResult, 0, len(ids))}
	for _, id := range ids {
		r, err := u.changeOne(ctx, c, id)
		if err != nil {
			return BulkReport{}, err
		}
		report.Results = append(report.Results, r)
	}
	return report, nil
}

// ChangeSelected is [Users.ChangeEach] of one page of a listing, of at most [MaxBulk] users. It goes
// on at BulkReport.Next.
func (u Users) ChangeSelected(ctx context.Context, c BulkChange, q UserQuery, p storage.Page) (BulkReport, error) {
	if err := u.checkBulk(ctx, c); err != nil {
		return BulkReport{}, err
	}
	if p.Limit <= 0 || p.Limit > MaxBulk {
		p.Limit = MaxBulk
	}
	list, err := u.List(ctx, q, p)
	if err != nil || len(list.Items) == 0 {
		return BulkReport{Results: []BulkResult{}, Next: list.Next}, err
	}
	ids := make([]string, len(list.Items))
	for n, one := range list.Items {
		ids[n] = one.ID
	}
	report, err := u.ChangeEach(ctx, c, ids)
	if err == nil {
		report.Next = list.Next
	}
	return report, err
}

// checkBulk checks what is the same for all users.
func (u Users) checkBulk(ctx context.Context, c BulkChange) error {
	if !slices.Contains(BulkActions(), c.Action) {
		return newFieldError("action", "must be disable, enable, end_sessions, add_role or take_role")
	}
	if c.Action != BulkAddRole && c.Action != BulkTakeRole {
		if c.Role != "" {
			return newFieldError("role", "is for add_role and take_role")
		}
		return nil
	}
	roles, err := u.admin.service.store.ListRoles(ctx)
	if err != nil {
		return issuer.StoreError(err)
	}
	if !slices.ContainsFunc(roles, func(r storage.Role) bool { return r.Name == c.Role }) {
		return newFieldError("role", "there is no such role")
	}
	return nil
}

// changeOne changes one user. An error means that the outcome is not known.
func (u Users) changeOne(ctx context.Context, c BulkChange, id string) (BulkResult, error) {
	r := BulkResult{ID: id, Outcome: BulkFailed}
	x, err := u.admin.service.readUser(ctx, id)
	if err == nil {
		r.Username = x.Username
		err = u.changeBy(ctx, c, x)
	}
	if err == nil {
		r.Outcome = BulkDone
		return r, nil
	}
	var refused *issuer.Error
	var wrong *issuer.FieldError
	switch {
	case isUnknown(err):
		return r, err
	case errors.Is(err, errUnchanged):
		r.Outcome = BulkUnchanged
		return r, nil
	case errors.Is(err, errOneself):
		r.Code = "own_account"
	case errors.Is(err, storage.ErrNotFound):
		r.Code = "not_found"
	case errors.Is(err, ErrLastSuperAdmin):
		r.Code = "last_super_admin"
	case errors.Is(err, ErrConcurrentUpdate):
		r.Code = "lost_update"
	case errors.As(err, &refused):
		r.Code, r.Detail = string(refused.Code), refused.Description
		return r, nil
	case errors.As(err, &wrong), errors.Is(err, ErrNoSuchRole):
		r.Code = "invalid_field"
	default:
		return r, err
	}
	r.Detail = err.Error()
	return r, nil
}

// errOneself keeps administrators from shutting themselves out by a selection.
var errOneself = errors.New("your own account is left alone")

// changeBy makes the change of a user. errUnchanged where there is nothing to do.
func (u Users) changeBy(ctx context.Context, c BulkChange, x storage.User) (err error) {
	if who, is := u.admin.actor.(administrator); is && who.user.ID == x.ID && c.Action != BulkEnable {
		return errOneself
	}
	switch c.Action {
	case BulkDisable:
		if x.Disabled {
			return errUnchanged
		}
		_, err = u.Disable(ctx, x.ID)
	case BulkEnable:
		if !x.Disabled {
			return errUnchanged
		}
		_, err = u.Enable(ctx, x.ID)
	case BulkEndSessions:
		_, err = u.EndSessions(ctx, x.ID)
	default:
		add := c.Action == BulkAddRole
		if slices.Contains(x.Roles, c.Role) == add {
			return errUnchanged
		}
		err = u.giveOrTake(ctx, x.ID, c.Role, add)
	}
	return err
}

// giveOrTake changes whether the user holds the role, and none of the others.
func (u Users) giveOrTake(ctx context.Context, id, name string, give bool) error {
	_, err := u.change(ctx, id, audit.EventUserUpdated, func(x *storage.User) error {
		roles := slices.DeleteFunc(slices.Clone(x.Roles), func(held string) bool { return held == name })
		if give {
			roles = append(roles, name)
		}
		return u.admin.service.accounts.apply(ctx, x, UserChange{Roles: &roles})
	})
	return err
}
