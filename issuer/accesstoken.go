package issuer

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"time"

	"example.org/signet/issuer/status"
)

// Token types in the JOSE header: RFC 9068 §2.1 and RFC 7519 §5.1.
const (
	typeAccessToken = "at+jwt"
	typeIDToken     = "JWT"
)

// clockLeeway is how far another instance's clock may be ahead of ours.
const clockLeeway = time.Minute

// audience is one audience as a plain string, several as an array
// (RFC 7519 §4.1.3).
type audience []string

func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

func (a *audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(b, &(*a)[0])
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// accessClaims are the claims of an access token (RFC 9068 §2.2).
type accessClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ClientID  string   `json:"client_id"`
	Expiry    int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf,omitempty"` // never set by us
	ID        string   `json:"jti"`
	Scope     string   `json:"scope"`
	SessionID string   `json:"sid,omitempty"`
	Roles     []string `json:"roles,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`

	Status *status.Claim `json:"status,omitempty"`
}

// tokenIDBytes gives a `jti` 160 random bits (RFC 6749 §10.10).
const tokenIDBytes = 20

func (i *Issuer) accessClaims(req *grantRequest, a grantResult) (accessClaims, error) {
	jti, err := randomString(i.cfg.Rand, tokenIDBytes)
	if err != nil {
		return accessClaims{}, err
	}
	c := accessClaims{
		Issuer: i.cfg.Issuer, Subject: req.client.ID, Audience: a.audience, ClientID: req.client.ID,
		IssuedAt: req.at.Unix(), Expiry: req.at.Add(i.cfg.AccessTokenTTL).Unix(),
		ID: jti, Scope: joinScope(a.scope),
	}
	if a.user != nil {
		c.Subject, c.Roles = a.user.ID, a.user.Roles
	}
	if a.session != nil {
		c.SessionID, c.AuthTime = a.session.ID, a.session.AuthTime.Unix()
		c.Expiry = min(c.Expiry, a.session.ExpiresAt.Unix())
		c.Status = i.statusLists.Claim(a.session.StatusIndex)
	}
	return c, nil
}

// idClaims are the claims of an ID token (OpenID Connect Core §2, §3.1.3.6).
type idClaims struct {
	Issuer          string `json:"iss"`
	Subject         string `json:"sub"`
	Audience        string `json:"aud"`
	Expiry          int64  `json:"exp"`
	IssuedAt        int64  `json:"iat"`
	AuthTime        int64  `json:"auth_time,omitempty"`
	AccessTokenHash string `json:"at_hash"`
	SessionID       string `json:"sid,omitempty"`
}

func (i *Issuer) idClaims(req *grantRequest, a grantResult, access accessClaims, atHash string) idClaims {
	return idClaims{
		Issuer: i.cfg.Issuer, Subject: a.user.ID, Audience: req.client.ID,
		Expiry: access.Expiry, IssuedAt: access.IssuedAt, AuthTime: access.AuthTime,
		AccessTokenHash: atHash, SessionID: access.SessionID,
	}
}

// accessTokenHash is the left half of the access token's hash, by the hash of
// the signing algorithm (OpenID Connect Core §3.1.3.6); Ed25519 uses SHA-512.
func accessTokenHash(alg, token string) string {
	if alg == "EdDSA" {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
