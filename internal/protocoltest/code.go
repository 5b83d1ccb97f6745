package protocoltest

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// Callback is where the clients of AddCodeClient and AddCodeSPA get their codes.
const Callback = "https://app.example.com/callback"

// AddCodeClient makes a confidential client that redeems codes.
func (s *Signet) AddCodeClient(t testing.TB, id string, change ...func(*storage.Client)) Client {
	t.Helper()
	c := s.AddClient(t, id, codeSettings())
	s.letRedeem(t, id, change...)
	return c
}

// AddCodeSPA makes a public client that redeems codes.
func (s *Signet) AddCodeSPA(t testing.TB, id string) Client {
	t.Helper()
	_, err := s.operator().Clients().Create(context.Background(), admin.NewClient{ID: id, Public: true, Settings: codeSettings()})
	must(t, err)
	s.letRedeem(t, id)
	return Client{ID: id}
}

func codeSettings() admin.ClientChange {
	return admin.ClientChange{
		Grants: &[]string{issuer.GrantRefreshToken}, Scopes: &appScopes, Audiences: &[]string{API, OtherAPI}, Origins: &[]string{Origin},
	}
}

// letRedeem gives a client what it needs for codes, and makes other changes of its record.
func (s *Signet) letRedeem(t testing.TB, id string, change ...func(*storage.Client)) {
	t.Helper()
	c, err := s.backend.Client(context.Background(), id)
	must(t, err)
	c.Grants, c.RedirectURIs = append(c.Grants, issuer.GrantAuthorizationCode), []string{Callback}
	for _, f := range change {
		f(&c)
	}
	_, err = s.backend.UpdateClient(context.Background(), c)
	must(t, err)
}

// Code is an authorization code and what it is redeemed with.
type Code struct{ Code, Verifier, RedirectURI string }

// Form is the redemption of the code.
func (c Code) Form() url.Values {
	f := Form("grant_type", "authorization_code", "code", c.Code)
	for name, value := range map[string]string{"redirect_uri": c.RedirectURI, "code_verifier": c.Verifier} {
		if value != "" {
			f.Set(name, value)
		}
	}
	return f
}

// with is the form with one parameter changed; "" leaves it out.
func (c Code) with(name, value string) url.Values {
	f := c.Form()
	if f.Set(name, value); value == "" {
		f.Del(name)
	}
	return f
}

// withoutPKCE makes a request for a code without a challenge.
func withoutPKCE(r *issuer.CodeRequest) { r.Challenge = "" }

// loggedInBefore is how long before its request the user of Code has logged in.
const loggedInBefore = time.Minute

// Code issues an authorization code with PKCE for the scopes, as the pages do when the user
// has signed in and agreed.
func (s *Signet) Code(t testing.TB, c Client, p User, scopes []string, change ...func(*issuer.CodeRequest)) Code {
	t.Helper()
	ctx := context.Background()
	client, err := s.backend.Client(ctx, c.ID)
	must(t, err)
	user, storeEpoch, err := s.backend.UserInEpoch(ctx, p.ID)
	must(t, err)
	now := storage.Time(s.Clock.Now())
	code := Code{Verifier: rand.Text() + rand.Text(), RedirectURI: Callback}
	r := issuer.CodeRequest{
		Client: client, User: user, RedirectURI: Callback, Challenge: authorization.Challenge(code.Verifier),
		Scopes: scopes, Audience: []string{API},
		Browser: storage.BrowserSession{
			RootID: "browser of " + p.Username, AuthTime: now.Add(-loggedInBefore), AMR: []string{"pwd"},
			UserEpoch: epoch.Session(user, storeEpoch), ExpiresAt: now.Add(48 * time.Hour),
		},
		Info: testSource,
	}
	for _, f := range change {
		f(&r)
	}
	if r.Challenge == "" {
		code.Verifier = ""
	}
	code.Code, err = s.Service.IssueCode(ctx, r)
	must(t, err)
	s.Log.MarkSecret(code.Code)
	if code.Verifier != "" {
		s.Log.MarkSecret(code.Verifier)
	}
	return code
}

// TryRedeem presents a code.
func (q *requester) TryRedeem(c Client, code Code) Response { return q.PostAs(c, Token, code.Form()) }

// Redeem gets tokens for a code.
func (q *requester) Redeem(t testing.TB, c Client, code Code) Tokens {
	t.Helper()
	return q.TryRedeem(c, code).Tokens(t)
}

// expectInvalidGrant expects that a code is refused.
func (a Response) expectInvalidGrant(t testing.TB) {
	t.Helper()
	a.ExpectError(t, http.StatusBadRequest, "invalid_grant")
}

// openIDScopes are what most scenes ask for.
var openIDScopes = []string{"openid", "profile", "items:read"}
