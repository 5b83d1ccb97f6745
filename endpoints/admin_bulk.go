package endpoints

import (
	"context"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// userFilters are the parameters that select users.
var userFilters = []string{"prefix", "role", "disabled", "must_change_password", "sort"}

// userQueryOf reads the parameters that select users.
func userQueryOf(q map[string]string) (query admin.UserQuery, err error) {
	query = admin.UserQuery{Prefix: q["prefix"], Role: q["role"], Sort: q["sort"]}
	if query.Disabled, err = optBoolParam(q, "disabled"); err == nil {
		query.MustChangePassword, err = optBoolParam(q, "must_change_password")
	}
	return query, err
}

var bulkSchema = schema{"action": kindString, "role": kindString, "ids": kindStrings, "everybody": kindBool}

// changeUsers is POST /api/v1/users/bulk. The parameters select as those of the listing do.
func changeUsers(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	page, q, err := req.page(userFilters...)
	if err != nil {
		return nil, err
	}
	query, err := userQueryOf(q)
	if err != nil {
		return nil, err
	}
	b, err := req.decodeBody(bulkSchema)
	if err != nil {
		return nil, err
	}
	change := admin.BulkChange{Action: admin.BulkAction(b.str("action")), Role: b.str("role")}
	ids := b.optStrings("ids")
	switch {
	case ids != nil && (len(q) > 0 || b.isTrue("everybody")):
		return nil, &issuer.FieldError{Field: "ids", Reason: "is not for where the parameters or everybody select"}
	case ids != nil:
		return a.Users().ChangeEach(ctx, change, *ids)
	case query == (admin.UserQuery{Sort: query.Sort}) && !b.isTrue("everybody"):
		return nil, &issuer.FieldError{Field: "everybody", Reason: "must be true where neither ids nor a filter select"}
	}
	return a.Users().ChangeSelected(ctx, change, query, page)
}
