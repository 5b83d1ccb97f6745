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

// showKeyTimeline is GET /api/v1/keys/timeline.
func showKeyTimeline(_ context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Keys().Timeline()
}

// planKeys is GET /api/v1/keys/plan: it returns the schedule of the keys, or the effect of
// the change that the query names. It changes nothing.
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

// rotateKeys is POST /api/v1/keys/rotate. While a rotation is scheduled another is
// refused (409), so that a retry does not rotate twice.
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
// retry does not go back to the key before that one.
func rollBackKeys(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return a.Keys().RollBack(ctx)
}

// revokeKey is POST /api/v1/keys/{kid}/revoke. Repeating it changes nothing.
func revokeKey(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return a.Keys().Revoke(ctx, req.pathParam("kid"))
}
