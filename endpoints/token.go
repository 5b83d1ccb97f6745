package endpoints

import (
	"context"
	"errors"
	"net/http"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer"
)

// tokenIssuer decides about token requests.
type tokenIssuer interface {
	Token(ctx context.Context, r issuer.TokenRequest) (issuer.TokenResponse, error)
}

// tokenEndpoint is RFC 6749 §3.2.
type tokenEndpoint struct {
	issuer  tokenIssuer
	limiter *limiter
}

var _ endpoint = tokenEndpoint{}

func (t tokenEndpoint) handle(r *http.Request, e *event) (any, error) {
	f, err := readForm(r, "")
	if err != nil {
		return nil, err
	}
	e.grant = grantName(f["grant_type"])
	client, err := clientAuth(r, f)
	if err != nil {
		return nil, err
	}
	ctx, release, err := t.limiter.acquire(r.Context(), t.timeout(f["grant_type"]))
	if err != nil {
		return nil, err
	}
	defer release()
	response, err := t.issuer.Token(ctx, issuer.TokenRequest{
		Client: client, Grant: f["grant_type"], Scope: f["scope"], Resource: f["resource"],
		Username: f["username"], Password: issuer.Secret(f["password"]),
		RefreshToken: issuer.Secret(f["refresh_token"]),
		AuthCode:     issuer.Secret(f["code"]), RedirectURI: f["redirect_uri"], CodeVerifier: issuer.Secret(f["code_verifier"]), DeviceCode: issuer.Secret(f["device_code"]), Info: e.source(),
	})
	e.auditEvent = response.Event
	if denied := deniedDevice(err); denied != nil {
		e.setClient(client.ID, nil)
		return nil, denied
	}
	e.setClient(client.ID, err)
	if injected := failpoint.Hit(failpoint.TokenAnswering); injected != nil {
		return nil, &issuer.Error{Code: issuer.Unavailable, Description: "failpoint: response suppressed", Cause: injected}
	}
	return response, err
}

// deniedDevice returns the refusal of a device with the status of RFC 6749 §5.2; nil for any other
// error, and for none.
func deniedDevice(err error) error {
	var denied *issuer.Error
	if !errors.As(err, &denied) || denied.Code != issuer.AccessDenied {
		return nil
	}
	return &httpError{status: http.StatusBadRequest, code: string(denied.Code), description: denied.Description}
}

// timeout is how long the request may take. A login may queue for its hash
// evaluation behind others; the rest waits for the store alone.
func (t tokenEndpoint) timeout(grant string) time.Duration {
	if grant == issuer.GrantPassword {
		return t.limiter.loginTimeout
	}
	return t.limiter.storeTimeout
}

// grantName bounds the grant to what may stand in a log and on a metric.
func grantName(grant string) string {
	switch {
	case issuer.KnownGrant(grant):
		return grant
	case grant == "":
		return "none"
	}
	return "other"
}
