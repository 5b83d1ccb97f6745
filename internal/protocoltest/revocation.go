package protocoltest

import (
	"net/http"
	"testing"
)

var revocationCases = []testCase{
	{name: "R19 either token ends the session", run: testEitherToken},
	{name: "I10 unknown tokens and tokens of other clients", run: testRevocationOfOthersTokens},
	{name: "I11 without authentication", run: testUnauthenticatedRevocation},
	{name: "a client's own token", run: testOwnToken},
	{name: "the answer", run: testRevocationAnswer},
}

func testEitherToken(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	for _, c := range []Client{a.Web, a.SPA} {
		for _, which := range []func(first, second Tokens) string{
			func(_, second Tokens) string { return second.Refresh }, func(_, second Tokens) string { return second.Access },
			func(first, _ Tokens) string { return first.Access }, func(first, _ Tokens) string { return first.Refresh }, // RFC 7009 §2.1: at once, whichever
		} {
			bystander := a.Login(t, c, a.Alice, "openid")
			first := a.Login(t, c, a.Alice, "openid")
			second := a.Refresh(t, c, first.Refresh)
			a.Revoke(t, c, which(first, second))
			for _, instance := range []*Signet{a, b} {
				for _, tokens := range []Tokens{first, second} {
					instance.expectRefreshRejected(t, c, tokens.Refresh)
					instance.UserInfo(tokens.Access).expectInvalidToken(t)
					if instance.Active(t, a.ResourceServer, tokens.Access) {
						t.Error("active after the revocation")
					}
				}
			}
			a.Refresh(t, c, bystander.Refresh)
		}
	}
}

func testRevocationOfOthersTokens(t *testing.T, s *Signet) {
	tokens, own := s.Login(t, s.Web, s.Alice, "openid"), s.ClientToken(t, s.Machine)
	want := s.PostAs(s.Web, Revoke, Form("token", "unknown")).ExpectStatus(t, http.StatusOK)
	for _, thief := range []Client{s.Other, s.ResourceServer, s.Machine} {
		for _, token := range []string{tokens.Access, tokens.Refresh} {
			if a := s.PostAs(thief, Revoke, Form("token", token)); !a.Equal(want) {
				t.Errorf("%s is told something: %d %s", thief.ID, a.Status, a.Body)
			}
		}
	}
	s.PostAs(s.Web, Revoke, Form("token", own.Access)).ExpectStatus(t, http.StatusOK)
	if !s.Active(t, s.ResourceServer, own.Access) {
		t.Error("another client revoked the machine's token")
	}
	s.expectActive(t, s.Web, tokens)
}

func testUnauthenticatedRevocation(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	for _, token := range []string{tokens.Access, tokens.Refresh, "garbage"} {
		s.Post(Revoke, Form("token", token)).expectInvalidClient(t)
		s.Post(Revoke, Form("token", token, "client_id", s.Web.ID)).expectInvalidClient(t)
		s.Post(Revoke, Form("token", token), Basic(Client{s.Web.ID, "wrong"})).expectInvalidClient(t)
		s.Post(Revoke, Form("token", token), Bearer(tokens.Access)).expectInvalidClient(t)
	}
	s.expectActive(t, s.Web, tokens)
}

func testOwnToken(t *testing.T, s *Signet) {
	one, two := s.ClientToken(t, s.Machine), s.ClientToken(t, s.Machine)
	s.Revoke(t, s.Machine, one.Access)
	s.Revoke(t, s.Machine, one.Access)
	if s.Active(t, s.ResourceServer, one.Access) || !s.Active(t, s.ResourceServer, two.Access) {
		t.Error("one token of a client is to end, and only that one")
	}
	s.UserInfo(one.Access).expectInvalidToken(t)
}

func testRevocationAnswer(t *testing.T, s *Signet) {
	a := s.PostAs(s.Web, Revoke, Form("token", "unknown")).ExpectStatus(t, http.StatusOK)
	a.expectNoStore(t)
	if string(a.Body) != "{}" {
		t.Errorf("body %q", a.Body)
	}
}
