package endpoints

import (
	"errors"
	"net/http"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

const problemType = "application/problem+json"

// Codes of the problems that are not the issuer's.
const (
	codeInvalidRequest      = string(issuer.InvalidRequest)
	codeInvalidField        = "invalid_field"
	codeDuplicate           = "duplicate"
	codeLostUpdate          = "lost_update"
	codeAlreadyRotated      = "already_rotated"
	codeRollbackUnavailable = "rollback_unavailable"
	codeLastSuperAdmin      = "last_super_admin"
	codeLastWayIn           = "last_way_in"
	codeBootstrapped        = "already_bootstrapped"
)

// problemField is one field of a request and what is wrong with it.
type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// problem is an error answer of RFC 9457 §3. The type is always about:blank:
// the code is what programs go by.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Code   string         `json:"code,omitempty"`
	Detail string         `json:"detail,omitempty"`
	Errors []problemField `json:"errors,omitempty"`
}

func (f errorResponse) problem() problem {
	return problem{
		Type: "about:blank", Title: http.StatusText(f.status), Status: f.status, Code: f.code,
		Detail: f.description, Errors: f.fields,
	}
}

// recordErrorResponse renders errors about records and fields.
func recordErrorResponse(err error) (errorResponse, bool) {
	var one *issuer.FieldError
	var several issuer.FieldErrors
	var duplicate *storage.DuplicateError
	var rollback *keys.RollbackUnavailableError
	switch {
	case errors.As(err, &several):
		return fieldErrorResponse(several...), true
	case errors.As(err, &one):
		return fieldErrorResponse(one), true
	case errors.As(err, &duplicate):
		return errorResponse{
			status: http.StatusConflict, code: codeDuplicate, description: "already in use",
			fields: []problemField{{duplicate.Field, "already in use"}},
		}, true
	case errors.Is(err, storage.ErrNotFound):
		return errorResponse{status: http.StatusNotFound, code: codeNotFound, description: "not found"}, true
	case errors.Is(err, admin.ErrPreconditionFailed):
		return errorResponse{status: http.StatusPreconditionFailed, code: codeLostUpdate, description: "it has changed since it was read: read it again"}, true
	case errors.Is(err, admin.ErrConcurrentUpdate):
		return errorResponse{status: http.StatusServiceUnavailable, code: codeUnavailable, description: "conflicting update, retry", retryAfter: time.Second}, true
	case errors.Is(err, admin.ErrLastSuperAdmin):
		return errorResponse{status: http.StatusConflict, code: codeLastSuperAdmin, description: admin.ErrLastSuperAdmin.Error()}, true
	case errors.Is(err, admin.ErrLastWayIn):
		return errorResponse{status: http.StatusConflict, code: codeLastWayIn, description: admin.ErrLastWayIn.Error()}, true
	case errors.Is(err, admin.ErrBootstrapped):
		return errorResponse{status: http.StatusConflict, code: codeBootstrapped, description: admin.ErrBootstrapped.Error()}, true
	case errors.Is(err, keys.ErrRotated):
		return errorResponse{status: http.StatusConflict, code: codeAlreadyRotated, description: "a rotation has just happened or is scheduled"}, true
	case errors.As(err, &rollback):
		return errorResponse{status: http.StatusConflict, code: codeRollbackUnavailable, description: "no earlier key may sign again: it is gone from the JWKS, or about to go"}, true
	case errors.Is(err, storage.ErrUnavailable):
		return errorResponse{status: http.StatusServiceUnavailable, code: codeUnavailable, description: "the store cannot be reached, try again", retryAfter: time.Second, cause: err}, true
	}
	return errorResponse{}, false
}

func fieldErrorResponse(errs ...*issuer.FieldError) errorResponse {
	f := errorResponse{status: http.StatusUnprocessableEntity, code: codeInvalidField, description: "a field is not valid"}
	for _, e := range errs {
		f.fields = append(f.fields, problemField{e.Field, e.Reason})
	}
	return f
}
