package endpoints

import (
	"errors"
	"net/http"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

const problemType = "application/problem+json"

// Codes of the problems that are not the issuer's.
const (
	codeBadRequest = string(issuer.InvalidRequest)
	codeBadField   = "invalid_field"
	codeDuplicate  = "duplicate"
	codeLostUpdate = "lost_update"
	codeRotated    = "already_rotated"
	codeNoWayBack  = "rollback_unavailable"
	codeLastSuper  = "last_super_admin"
	codeDone       = "already_bootstrapped"
)

// fieldFault is one field of a request and what is wrong with it.
type fieldFault struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// problem is an error answer of RFC 9457 §3. The type is always about:blank:
// the code is what programs go by.
type problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Code   string       `json:"code,omitempty"`
	Detail string       `json:"detail,omitempty"`
	Errors []fieldFault `json:"errors,omitempty"`
}

func (f failure) problem() problem {
	return problem{
		Type: "about:blank", Title: http.StatusText(f.status), Status: f.status, Code: f.code,
		Detail: f.description, Errors: f.fields,
	}
}

// recordFailure renders what the issuer says of records and fields.
func recordFailure(err error) (failure, bool) {
	var one *issuer.FieldError
	var several issuer.FieldErrors
	var taken *storage.DuplicateError
	var late *keys.RollbackUnavailableError
	switch {
	case errors.As(err, &several):
		return fieldFailure(several...), true
	case errors.As(err, &one):
		return fieldFailure(one), true
	case errors.As(err, &taken):
		return failure{
			status: http.StatusConflict, code: codeDuplicate, description: "another one has it already",
			fields: []fieldFault{{taken.Field, "is taken"}},
		}, true
	case errors.Is(err, storage.ErrNotFound):
		return failure{status: http.StatusNotFound, code: codeNotFound, description: "there is no such thing here"}, true
	case errors.Is(err, issuer.ErrPreconditionFailed):
		return failure{status: http.StatusPreconditionFailed, code: codeLostUpdate, description: "it has changed since it was read: read it again"}, true
	case errors.Is(err, issuer.ErrConcurrentUpdate):
		return failure{status: http.StatusServiceUnavailable, code: codeUnavailable, description: "others are changing it, try again", retryAfter: time.Second}, true
	case errors.Is(err, issuer.ErrLastSuperAdmin):
		return failure{status: http.StatusConflict, code: codeLastSuper, description: issuer.ErrLastSuperAdmin.Error()}, true
	case errors.Is(err, issuer.ErrBootstrapped):
		return failure{status: http.StatusConflict, code: codeDone, description: issuer.ErrBootstrapped.Error()}, true
	case errors.Is(err, keys.ErrRotated):
		return failure{status: http.StatusConflict, code: codeRotated, description: "the keys are rotated already, or will be at a set time"}, true
	case errors.As(err, &late):
		return failure{status: http.StatusConflict, code: codeNoWayBack, description: "no earlier key may sign again: it is gone from the JWKS, or about to go"}, true
	case errors.Is(err, storage.ErrUnavailable):
		return failure{status: http.StatusServiceUnavailable, code: codeUnavailable, description: "the store cannot be reached, try again", retryAfter: time.Second, cause: err}, true
	}
	return failure{}, false
}

func fieldFailure(faults ...*issuer.FieldError) failure {
	f := failure{status: http.StatusUnprocessableEntity, code: codeBadField, description: "a field is not valid"}
	for _, e := range faults {
		f.fields = append(f.fields, fieldFault{e.Field, e.Reason})
	}
	return f
}
