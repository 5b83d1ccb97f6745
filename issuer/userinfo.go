package issuer

import (
	"context"
	"errors"
	"strings"
)

// UserInfo is the answer of OpenID Connect Core §5.3: the subject always, the
// rest as the token's scopes allow (§5.4).
type UserInfo struct {
	Subject           string   `json:"sub"`
	Name              string   `json:"name,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	UpdatedAt         int64    `json:"updated_at,omitempty"`
	Email             string   `json:"email,omitempty"`
	EmailVerified     *bool    `json:"email_verified,omitempty"` // always beside Email
	PhoneNumber       string   `json:"phone_number,omitempty"`
	Roles             []string `json:"roles,omitempty"`
}

// UserInfo answers for the user whose active access token this is.
func (i *Issuer) UserInfo(ctx context.Context, accessToken Secret) (UserInfo, error) {
	t, err := i.checker.activeToken(ctx, string(accessToken))
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
	info := UserInfo{Subject: t.user.ID}
	if contains(scopes, ScopeProfile) {
		info.Name, info.PreferredUsername = t.user.FullName, t.user.Username
		info.UpdatedAt, info.Roles = t.user.UpdatedAt.Unix(), t.user.Roles
	}
	if contains(scopes, ScopeEmail) && t.user.Email != "" {
		info.Email, info.EmailVerified = t.user.Email, &t.user.EmailVerified
	}
	if contains(scopes, ScopePhone) {
		info.PhoneNumber = t.user.Phone
	}
	return info, nil
}
