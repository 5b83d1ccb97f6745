package endpoints

import (
	"context"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

// keyAdmin shows and changes the signing keys.
type keyAdmin interface {
	Plan(req keys.PlanRequest) (keys.Plan, error)
	Rotate(ctx context.Context, c keys.Change) (keys.Rotation, error)
	Rollback(ctx context.Context, c keys.Change) (keys.Rotation, error)
	Revoke(ctx context.Context, kid string, c keys.Change) error
}

// signingKey is a key as administrators see it, and what happens to it next.
type signingKey struct {
	KID           string           `json:"kid"`
	Alg           string           `json:"alg"`
	State         string           `json:"state"`
	CreatedAt     time.Time        `json:"created_at"`
	ActivatesAt   *time.Time       `json:"activates_at,omitempty"`
	RetiresAt     *time.Time       `json:"retires_at,omitempty"`
	UnpublishedAt *time.Time       `json:"unpublished_at,omitempty"`
	RevokedAt     *time.Time       `json:"revoked_at,omitempty"`
	Next          *keys.Transition `json:"next_change,omitempty"`
}

type keyList struct {
	Items []signingKey `json:"items"`
}

func newSigningKey(i keys.Info) signingKey {
	return signingKey{
		KID: i.KID, Alg: i.Alg, State: string(i.State), CreatedAt: i.CreatedAt,
		ActivatesAt: optTime(i.ActivatesAt), RetiresAt: optTime(i.RetiresAt), UnpublishedAt: optTime(i.UnpublishedAt), RevokedAt: optTime(i.RevokedAt),
	}
}

func optTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// listKeys is GET /api/v1/keys.
func listKeys(k keyAdmin) adminHandler {
	return func(_ context.Context, _ *admin.Admin, req *apiRequest) (any, error) {
		if _, err := req.query(); err != nil {
			return nil, err
		}
		return currentKeyList(k)
	}
}

func currentKeyList(k keyAdmin) (any, error) {
	plan, err := k.Plan(keys.PlanRequest{})
	if err != nil {
		return nil, err
	}
	list := keyList{Items: make([]signingKey, len(plan.Keys))}
	for n, i := range plan.Keys {
		list.Items[n] = newSigningKey(i)
		if next, ok := plan.Next(i.KID); ok {
			list.Items[n].Next = &next
		}
	}
	return list, nil
}

type keyPlan struct {
	At      time.Time         `json:"at"`
	Changes []keys.Transition `json:"changes"`
}

// planKeys is GET /api/v1/keys/plan: what will happen to the keys, or what a
// change that is named would do. It changes nothing.
func planKeys(k keyAdmin) adminHandler {
	return func(_ context.Context, _ *admin.Admin, req *apiRequest) (any, error) {
		q, err := req.query("rotate", "force", "rollback", "revoke")
		if err != nil {
			return nil, err
		}
		change := keys.PlanRequest{Revoke: q["revoke"]}
		if change.Rotate, err = boolParam(q, "rotate"); err != nil {
			return nil, err
		}
		if change.Force, err = boolParam(q, "force"); err != nil {
			return nil, err
		}
		if change.Rollback, err = boolParam(q, "rollback"); err != nil {
			return nil, err
		}
		plan, err := k.Plan(change)
		if err != nil {
			return nil, err
		}
		return keyPlan{At: plan.At, Changes: append([]keys.Transition{}, plan.Transitions...)}, nil
	}
}

// keyRotation is the answer to a rotation.
type keyRotation struct {
	Activates  string    `json:"activates"`
	At         time.Time `json:"at"`
	NewStandby string    `json:"new_standby"`
}

// rotateKeys is POST /api/v1/keys/rotate. While a rotation is still to come
// another is refused, so that a retry makes no second one.
func rotateKeys(k keyAdmin) adminHandler {
	return func(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
		b := jsonObject{}
		if req.body != "" {
			var err error
			if b, err = req.decodeBody(schema{"force": kindBool}); err != nil {
				return nil, err
			}
		}
		if err := a.RequestKeyChange(ctx, "rotate", ""); err != nil {
			return nil, err
		}
		r, err := k.Rotate(ctx, keys.Change{Force: b.isTrue("force"), By: req.principal.UserID()})
		if err != nil {
			return nil, err
		}
		return keyRotation{Activates: r.Activates, At: r.At, NewStandby: r.NewStandby}, nil
	}
}

// rollBackKeys is POST /api/v1/keys/rollback: the previous key signs again. A
// retry goes no further back.
func rollBackKeys(k keyAdmin) adminHandler {
	return func(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
		if err := req.rejectBody(); err != nil {
			return nil, err
		}
		if err := a.RequestKeyChange(ctx, "rollback", ""); err != nil {
			return nil, err
		}
		r, err := k.Rollback(ctx, keys.Change{By: req.principal.UserID()})
		if err != nil {
			return nil, err
		}
		return keyRotation{Activates: r.Activates, At: r.At, NewStandby: r.NewStandby}, nil
	}
}

// revokeKey is POST /api/v1/keys/{kid}/revoke. Asked again it changes nothing.
func revokeKey(k keyAdmin) adminHandler {
	return func(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
		if err := req.rejectBody(); err != nil {
			return nil, err
		}
		if err := a.RequestKeyChange(ctx, "revoke", req.pathParam("kid")); err != nil {
			return nil, err
		}
		if err := k.Revoke(ctx, req.pathParam("kid"), keys.Change{By: req.principal.UserID()}); err != nil {
			return nil, err
		}
		return currentKeyList(k)
	}
}
