package issuer

import (
	"example.org/signet/internal/fielderror"
)

// FieldError refuses one field of what an administrator or a user sent.
type FieldError = fielderror.Error

// FieldErrors refuse several fields at once.
type FieldErrors = fielderror.List
