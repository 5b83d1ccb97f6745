package endpoints

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	"example.org/signet/issuer"
)

// The rules of the admin API: who holds the role in the store at this moment.
const (
	RuleAdmin      Rule = issuer.RoleAdmin      // or super_admin
	RuleSuperAdmin Rule = issuer.RoleSuperAdmin // only
)

// administration lets somebody administer.
type administration interface {
	Administer(ctx context.Context, p *issuer.Principal, role string, src issuer.RequestInfo) (*issuer.Administrator, error)
}

// errand is an operation of the admin API. All that it can do is what the
// administrator of the call may.
type errand func(ctx context.Context, a *issuer.Administrator, c *call) (any, error)

var _ operation = errand(nil)

func (f errand) act(ctx context.Context, c *call) (any, error) { return f(ctx, c.admin, c) }

// Paths of the admin API.
const (
	pathBootstrap     = "/api/v1/bootstrap"
	pathUsers         = "/api/v1/users"
	pathUser          = "/api/v1/users/{id}"
	pathUserDisable   = "/api/v1/users/{id}/disable"
	pathUserEnable    = "/api/v1/users/{id}/enable"
	pathUserPassword  = "/api/v1/users/{id}/password"
	pathUserSessions  = "/api/v1/users/{id}/sessions"
	pathRoles         = "/api/v1/roles"
	pathRole          = "/api/v1/roles/{name}"
	pathClients       = "/api/v1/clients"
	pathClient        = "/api/v1/clients/{client_id}"
	pathClientSecret  = "/api/v1/clients/{client_id}/secret"
	pathClientDisable = "/api/v1/clients/{client_id}/disable"
	pathClientEnable  = "/api/v1/clients/{client_id}/enable"
	pathSessions      = "/api/v1/sessions"
	pathSession       = "/api/v1/sessions/{sid}"
	pathKeys          = "/api/v1/keys"
	pathKeysPlan      = "/api/v1/keys/plan"
	pathKeysRotate    = "/api/v1/keys/rotate"
	pathKeysRollback  = "/api/v1/keys/rollback"
	pathKeyRevoke     = "/api/v1/keys/{kid}/revoke"
	pathAudit         = "/api/v1/audit"
)

// mountAdmin is the map of the admin API. No page of another origin may call it.
func (m *mounting) mountAdmin(b bootstrapper, k keyMaster) {
	get := func(f errand) verb { return verb{method: http.MethodGet, rule: RuleAdmin, operation: f} }
	post := func(f errand) verb { return verb{method: http.MethodPost, rule: RuleAdmin, operation: f} }
	slow := func(f errand) verb { return verb{method: http.MethodPost, rule: RuleAdmin, slow: true, operation: f} }
	patch := func(f errand) verb { return verb{method: http.MethodPatch, rule: RuleAdmin, operation: f} }
	remove := func(f errand) verb { return verb{method: http.MethodDelete, rule: RuleAdmin, operation: f} }
	super := func(v verb) verb { v.rule = RuleSuperAdmin; return v }

	m.api(pathBootstrap, corsNone, verb{method: http.MethodPost, rule: RuleOpen, slow: true, operation: bootstrapOperation{b}})

	m.api(pathUsers, corsNone, get(listUsers), slow(createUser))
	m.api(pathUser, corsNone, get(showUser), patch(updateUser), remove(deleteUser))
	m.api(pathUserDisable, corsNone, post(disableUser))
	m.api(pathUserEnable, corsNone, post(enableUser))
	m.api(pathUserPassword, corsNone, slow(setUserPassword))
	m.api(pathUserSessions, corsNone, get(listUserSessions), remove(endUserSessions))

	m.api(pathRoles, corsNone, get(listRoles), post(createRole))
	m.api(pathRole, corsNone, get(showRole), patch(updateRole), remove(deleteRole))

	m.api(pathClients, corsNone, get(listClients), slow(createClient))
	m.api(pathClient, corsNone, get(showClient), patch(updateClient), remove(deleteClient))
	m.api(pathClientSecret, corsNone, slow(rotateSecret))
	m.api(pathClientDisable, corsNone, post(disableClient))
	m.api(pathClientEnable, corsNone, post(enableClient))

	m.api(pathSessions, corsNone, get(listSessions), super(remove(endAllSessions)))
	m.api(pathSession, corsNone, get(showSession), remove(endSession))

	m.api(pathKeys, corsNone, super(get(listKeys(k))))
	m.api(pathKeysPlan, corsNone, super(get(planKeys(k))))
	m.api(pathKeysRotate, corsNone, super(post(rotateKeys(k))))
	m.api(pathKeysRollback, corsNone, super(post(rollBackKeys(k))))
	m.api(pathKeyRevoke, corsNone, super(post(revokeKey(k))))

	m.api(pathAudit, corsNone, get(listAudit))
}

// Admin serves the admin API, for a listener of its own. It answers below the
// path of the issuer's URL, and at the root too.
func (h *Handler) Admin() http.Handler { return adminDoor{h} }

type adminDoor struct{ handler *Handler }

func (d adminDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.handler.prepare(w, r)
	d.handler.admin.ServeHTTP(w, r)
}

// onOwnDoor mounts on the router of the admin listener.
func (m *mounting) onOwnDoor() *mounting {
	own := *m
	own.router, own.atRoot = mux.NewRouter().UseEncodedPath().SkipClean(true), true
	own.router.NotFoundHandler = &passage{m.edge, route{side: problemSide, endpoint: unknownPath{}}}
	return &own
}
