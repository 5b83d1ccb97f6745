package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/role"
)

// The rules of the admin API: who holds the role in the store at this moment.
const (
	RuleAdmin      Rule = role.Admin      // or super_admin
	RuleSuperAdmin Rule = role.SuperAdmin // only
)

// adminAuthorizer authorizes an administrator.
type adminAuthorizer interface {
	As(ctx context.Context, p *issuer.Principal, info issuer.RequestInfo) (*admin.Admin, error)
}

// adminHandler handles one method of one path of the admin API, with the rights of the
// administrator who sent the request.
type adminHandler func(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error)

var _ apiHandler = adminHandler(nil)

func (f adminHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	return f(ctx, req.admin, req)
}

// Paths of the admin API.
const (
	pathBootstrap     = "/api/v1/bootstrap"
	pathUsers         = "/api/v1/users"
	pathUsersBulk     = "/api/v1/users/bulk"
	pathUser          = "/api/v1/users/{id}"
	pathUserDisable   = "/api/v1/users/{id}/disable"
	pathUserEnable    = "/api/v1/users/{id}/enable"
	pathUserUnlock    = "/api/v1/users/{id}/unlock"
	pathUserDiagnosis = "/api/v1/users/{id}/diagnosis"
	pathUserPassword  = "/api/v1/users/{id}/password"
	pathUserLink      = "/api/v1/users/{id}/password-link"
	pathUserSessions  = "/api/v1/users/{id}/sessions"
	pathUserConsents  = "/api/v1/users/{id}/consents"
	pathUserConsent   = "/api/v1/users/{id}/consents/{client_id}"
	pathUserBrowsers  = "/api/v1/users/{id}/browser-sessions"
	pathUserBrowser   = "/api/v1/users/{id}/browser-sessions/{handle}"
	pathUserFactors   = "/api/v1/users/{id}/factors"
	pathUserTOTP      = "/api/v1/users/{id}/factors/totp"
	pathUserDemand    = "/api/v1/users/{id}/factors/demand"
	pathUserLinks     = "/api/v1/users/{id}/links"
	pathUserLinked    = "/api/v1/users/{id}/links/{link}"
	pathConnectors    = "/api/v1/connectors"
	pathConnector     = "/api/v1/connectors/{connector}"
	pathScopes        = "/api/v1/scopes"
	pathScope         = "/api/v1/scopes/{scope}"
	pathAttributes    = "/api/v1/attributes"
	pathAttribute     = "/api/v1/attributes/{name}"
	pathRoles         = "/api/v1/roles"
	pathRole          = "/api/v1/roles/{name}"
	pathClients       = "/api/v1/clients"
	pathClient        = "/api/v1/clients/{client_id}"
	pathClientSecret  = "/api/v1/clients/{client_id}/secret"
	pathClientDisable = "/api/v1/clients/{client_id}/disable"
	pathClientEnable  = "/api/v1/clients/{client_id}/enable"
	pathClientConnect = "/api/v1/clients/{client_id}/connect/{kind}"
	pathClientRefused = "/api/v1/clients/{client_id}/refusals"
	pathClientSess    = "/api/v1/clients/{client_id}/sessions"
	pathBrowsers      = "/api/v1/browser-sessions"
	pathSessions      = "/api/v1/sessions"
	pathSession       = "/api/v1/sessions/{sid}"
	pathKeys          = "/api/v1/keys"
	pathKeysTimeline  = "/api/v1/keys/timeline"
	pathKeysPlan      = "/api/v1/keys/plan"
	pathKeysRotate    = "/api/v1/keys/rotate"
	pathKeysRollback  = "/api/v1/keys/rollback"
	pathKeyRevoke     = "/api/v1/keys/{kid}/revoke"
	pathAudit         = "/api/v1/audit"
	pathAuditVerified = "/api/v1/audit/verification"
)

// mountAdmin mounts the admin API. No page of another origin may call it.
func (m *routeBuilder) mountAdmin(b bootstrapper) {
	get := func(f adminHandler) apiMethod { return apiMethod{method: http.MethodGet, rule: RuleAdmin, handler: f} }
	post := func(f adminHandler) apiMethod { return apiMethod{method: http.MethodPost, rule: RuleAdmin, handler: f} }
	slow := func(f adminHandler) apiMethod {
		return apiMethod{method: http.MethodPost, rule: RuleAdmin, hashesPassword: true, handler: f}
	}
	patch := func(f adminHandler) apiMethod {
		return apiMethod{method: http.MethodPatch, rule: RuleAdmin, handler: f}
	}
	remove := func(f adminHandler) apiMethod {
		return apiMethod{method: http.MethodDelete, rule: RuleAdmin, handler: f}
	}
	put := func(f adminHandler) apiMethod { return apiMethod{method: http.MethodPut, rule: RuleAdmin, handler: f} }
	super := func(v apiMethod) apiMethod { v.rule = RuleSuperAdmin; return v }
	record := func(v apiMethod) apiMethod { v.record = true; return v }

	m.api(pathBootstrap, corsNone, apiMethod{method: http.MethodPost, rule: RuleOpen, hashesPassword: true, handler: bootstrapHandler{b}})

	m.api(pathUsers, corsNone, get(listUsers), slow(createUser))
	m.api(pathUsersBulk, corsNone, post(changeUsers)) // before the path of a user: no id is "bulk"
	m.api(pathUser, corsNone, get(showUser), record(patch(updateUser)), record(remove(deleteUser)))
	m.api(pathUserDisable, corsNone, record(post(disableUser)))
	m.api(pathUserEnable, corsNone, record(post(enableUser)))
	m.api(pathUserUnlock, corsNone, record(post(unlockUser)))
	m.api(pathUserDiagnosis, corsNone, get(diagnoseUser))
	m.api(pathUserPassword, corsNone, record(slow(setUserPassword)))
	if m.links != nil {
		m.api(pathUserLink, corsNone, post(makePasswordLink(m.links)))
	}
	m.api(pathUserSessions, corsNone, get(listUserSessions), record(remove(endUserSessions)))

	m.api(pathUserConsents, corsNone, get(listUserConsents))
	m.api(pathUserConsent, corsNone, remove(revokeUserConsent))

	m.api(pathUserBrowsers, corsNone, get(listBrowserSessions), remove(endBrowserSessions))
	m.api(pathUserBrowser, corsNone, remove(endBrowserSession))

	m.api(pathUserFactors, corsNone, get(showUserFactors), remove(resetUserFactors))
	m.api(pathUserTOTP, corsNone, remove(removeUserTOTP))
	m.api(pathUserDemand, corsNone, post(demandUserFactor))

	m.api(pathUserLinks, corsNone, get(listUserLinks))
	m.api(pathUserLinked, corsNone, remove(removeUserLink))

	m.api(pathConnectors, corsNone, super(get(listConnectors)), super(post(createConnector)))
	m.api(pathConnector, corsNone, super(get(showConnector)), super(record(patch(updateConnector))), super(record(remove(deleteConnector))))

	m.api(pathScopes, corsNone, get(listScopeTexts))
	m.api(pathScope, corsNone, put(putScopeText), remove(deleteScopeText))

	m.api(pathAttributes, corsNone, get(listAttributes), post(createAttribute))
	m.api(pathAttribute, corsNone, get(showAttribute), patch(updateAttribute), remove(deleteAttribute))

	m.api(pathRoles, corsNone, get(listRoles), post(createRole))
	m.api(pathRole, corsNone, get(showRole), record(patch(updateRole)), record(remove(deleteRole)))

	m.api(pathClients, corsNone, get(listClients), slow(createClient))
	m.api(pathClient, corsNone, get(showClient), record(patch(updateClient)), record(remove(deleteClient)))
	m.api(pathClientSecret, corsNone, record(slow(rotateSecret)))
	m.api(pathClientDisable, corsNone, record(post(disableClient)))
	m.api(pathClientEnable, corsNone, record(post(enableClient)))
	m.api(pathClientConnect, corsNone, get(connectClient))
	m.api(pathClientRefused, corsNone, get(listRefusals))

	m.api(pathClientSess, corsNone, record(remove(endClientSessions)))
	m.api(pathBrowsers, corsNone, get(listAllBrowserSessions))
	m.api(pathSessions, corsNone, get(listSessions), super(remove(endAllSessions)))
	m.api(pathSession, corsNone, get(showSession), remove(endSession))

	m.api(pathKeys, corsNone, super(get(listKeys)))
	m.api(pathKeysTimeline, corsNone, super(get(showKeyTimeline)))
	m.api(pathKeysPlan, corsNone, super(get(planKeys)))
	m.api(pathKeysRotate, corsNone, super(post(rotateKeys)))
	m.api(pathKeysRollback, corsNone, super(post(rollBackKeys)))
	m.api(pathKeyRevoke, corsNone, super(post(revokeKey)))

	m.api(pathAudit, corsNone, get(listAudit))
	m.api(pathAuditVerified, corsNone, super(get(showAuditVerification)), super(post(startAuditVerification)))
}
