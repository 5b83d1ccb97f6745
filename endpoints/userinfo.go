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

// userInfoEndpoint is OpenID Connect Core §5.3.
type userInfoEndpoint struct {
	issuer  userInfoProvider
	limiter *limiter
}

var _ endpoint = userInfoEndpoint{}

var (
	errNoToken         = &httpError{status: http.StatusUnauthorized, description: "a bearer token is needed"} // RFC 6750 §3.1: without a code
	errTokenInQuery    = badRequest("the access token belongs in the Authorization header, never in the URL")
	errTokenTransports = badRequest("the access token is sent in more than one way")
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
	info, err := u.issuer.UserInfo(ctx, token)
	if err != nil {
		return nil, err
	}
	return info.Body()
}

// bearerToken returns the token of a request, from the Authorization header
// (RFC 6750 §2.1) or from the form of a POST (§2.2); never from the URL, which
// ends up in logs (§2.3), and never from two places at once (§2). Credentials of
// another scheme are none.
func bearerToken(r *http.Request) (issuer.Secret, error) {
	if checkQuery(r.URL.RawQuery) != nil {
		return "", errTokenInQuery
	}
	inForm, err := formToken(r)
	if err != nil {
		return "", err
	}
	if inForm == "" {
		return headerToken(r)
	}
	if _, headers := authorizationHeader(r); headers > 0 {
		return "", errTokenTransports
	}
	return inForm, nil
}

// formToken returns the token in the form of a POST, "" where there is none.
func formToken(r *http.Request) (issuer.Secret, error) {
	if r.Method != http.MethodPost || r.ContentLength == 0 || checkFormType(r.Header.Values("Content-Type")) != nil {
		return "", nil
	}
	body, err := readBody(r)
	if err != nil {
		return "", err
	}
	f, err := parseForm(body, "access_token")
	return issuer.Secret(f["access_token"]), err
}
