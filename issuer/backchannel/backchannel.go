// Package backchannel tells clients that sessions have ended (OpenID Connect Back-Channel
// Logout 1.0): it makes the messages, and delivers each as a signed logout token.
//
// A message holds identifiers alone. The token is made at each attempt: it lives for two
// minutes, is signed by the key that signs then, and goes to the URI that the client has then.
package backchannel

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/outbox"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Kind is the kind of these messages.
const Kind = "backchannel_logout"

const (
	// typeLogoutToken and eventLogout say that it is a logout token (§2.4).
	typeLogoutToken = "logout+jwt"
	eventLogout     = "http://schemas.openid.net/event/backchannel-logout"

	// tokenTTL is how long a logout token counts (§2.4: preferably at most two minutes).
	tokenTTL = 2 * time.Minute

	// Attempts end when the session would have ended anyway, but within these bounds.
	minRetry = time.Hour
	maxRetry = 7 * 24 * time.Hour

	// settling is how long the first attempt waits, so that every instance that found the
	// ended session has enqueued its message before one of them delivers it.
	settling = 200 * time.Millisecond

	// maxAnswer bounds what is read of an answer, in bytes. It is thrown away.
	maxAnswer = 4 << 10
)

// body is what a message says beside the client, which is its target.
type body struct {
	SessionID string `json:"sid"`
	UserID    string `json:"sub"`
}

// Message returns the message that a session has ended. There is one a session: its ID is
// the session's.
func Message(s storage.Session, now time.Time) storage.Message {
	b, _ := json.Marshal(body{SessionID: s.ID, UserID: s.UserID}) // two strings always marshal
	expires := s.ExpiresAt
	if least := now.Add(minRetry); expires.Before(least) {
		expires = least
	}
	if most := now.Add(maxRetry); expires.After(most) {
		expires = most
	}
	return storage.Message{
		ID: s.ID, Kind: Kind, Target: s.ClientID, Body: b, CreatedAt: now, DueAt: now.Add(settling), ExpiresAt: expires,
	}
}

// Clients reads clients as the store has them.
type Clients interface {
	// Client returns the client. storage.ErrNotFound.
	Client(ctx context.Context, id string) (storage.Client, error)
}

// Keyring signs logout tokens.
type Keyring interface {
	Current() (keys.Signer, error)
}

// Deliverer delivers the messages.
type Deliverer struct {
	Issuer  string
	Clients Clients
	Keyring Keyring
	HTTP    *http.Client // of package safehttp: it bounds the time, and follows no redirect
	Now     func() time.Time
}

var _ outbox.Deliverer = (*Deliverer)(nil)

// claims of a logout token (§2.4). A nonce is prohibited.
type claims struct {
	Issuer    string              `json:"iss"`
	Subject   string              `json:"sub"`
	Audience  string              `json:"aud"`
	IssuedAt  int64               `json:"iat"`
	Expiry    int64               `json:"exp"`
	ID        string              `json:"jti"`
	Events    map[string]struct{} `json:"events"`
	SessionID string              `json:"sid"`
}

// Deliver posts the logout token to the client's back-channel logout URI (§2.5). A client that
// is gone, or that has no such URI any more, is not told.
func (d *Deliverer) Deliver(ctx context.Context, m storage.Message) error {
	client, err := d.Clients.Client(ctx, m.Target)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && client.BackchannelLogoutURI == "":
		return nil
	case err != nil:
		return errors.New("the store could not be read")
	}
	token, err := d.token(ctx, m)
	if err != nil {
		return err
	}
	return d.post(ctx, client.BackchannelLogoutURI, token)
}

// token makes the logout token. Its jti is the same at every attempt, so that a client which
// remembers it takes a repetition for what it is.
func (d *Deliverer) token(ctx context.Context, m storage.Message) (string, error) {
	var b body
	if err := json.Unmarshal(m.Body, &b); err != nil {
		return "", fmt.Errorf("the message is damaged: %w", outbox.ErrRejected)
	}
	signer, err := d.Keyring.Current()
	if err != nil {
		return "", errors.New("no key could sign")
	}
	now := d.Now()
	token, err := signer.Sign(ctx, typeLogoutToken, claims{
		Issuer: d.Issuer, Subject: b.UserID, Audience: m.Target, SessionID: b.SessionID,
		IssuedAt: now.Unix(), Expiry: now.Add(tokenTTL).Unix(), ID: tokenID(m.ID),
		Events: map[string]struct{}{eventLogout: {}},
	})
	if err != nil {
		return "", errors.New("no key could sign")
	}
	return token, nil
}

// tokenID derives the jti from the message's id.
func tokenID(message string) string {
	sum := sha256.Sum256([]byte("signet logout token id v1\x00" + message))
	return base64.RawURLEncoding.EncodeToString(sum[:20])
}

// post sends the token and reads the verdict from the status (§2.8): 200, and 204 which some
// frameworks make of it, are success, 400 is final, after anything else it is tried again.
func (d *Deliverer) post(ctx context.Context, uri, token string) error {
	form := url.Values{"logout_token": {token}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, strings.NewReader(form))
	if err != nil {
		return errors.New("the URI is not well-formed")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "Signet")
	res, err := d.HTTP.Do(req)
	if err != nil {
		return safehttp.Cause(err)
	}
	defer func() { _ = res.Body.Close() }()                         // nothing is written to it
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // so that the connection can be used again
	switch res.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusBadRequest:
		return fmt.Errorf("status %d: %w", res.StatusCode, outbox.ErrRejected)
	}
	return fmt.Errorf("status %d", res.StatusCode)
}

// Undelivered is the event that a client was not told of the end of a session.
func (d *Deliverer) Undelivered(m storage.Message) storage.AuditEvent {
	return storage.AuditEvent{Type: audit.EventDeliveryFailed, Target: m.ID, ClientID: m.Target, Detail: "back-channel logout"}
}
