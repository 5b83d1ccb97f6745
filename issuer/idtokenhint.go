package issuer

import (
	"context"
	"encoding/json"
	"errors"

	"example.org/signet/internal/strictjson"
	"example.org/signet/keys"
)

// idTokenHint is an ID token of this issuer that somebody presents again (OpenID Connect Core
// §3.1.2.1, RP-Initiated Logout §2).
type idTokenHint struct {
	Subject   string
	Audience  audience
	SessionID string // the claim sid; "" for none
}

// hintVerifier verifies id_token_hints.
type hintVerifier struct {
	issuer  string
	keyring Keyring
}

// verify returns what the hint says. It checks the signature, by any key that was not revoked
// and whose record is kept, the type and the issuer. An expired hint is good: it says who was
// signed in once. ok is false for any other text. The error is *Error with Unavailable.
func (h hintVerifier) verify(ctx context.Context, token string) (hint idTokenHint, ok bool, err error) {
	payload, header, err := h.keyring.VerifyHint(ctx, token)
	switch {
	case errors.Is(err, keys.ErrInvalidToken):
		return idTokenHint{}, false, nil
	case err != nil:
		return idTokenHint{}, false, unavailable(err)
	case header.Typ != typeIDToken:
		return idTokenHint{}, false, nil
	}
	members, err := strictjson.Object(nil, payload, maxClaims)
	if err != nil {
		return idTokenHint{}, false, nil
	}
	var issuer string
	for name, into := range map[string]any{"iss": &issuer, "sub": &hint.Subject, "aud": &hint.Audience, "sid": &hint.SessionID} {
		if value, given := strictjson.Find(members, name); given && json.Unmarshal([]byte(value), into) != nil {
			return idTokenHint{}, false, nil
		}
	}
	return hint, issuer == h.issuer && hint.Subject != "", nil
}
