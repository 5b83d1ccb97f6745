package main

import (
	"context"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/connect"
	"example.org/signet/issuer/factor"
	"example.org/signet/storage"
)

// administration is what the administrators' commands do, at a store or at a server. Names and
// answers are those of package admin.
type administration interface {
	accountAdministration
	definitionAdministration
}

type accountAdministration interface {
	Users() userAdmin
	Factors() factorAdmin
	Roles() roleAdmin
	Clients() clientAdmin
	Sessions() sessionAdmin
	Browsers() browserAdmin
}

type definitionAdministration interface {
	Scopes() scopeAdmin
	Attributes() attributeAdmin
	Audit() auditAdmin
	Keys() keyAdmin
	Connectors() connectorAdmin
}

type userAdmin interface {
	userReader
	userWriter
	userSwitch
	userLinks
	userBulk
}

type userReader interface {
	Find(ctx context.Context, ref string) (admin.User, error)
	Show(ctx context.Context, id string) (admin.User, error)
	List(ctx context.Context, q admin.UserQuery, p storage.Page) (admin.UserList, error)
	Diagnose(ctx context.Context, id string) (admin.Diagnosis, error)
}

type userWriter interface {
	Create(ctx context.Context, n admin.NewUser) (admin.User, error)
	Update(ctx context.Context, id string, c admin.UserChange) (admin.User, error)
	SetPassword(ctx context.Context, id string, n admin.NewPassword) (admin.User, error)
	Delete(ctx context.Context, id string) error
}

type userBulk interface {
	ChangeEach(ctx context.Context, c admin.BulkChange, ids []string) (admin.BulkReport, error)
	ChangeSelected(ctx context.Context, c admin.BulkChange, q admin.UserQuery, p storage.Page) (admin.BulkReport, error)
}

type userSwitch interface {
	Disable(ctx context.Context, id string) (admin.User, error)
	Enable(ctx context.Context, id string) (admin.User, error)
	Unlock(ctx context.Context, id string) (admin.User, error)
	EndSessions(ctx context.Context, id string) (int64, error)
}

type userLinks interface {
	Links(ctx context.Context, id string) (admin.LinkList, error)
	Unlink(ctx context.Context, id, linkID string) error
}

type factorAdmin interface {
	Show(ctx context.Context, id string) (factor.Summary, error)
	Reset(ctx context.Context, id string) error
	Demand(ctx context.Context, id string) error
}

type browserAdmin interface {
	browserSessionAdmin
	consentAdmin
}

type browserSessionAdmin interface {
	Sessions(ctx context.Context, id string) (admin.BrowserSessionList, error)
	List(ctx context.Context, p storage.Page) (admin.BrowserSessionPage, error)
	EndSession(ctx context.Context, id, handle string) error
	EndSessions(ctx context.Context, id string) error
}

type consentAdmin interface {
	Consents(ctx context.Context, id string, p storage.Page) (admin.ConsentList, error)
	RevokeConsent(ctx context.Context, id, clientID string) error
}

type connectorAdmin interface {
	List(ctx context.Context) (admin.ConnectorList, error)
	Show(ctx context.Context, id string) (admin.Connector, error)
	Create(ctx context.Context, id, kind string, c admin.ConnectorChange) (admin.Connector, error)
	Update(ctx context.Context, id string, c admin.ConnectorChange) (admin.Connector, error)
	Delete(ctx context.Context, id string) error
}

type roleAdmin interface {
	roleReader
	roleWriter
}

type roleReader interface {
	List(ctx context.Context) (admin.RoleList, error)
	Show(ctx context.Context, name string) (admin.Role, error)
}

type roleWriter interface {
	Create(ctx context.Context, name string, c admin.RoleChange) (admin.Role, error)
	Update(ctx context.Context, name string, c admin.RoleChange) (admin.Role, error)
	Rename(ctx context.Context, old, name string) (admin.RoleRename, error)
	Delete(ctx context.Context, name string, release bool) error
}

type clientAdmin interface {
	clientReader
	clientWriter
}

type clientReader interface {
	List(ctx context.Context, p storage.Page) (admin.ClientList, error)
	Show(ctx context.Context, id string) (admin.Client, error)
	Connect(ctx context.Context, id, kind string) (connect.Guide, error)
	Refusals(ctx context.Context, id string, p storage.Page) (admin.RefusalList, error)
}

type clientWriter interface {
	Create(ctx context.Context, n admin.NewClient) (admin.Client, error)
	Update(ctx context.Context, id string, c admin.ClientChange) (admin.Client, error)
	RotateSecret(ctx context.Context, id string, r admin.SecretRotation) (admin.Client, error)
	EndSessions(ctx context.Context, id string) (int64, error)
	Delete(ctx context.Context, id string) error
}

type sessionAdmin interface {
	List(ctx context.Context, q admin.SessionQuery, p storage.Page) (admin.SessionList, error)
	End(ctx context.Context, sid string) error
	EndAll(ctx context.Context) (int64, error)
}

type scopeAdmin interface {
	List(ctx context.Context) (admin.ScopeTextList, error)
	Put(ctx context.Context, scope string, texts map[string]string) (admin.ScopeText, error)
	Delete(ctx context.Context, scope string) error
}

type attributeAdmin interface {
	List(ctx context.Context) (admin.AttributeList, error)
	Show(ctx context.Context, name string) (admin.Attribute, error)
	Create(ctx context.Context, name string, c admin.AttributeChange) (admin.Attribute, error)
	Update(ctx context.Context, name string, c admin.AttributeChange) (admin.Attribute, error)
	Delete(ctx context.Context, name string) error
}

type auditAdmin interface {
	List(ctx context.Context, f storage.AuditFilter, p storage.Page) (admin.AuditList, error)
}

type keyAdmin interface {
	List(ctx context.Context) (admin.KeyList, error)
	Rotate(ctx context.Context, force bool) (admin.KeyRotation, error)
	RollBack(ctx context.Context) (admin.KeyRotation, error)
	Revoke(ctx context.Context, kid string) (admin.KeyList, error)
}

// localKeys are the keys of a store, whose list is in memory.
type localKeys struct{ admin.Keys }

func (k localKeys) List(context.Context) (admin.KeyList, error) { return k.Keys.List() }

// localAdmin is the administration of a store.
type localAdmin struct{ *admin.Admin }

var _ administration = localAdmin{}

func (l localAdmin) Users() userAdmin           { return l.Admin.Users() }
func (l localAdmin) Roles() roleAdmin           { return l.Admin.Roles() }
func (l localAdmin) Factors() factorAdmin       { return l.Admin.Factors() }
func (l localAdmin) Connectors() connectorAdmin { return l.Admin.Connectors() }
func (l localAdmin) Clients() clientAdmin       { return l.Admin.Clients() }
func (l localAdmin) Sessions() sessionAdmin     { return l.Admin.Sessions() }
func (l localAdmin) Browsers() browserAdmin     { return l.Admin.Browsers() }
func (l localAdmin) Scopes() scopeAdmin         { return l.Admin.Scopes() }
func (l localAdmin) Attributes() attributeAdmin { return l.Admin.Attributes() }
func (l localAdmin) Audit() auditAdmin          { return l.Admin.Audit() }
func (l localAdmin) Keys() keyAdmin             { return localKeys{l.Admin.Keys()} }
