package issuer_test

import (
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// C25: a redemption makes one compare-and-swap and at most two reads, the bound on sessions
// included.
func TestRedemption_Costs(t *testing.T) {
	f := newFixture(t, func(c *issuer.Config) { c.MaxSessions = 10 }).withAlice()
	record, err := f.store.Client(f.ctx, "web")
	must(t, err)
	record.Grants, record.RedirectURIs = append(record.Grants, issuer.GrantAuthorizationCode), []string{"https://app.example.org/callback"}
	record, err = f.store.UpdateClient(f.ctx, record)
	must(t, err)
	f.advance(time.Minute) // the client is read anew
	user, storeEpoch, err := f.store.UserInEpoch(f.ctx, f.userID("alice"))
	must(t, err)
	verifier := "a-verifier-of-43-characters-or-a-few-more-1234"
	for range 2 { // the first time client and roles are read
		f.store.reset()
		code, err := f.IssueCode(f.ctx, issuer.CodeRequest{
			Client: record, User: user, RedirectURI: record.RedirectURIs[0], Challenge: authorization.Challenge(verifier),
			Scopes: []string{"openid"}, Audience: []string{apiURL}, Browser: storage.BrowserSession{UserEpoch: epoch.Session(user, storeEpoch)}, Info: f.info,
		})
		must(t, err)
		if reads, writes := f.store.reads.Load(), f.store.writes.Load(); reads != 0 || writes != 1 {
			t.Errorf("issuing a code: %d reads, %d writes, want one insert", reads, writes)
		}
		f.store.reset()
		_, err = f.Token(f.ctx, issuer.TokenRequest{
			Client: basic("web"), Grant: issuer.GrantAuthorizationCode, AuthCode: issuer.Secret(code), CodeVerifier: issuer.Secret(verifier), Info: f.info,
		})
		must(t, err)
	}
	if reads, writes := f.store.reads.Load(), f.store.writes.Load(); reads > 2 || writes != 1 {
		t.Errorf("redemption: %d reads, %d writes, want at most 2 and one compare-and-swap", reads, writes)
	}
}
