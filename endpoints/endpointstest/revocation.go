package endpointstest

import (
	"net/http"
	"testing"
)

var revocationScenes = []scene{
	{name: "R19 either token ends the session", play: playEitherToken},
	{name: "I10 unknown and foreign tokens", play: playForeignRevocation},
	{name: "I11 without authentication", play: playUnauthenticatedRevocation},
	{name: "a client's own token", play: playOwnToken},
	{name: "the answer", play: playRevocationAnswer},
}

func playEitherToken(t *testing.T, a *Signet) {
	b := a.Sibling(t)
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
					instance.refused(t, c, tokens.Refresh)
					instance.UserInfo(tokens.Access).invalidToken(t)
					if instance.Active(t, a.Guard, tokens.Access) {
						t.Error("active after the revocation")
					}
				}
			}
			a.Refresh(t, c, bystander.Refresh)
		}
	}
}

func playForeignRevocation(t *testing.T, s *Signet) {
	tokens, own := s.Login(t, s.Web, s.Alice, "openid"), s.ClientToken(t, s.Machine)
	want := s.PostAs(s.Web, Revoke, Form("token", "unknown")).Expect(t, http.StatusOK)
	for _, thief := range []Client{s.Other, s.Guard, s.Machine} {
		for _, token := range []string{tokens.Access, tokens.Refresh} {
			if a := s.PostAs(thief, Revoke, Form("token", token)); !a.Same(want) {
				t.Errorf("%s is told something: %d %s", thief.ID, a.Status, a.Body)
			}
		}
	}
	s.PostAs(s.Web, Revoke, Form("token", own.Access)).Expect(t, http.StatusOK)
	if !s.Active(t, s.Guard, own.Access) {
		t.Error("another client revoked the machine's token")
	}
	s.alive(t, s.Web, tokens)
}

func playUnauthenticatedRevocation(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	for _, token := range []string{tokens.Access, tokens.Refresh, "garbage"} {
		s.Post(Revoke, Form("token", token)).unauthenticated(t)
		s.Post(Revoke, Form("token", token, "client_id", s.Web.ID)).unauthenticated(t)
		s.Post(Revoke, Form("token", token), Basic(Client{s.Web.ID, "wrong"})).unauthenticated(t)
		s.Post(Revoke, Form("token", token), Bearer(tokens.Access)).unauthenticated(t)
	}
	s.alive(t, s.Web, tokens)
}

func playOwnToken(t *testing.T, s *Signet) {
	one, two := s.ClientToken(t, s.Machine), s.ClientToken(t, s.Machine)
	s.Revoke(t, s.Machine, one.Access)
	s.Revoke(t, s.Machine, one.Access)
	if s.Active(t, s.Guard, one.Access) || !s.Active(t, s.Guard, two.Access) {
		t.Error("one token of a client is to end, and only that one")
	}
	s.UserInfo(one.Access).invalidToken(t)
}

func playRevocationAnswer(t *testing.T, s *Signet) {
	a := s.PostAs(s.Web, Revoke, Form("token", "unknown")).Expect(t, http.StatusOK)
	a.sealed(t)
	if string(a.Body) != "{}" {
		t.Errorf("body %q", a.Body)
	}
}
