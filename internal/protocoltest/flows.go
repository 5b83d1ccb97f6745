package protocoltest

import (
	"net/http"
	"net/url"
	"testing"
)

// LoginForm is a password grant for the scope; "" asks for all.
func (u User) LoginForm(scope string) url.Values {
	f := Form("grant_type", "password", "username", u.Username, "password", u.Password)
	if scope != "" {
		f.Set("scope", scope)
	}
	return f
}

// RefreshForm is a refresh.
func RefreshForm(token string) url.Values {
	return Form("grant_type", "refresh_token", "refresh_token", token)
}

// TryLogin asks for tokens.
func (q *requester) TryLogin(c Client, p User, scope string) Response {
	return q.PostAs(c, Token, p.LoginForm(scope))
}

// Login gets tokens.
func (q *requester) Login(t testing.TB, c Client, p User, scope string) Tokens {
	t.Helper()
	return q.TryLogin(c, p, scope).Tokens(t)
}

// TryRefresh presents a refresh token.
func (q *requester) TryRefresh(c Client, token string) Response {
	return q.PostAs(c, Token, RefreshForm(token))
}

// Refresh exchanges a refresh token.
func (q *requester) Refresh(t testing.TB, c Client, token string) Tokens {
	t.Helper()
	return q.TryRefresh(c, token).Tokens(t)
}

// ClientToken gets a client's own token.
func (q *requester) ClientToken(t testing.TB, c Client) Tokens {
	t.Helper()
	return q.PostAs(c, Token, Form("grant_type", "client_credentials")).Tokens(t)
}

// Introspect asks about a token.
func (q *requester) Introspect(c Client, token string) Response {
	return q.PostAs(c, Introspect, Form("token", token))
}

// Active tells whether the client is told that the token counts.
func (q *requester) Active(t testing.TB, c Client, token string) bool {
	t.Helper()
	a := q.Introspect(c, token).ExpectStatus(t, http.StatusOK)
	a.expectNoStore(t)
	active, ok := a.Object(t)["active"].(bool)
	if !ok {
		t.Fatalf("active is no boolean: %s", a.Body)
	}
	if !active && string(a.Body) != inactive {
		t.Errorf("I04 inactive answer %s, want %s", a.Body, inactive)
	}
	return active
}

// inactive is all that is said of a token that does not count.
const inactive = `{"active":false}`

// Revoke ends a token, for sure.
func (q *requester) Revoke(t testing.TB, c Client, token string) {
	t.Helper()
	q.PostAs(c, Revoke, Form("token", token)).ExpectStatus(t, http.StatusOK)
}

// UserInfo asks who a token is about.
func (q *requester) UserInfo(token string) Response { return q.Get(UserInfo, Bearer(token)) }
