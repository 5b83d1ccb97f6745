package storagetest

import (
	"fmt"
	"time"

	"example.org/signet/storage"
)

// Records of sign-in in a browser, every field set to something of its own.

// newPendingSession is a session whose code lives until a minute after start.
func newPendingSession(n int) storage.Session {
	s := newSession(n)
	s.Generation, s.StatusIndex, s.Roles, s.StatusRetired = storage.PendingGeneration, 0, nil, false
	s.ExpiresAt = start.Add(time.Minute)
	s.BrowserID = fmt.Sprintf("browser-%03d", n)
	s.LoginBound = n%2 == 1
	s.AMR = []string{"pwd", "otp"}
	s.Claims = []string{"id_token/email", "userinfo/name"}
	s.Code = storage.Code{
		RedirectHash: fmt.Sprintf("redirect-hash-%03d", n), Challenge: fmt.Sprintf("challenge-%03d", n), Nonce: fmt.Sprintf(`nonce "%03d"`, n),
		Until: start.Add(time.Duration(n+24) * time.Hour), Failures: int64(n) + 1,
	}
	s.CodeCheck, s.CodePKCE = fmt.Sprintf("check-%03d", n), n%2 == 1
	return s
}

// redemptionOf redeems the code of s half a minute after start.
func redemptionOf(s storage.Session) storage.Redemption {
	return storage.Redemption{
		SessionID: s.ID, ClientID: s.ClientID, At: start.Add(30 * time.Second), ExpiresAt: start.Add(90 * 24 * time.Hour),
		StatusIndex: 5000, Roles: []string{"editor", "user"},
	}
}

// redeemed is s after the redemption.
func redeemed(s storage.Session, r storage.Redemption) storage.Session {
	s.Generation, s.CreatedAt, s.RotatedAt, s.ExpiresAt = 0, storage.Time(r.At), storage.Time(r.At), storage.Time(r.ExpiresAt)
	s.StatusIndex, s.Roles, s.Code = r.StatusIndex, r.Roles, storage.Code{}
	return s
}

// newBrowserSession is alive until an hour after start.
func newBrowserSession(n int) storage.BrowserSession {
	return storage.BrowserSession{
		ID:         fmt.Sprintf("browser-session-%03d", n),
		RootID:     fmt.Sprintf("browser-root-%03d", n),
		UserID:     "user-id-001",
		CreatedAt:  start.Add(time.Duration(n)*time.Millisecond - time.Hour),
		AuthTime:   start.Add(time.Duration(n)*time.Millisecond - time.Minute),
		AMR:        []string{"pwd", "otp"},
		LastSeen:   start.Add(time.Duration(n) * time.Millisecond),
		IdleAt:     start.Add(time.Hour),
		ExpiresAt:  start.Add(24 * time.Hour),
		Remembered: n%2 == 1,
		UserEpoch:  int64(n) + 4,
		Device:     fmt.Sprintf("Firefox %d on Linux", n),
		Network:    fmt.Sprintf("192.0.%d.0/24", n),
	}
}

func newConsent(n int) storage.Consent {
	return storage.Consent{
		UserID:    fmt.Sprintf("user-id-%03d", n),
		ClientID:  fmt.Sprintf("client-%03d", n),
		Scopes:    []string{"items:read", "openid"},
		Audiences: []string{"https://api.example.com", "https://other.example.com"},
		Shown:     fmt.Sprintf("shown-%03d", n),
		CreatedAt: start.Add(time.Duration(n) * time.Second),
		UpdatedAt: start.Add(time.Duration(n)*time.Second + time.Minute),
	}
}

func newScopeText(n int) storage.ScopeText {
	return storage.ScopeText{
		Scope:     fmt.Sprintf("items:%03d", n),
		Texts:     map[string]string{"en": fmt.Sprintf("Read %d \"items\"", n), "de": fmt.Sprintf("%d Einträge <lesen>", n)},
		UpdatedAt: start.Add(time.Duration(n) * time.Second),
	}
}

func newClientLogo(n int) storage.ClientLogo {
	return storage.ClientLogo{
		ClientID:  fmt.Sprintf("client-%03d", n),
		Type:      "image/png",
		Data:      []byte{0x89, 'P', 'N', 'G', 0, 0xff, byte(n)},
		SourceURI: fmt.Sprintf("https://logo.example/%d.png?a=1&b=2", n),
		UpdatedAt: start.Add(time.Duration(n) * time.Second),
	}
}

// newMessage is due n seconds after start.
func newMessage(n int) storage.Message {
	return storage.Message{
		ID:        fmt.Sprintf("message-%03d", n),
		Kind:      "backchannel_logout",
		Target:    fmt.Sprintf("client-%03d", n),
		Body:      []byte{'{', '"', 0, 0xff, '}', byte(n)},
		CreatedAt: start.Add(time.Duration(n)*time.Second - time.Minute),
		DueAt:     start.Add(time.Duration(n) * time.Second),
		ExpiresAt: start.Add(time.Duration(n)*time.Second + time.Hour),
	}
}
