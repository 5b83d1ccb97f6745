package endpoints

import (
	"context"

	"example.org/signet/issuer"
)

// getMyFactorsHandler is GET /me/factors.
type getMyFactorsHandler struct{ service factorOwner }

var _ apiHandler = getMyFactorsHandler{}

func (h getMyFactorsHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return h.service.Factors(ctx, req.principal)
}

// readConfirmation reads the body of a change that may need the password.
func readConfirmation(req *apiRequest) (issuer.Secret, error) {
	b, err := req.decodeBody(schema{"current_password": kindString})
	if err != nil {
		return "", err
	}
	return b.secret("current_password"), nil
}

// enrolmentBody is the seed of an authenticator app, which is not stored yet.
type enrolmentBody struct {
	Enrolment string `json:"enrolment"` // is sent back with the first code
	Secret    string `json:"secret"`
	URI       string `json:"otpauth_uri"`
}

// beginMyTOTPHandler is POST /me/factors/totp.
type beginMyTOTPHandler struct{ service factorOwner }

var _ apiHandler = beginMyTOTPHandler{}

func (h beginMyTOTPHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	pw, err := readConfirmation(req)
	if err != nil {
		return nil, err
	}
	e, err := h.service.BeginTOTP(ctx, req.principal, pw, req.source())
	if err != nil {
		return nil, err
	}
	return enrolmentBody{e.Sealed, e.Secret, e.URI}, nil
}

// codesBody are recovery codes, which nobody is shown again.
type codesBody struct {
	Codes []string `json:"recovery_codes"`
}

// confirmMyTOTPHandler is POST /me/factors/totp/confirm.
type confirmMyTOTPHandler struct{ service factorOwner }

var _ apiHandler = confirmMyTOTPHandler{}

func (h confirmMyTOTPHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"enrolment": kindString, "code": kindString})
	if err != nil {
		return nil, err
	}
	codes, _, err := h.service.ConfirmTOTP(ctx, req.principal, string(b.secret("enrolment")), b.secret("code"), req.source())
	if err != nil {
		return nil, err
	}
	return codesBody{codes}, nil
}

// removeMyTOTPHandler is POST /me/factors/totp/remove. It takes a password, which a DELETE has no
// place for.
type removeMyTOTPHandler struct{ service factorOwner }

var _ apiHandler = removeMyTOTPHandler{}

func (h removeMyTOTPHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	pw, err := readConfirmation(req)
	if err != nil {
		return nil, err
	}
	return emptyReply, h.service.RemoveTOTP(ctx, req.principal, pw, req.source())
}

// renewMyCodesHandler is POST /me/factors/recovery-codes.
type renewMyCodesHandler struct{ service factorOwner }

var _ apiHandler = renewMyCodesHandler{}

func (h renewMyCodesHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	pw, err := readConfirmation(req)
	if err != nil {
		return nil, err
	}
	codes, err := h.service.RenewRecoveryCodes(ctx, req.principal, pw, req.source())
	if err != nil {
		return nil, err
	}
	return codesBody{codes}, nil
}
