package endpoints

import (
	"context"
	"encoding/json"

	"example.org/signet/issuer/factor"
)

// passkeyBody is a passkey that the browser is to make. Nothing of it is stored yet.
type passkeyBody struct {
	Challenge string          `json:"challenge"` // is sent back with the browser's response
	Options   json.RawMessage `json:"options"`   // as PublicKeyCredential.parseCreationOptionsFromJSON takes it
}

// beginMyPasskeyHandler is POST /me/factors/passkeys.
type beginMyPasskeyHandler struct{ service factorOwner }

var _ apiHandler = beginMyPasskeyHandler{}

func (h beginMyPasskeyHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	pw, err := readConfirmation(req)
	if err != nil {
		return nil, err
	}
	c, err := h.service.BeginPasskey(ctx, req.principal, pw, req.source())
	if err != nil {
		return nil, err
	}
	return passkeyBody{c.Sealed, json.RawMessage(c.Options)}, nil
}

// confirmMyPasskeyHandler is POST /me/factors/passkeys/confirm.
type confirmMyPasskeyHandler struct{ service factorOwner }

var _ apiHandler = confirmMyPasskeyHandler{}

func (h confirmMyPasskeyHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"challenge": kindString, "response": kindString, "name": kindString})
	if err != nil {
		return nil, err
	}
	r := factor.Response{Sealed: b.str("challenge"), Text: b.str("response")}
	codes, _, err := h.service.AddPasskey(ctx, req.principal, r, b.str("name"), req.source())
	if err != nil {
		return nil, err
	}
	if codes == nil {
		codes = []string{}
	}
	return codesBody{codes}, nil
}

// renameMyPasskeyHandler is POST /me/factors/passkeys/rename.
type renameMyPasskeyHandler struct{ service factorOwner }

var _ apiHandler = renameMyPasskeyHandler{}

func (h renameMyPasskeyHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"id": kindString, "name": kindString})
	if err != nil {
		return nil, err
	}
	return emptyReply, h.service.RenamePasskey(ctx, req.principal, b.str("id"), b.str("name"), req.source())
}

// removeMyPasskeyHandler is POST /me/factors/passkeys/remove. It takes a password, which a DELETE
// has no place for.
type removeMyPasskeyHandler struct{ service factorOwner }

var _ apiHandler = removeMyPasskeyHandler{}

func (h removeMyPasskeyHandler) handle(ctx context.Context, req *apiRequest) (any, error) {
	b, err := req.decodeBody(schema{"id": kindString, "current_password": kindString})
	if err != nil {
		return nil, err
	}
	return emptyReply, h.service.RemovePasskey(ctx, req.principal, b.str("id"), b.secret("current_password"), req.source())
}
