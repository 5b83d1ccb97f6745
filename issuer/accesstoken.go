package issuer

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/internal/random"
	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/status"
	"example.org/signet/keys"
	"example.org/signet/storage"
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
	ACR       string   `json:"acr,omitempty"` // RFC 9068 §2.2.1
	AMR       []string `json:"amr,omitempty"`

	Status *status.Claim `json:"status,omitempty"`

	// ClientEpoch is the client's epoch in a token that it has on its own behalf: there is no
	// session that could hold it.
	ClientEpoch int64 `json:"client_epoch,omitempty"`
}

// tokenSigner makes the tokens that a grant has decided on.
type tokenSigner struct {
	issuer      string
	ttl         time.Duration // of access and ID tokens
	keyring     Keyring
	statusLists *status.Lists
	tokens      *verifiedTokenCache // knows what was signed here
	attributes  *attribute.Cache
	rand        io.Reader
}

// issue signs the tokens of a grant result. Nothing is written after it, so after a failure
// here the client's retry succeeds.
func (t *tokenSigner) issue(ctx context.Context, req *grantRequest, g grantResult) (TokenResponse, error) {
	if err := failpoint.Hit(failpoint.TokenSigning); err != nil {
		return TokenResponse{}, unavailable(err)
	}
	signing, err := t.keyring.Current()
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	claims, err := t.accessClaims(req.client, g)
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	access, err := signing.Sign(ctx, typeAccessToken, claims)
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	t.tokens.putIssued(access, verifiedToken{claims: claims, kid: signing.KID()})
	response := TokenResponse{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: claims.Expiry - claims.IssuedAt,
		RefreshToken: g.refresh, Scope: claims.Scope, Event: g.event,
	}
	if g.idToken {
		response.IDToken, err = t.signIDToken(ctx, signing, newIDClaims(claims, g, accessTokenHash(signing.Alg(), access)), g)
	}
	if err != nil {
		return TokenResponse{}, unavailable(err)
	}
	return response, nil
}

// signIDToken signs the claims and those of the user's attributes, none of which it says where
// together they are too many bytes.
func (t *tokenSigner) signIDToken(ctx context.Context, signing keys.Signer, c idClaims, g grantResult) (string, error) {
	var claims any = c
	if g.record != nil {
		more, err := attributeClaims(ctx, t.attributes, *g.record, g.rights.scope, g.rights.named, claimsOfIDToken)
		if err != nil {
			return "", err
		}
		if size, err := json.Marshal(more); err != nil || len(size) > maxAttributeClaims {
			more = nil
		}
		if claims, err = withClaims(c, more); err != nil {
			return "", err
		}
	}
	return signing.Sign(ctx, typeIDToken, claims)
}

// tokenIDBytes gives a `jti` 160 random bits (RFC 6749 §10.10).
const tokenIDBytes = 20

func (t *tokenSigner) accessClaims(client storage.Client, g grantResult) (accessClaims, error) {
	jti, err := random.Text(t.rand, tokenIDBytes)
	if err != nil {
		return accessClaims{}, err
	}
	c := accessClaims{
		Issuer: t.issuer, Subject: client.ID, Audience: g.rights.audience, ClientID: client.ID,
		IssuedAt: g.issuedAt.Unix(), Expiry: g.issuedAt.Add(t.ttl).Unix(),
		ID: jti, Scope: joinScope(g.rights.scope),
	}
	if g.user != nil {
		c.Subject, c.Roles = g.user.ID, g.user.Roles
	}
	if g.session != nil {
		c.SessionID, c.AuthTime = g.session.ID, g.session.AuthTime.Unix()
		c.ACR, c.AMR = acrOf(g.session.AMR), g.session.AMR
		c.Expiry = min(c.Expiry, g.session.ExpiresAt.Unix())
		c.Status = t.statusLists.Claim(g.session.StatusIndex)
	} else {
		c.ClientEpoch = client.Epoch
	}
	return c, nil
}

// idClaims are the claims of an ID token (OpenID Connect Core §2, §3.1.3.6).
type idClaims struct {
	Issuer          string   `json:"iss"`
	Subject         string   `json:"sub"`
	Audience        string   `json:"aud"`
	Expiry          int64    `json:"exp"`
	IssuedAt        int64    `json:"iat"`
	AuthTime        int64    `json:"auth_time,omitempty"`
	Nonce           string   `json:"nonce,omitempty"`
	ACR             string   `json:"acr,omitempty"`
	AMR             []string `json:"amr,omitempty"`
	AccessTokenHash string   `json:"at_hash"`
	SessionID       string   `json:"sid,omitempty"`

	UserClaims // asked for by name
}

// newIDClaims are those of the ID token that goes with an access token of a user.
func newIDClaims(access accessClaims, g grantResult, atHash string) idClaims {
	c := idClaims{
		Issuer: access.Issuer, Subject: access.Subject, Audience: access.ClientID,
		Expiry: access.Expiry, IssuedAt: access.IssuedAt, AuthTime: access.AuthTime,
		Nonce: g.nonce, ACR: access.ACR, AMR: access.AMR, AccessTokenHash: atHash, SessionID: access.SessionID,
	}
	if len(g.rights.named) > 0 {
		c.UserClaims = userClaims(*g.record, func(name string) bool { return contains(g.rights.named, claimsOfIDToken+name) })
	}
	return c
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
