package endpoints

import (
	"context"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

// listKeys is GET /api/v1/keys.
func listKeys(_ context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Keys().List()
}

// planKeys is GET /api/v1/keys/plan: what will happen to the keys, or what a
// change that is named would do. It changes nothing.
func planKeys(_ context.Context, a *admin.Admin, req *apiRequest) (any, error) {
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
	return a.Keys().Plan(change)
}

// rotateKeys is POST /api/v1/keys/rotate. While a rotation is still to come
// another is refused, so that a retry makes no second one.
func rotateKeys(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b := jsonObject{}
	if req.body != "" {
		var err error
		if b, err = req.decodeBody(schema{"force": kindBool}); err != nil {
			return nil, err
		}
	}
	return a.Keys().Rotate(ctx, b.isTrue("force"))
}

// rollBackKeys is POST /api/v1/keys/rollback: the previous key signs again. A
// retry goes no further back.
func rollBackKeys(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return a.Keys().RollBack(ctx)
}

// revokeKey is POST /api/v1/keys/{kid}/revoke. Asked again it changes nothing.
func revokeKey(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return a.Keys().Revoke(ctx, req.pathParam("kid"))
}
