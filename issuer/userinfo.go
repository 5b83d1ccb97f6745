package issuer

import (
	"context"
	"errors"
	"strings"
)

// UserInfo is the answer of OpenID Connect Core §5.3: the subject always, the
// rest as the token's scopes allow (§5.4), and what was asked for by name (§5.5).
type UserInfo struct {
	Subject string `json:"sub"`
	UserClaims

	attributes map[string]any // claims of the operator's attributes
}

// UserInfo answers for the user whose active access token this is.
func (i *Issuer) UserInfo(ctx context.Context, accessToken Secret) (UserInfo, error) {
	t, err := i.checker.activeUserToken(ctx, string(accessToken))
	if errors.Is(err, errInactive) {
		return UserInfo{}, errInvalidToken
	}
	if err != nil {
		return UserInfo{}, err
	}
	scopes := strings.Fields(t.claims.Scope)
	if t.user == nil || !contains(scopes, ScopeOpenID) {
		return UserInfo{}, &Error{Code: InsufficientScope, Description: "the access token needs the openid scope", Scope: ScopeOpenID}
	}
	named, err := t.namedClaims(ctx, i.cfg.Issuer, i.attributes)
	if err != nil {
		return UserInfo{}, err
	}
	info := UserInfo{Subject: t.user.ID, UserClaims: userClaims(t.record, func(name string) bool {
		return contains(scopes, claimScopes[name]) || contains(named, claimsOfUserInfo+name)
	})}
	info.attributes, err = attributeClaims(ctx, i.attributes, t.record, scopes, named, claimsOfUserInfo)
	return info, err
}

// Body returns the answer with the claims of attributes.
func (u UserInfo) Body() (any, error) { return withClaims(u, u.attributes) }
