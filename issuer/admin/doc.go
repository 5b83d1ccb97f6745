// Package admin is the administration of an issuer: users and what they began in a browser, roles,
// clients, texts of scopes, sessions, keys, the audit log, the first super_admin and the last one.
//
// There is one way to do each operation, whoever asks. [Service.As] admits an administrator and
// [Service.Operator] the command line; both return an [Admin], whose methods authorize, act
// and audit:
//
//	a, err := service.As(ctx, principal, info)    // the roles of this moment
//	a := service.Operator(info)                   // unrestricted
//	u, err := a.Users().Disable(ctx, id)
//
// Every change of a record runs through one loop:
//
//	read → authorize → precondition → change → authorize → checks → announce the
//	sessions that it ends → audit → write, or read again → mark the sessions
//	                                  └─ certainly not written: audit change.failed
//
// Package selfservice uses the same loop for what users do to their own account, by
// [Service.Owner].
//
// Errors are *issuer.FieldError and issuer.FieldErrors for what was sent,
// *storage.DuplicateError for what is taken, storage.ErrNotFound, [ErrPreconditionFailed],
// [ErrConcurrentUpdate], [ErrLastSuperAdmin], and *issuer.Error for a refusal or, with
// issuer.Unavailable, an unknown outcome.
package admin
