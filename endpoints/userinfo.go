package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/issuer"
)

// userInfoProvider returns the claims of a token's user.
type userInfoProvider interface {
	UserInfo(ctx context.Context, accessToken issuer.Secret) (issuer.UserInfo, error)
}

// userInfoEndpoint is OpenID Connect Core §5.3. The token comes in the
// Authorization header; the other two transports of RFC 6750 are refused, the
// query because it ends up in logs (§2.3), the form because one is enough.
type userInfoEndpoint struct {
	issuer  userInfoProvider
	limiter *limiter
}

var _ endpoint = userInfoEndpoint{}

var (
	errNoToken        = &httpError{status: http.StatusUnauthorized}
	errTokenTransport = badRequest("the access token belongs in the Authorization header and nowhere else")
)

func (u userInfoEndpoint) handle(r *http.Request, _ *event) (any, error) {
	token, err := bearerToken(r)
	if err != nil {
		return nil, err
	}
	ctx, release, err := u.limiter.acquire(r.Context(), u.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	return u.issuer.UserInfo(ctx, token)
}

// bearerToken is the token of a request (RFC 6750 §2). Another scheme's
// credentials are none; what follows Bearer is for the issuer to judge.
func bearerToken(r *http.Request) (issuer.Secret, error) {
	if len(r.Header.Values("Authorization")) > 1 {
		return "", errMultipleAuthHeaders
	}
	if checkQuery(r.URL.RawQuery) != nil {
		return "", errTokenTransport
	}
	if err := rejectFormToken(r); err != nil {
		return "", err
	}
	return headerToken(r)
}

// rejectFormToken reads a form only to see that there is no token in it.
func rejectFormToken(r *http.Request) error {
	if r.Method != http.MethodPost || r.ContentLength == 0 || !isFormType(r.Header.Values("Content-Type")) {
		return nil
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	f, err := parseForm(body)
	if err != nil {
		return err
	}
	if f["access_token"] != "" {
		return errTokenTransport
	}
	return nil
}
