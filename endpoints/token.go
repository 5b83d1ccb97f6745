package endpoints

import (
	"context"
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
	issuer tokenIssuer
	gate   *gate
}

var _ endpoint = tokenEndpoint{}

func (t tokenEndpoint) answer(r *http.Request, e *event) (any, error) {
	f, err := readForm(r)
	if err != nil {
		return nil, err
	}
	e.grant = grantName(f["grant_type"])
	client, err := clientAuth(r, f)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := t.gate.enter(r.Context(), t.patience(f["grant_type"]))
	if err != nil {
		return nil, err
	}
	defer leave()
	answer, err := t.issuer.Token(ctx, issuer.TokenRequest{
		Client: client, Grant: f["grant_type"], Scope: f["scope"], Resource: f["resource"],
		Username: f["username"], Password: issuer.Secret(f["password"]),
		RefreshToken: issuer.Secret(f["refresh_token"]), Info: e.source(),
	})
	e.audited = answer.Event
	e.client(client.ID, err)
	if stopped := failpoint.Hit(failpoint.TokenAnswering); stopped != nil {
		return nil, &issuer.Error{Code: issuer.Unavailable, Description: "the answer was stopped", Cause: stopped}
	}
	return answer, err
}

// patience is how long the request may take. A login may queue for its hash
// evaluation behind others; the rest waits for the store alone.
func (t tokenEndpoint) patience(grant string) time.Duration {
	if grant == issuer.GrantPassword {
		return t.gate.login
	}
	return t.gate.work
}

// grantName bounds the grant to what may stand in a log and on a metric.
func grantName(grant string) string {
	switch grant {
	case issuer.GrantPassword, issuer.GrantRefreshToken, issuer.GrantClientCredentials:
		return grant
	case "":
		return "none"
	}
	return "other"
}
