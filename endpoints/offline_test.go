package endpoints_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/verify"
)

// An API that verifies offline sees a logout within --status-ttl, and a
// living session is not touched; with the issuer gone, it goes on as it chose.
func TestOfflineVerifier_SeesLogout(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	v, err := verify.New(verify.Config{
		Issuer: s.Issuer, Audience: []string{protocoltest.API}, Algorithms: []string{verify.ES256}, HTTPClient: s.HTTP, Now: s.Clock.Now,
		Status: verify.StatusFailClosed, StatusMaxAge: 10 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(token string) error {
		_, err := v.Verify(context.Background(), token)
		return err
	}
	one, two := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Editor, "openid")
	if err := errors.Join(check(one.Access), check(two.Access)); err != nil {
		t.Fatal(err)
	}
	s.Revoke(t, s.Web, one.Refresh)
	s.RefreshStatus(t)
	s.Clock.Advance(time.Minute)
	s.RefreshStatus(t)
	if err := check(one.Access); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("a minute after the logout: %v", err)
	}
	if err := check(two.Access); err != nil {
		t.Errorf("a living session: %v", err)
	}
	s.Server.CloseClientConnections()
	s.Server.Listener.Close()
	s.Clock.Advance(5 * time.Minute)
	if err := check(one.Access); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("with the issuer gone: %v", err)
	}
	if err := check(two.Access); err != nil {
		t.Errorf("a living session with the issuer gone: %v", err)
	}
}
