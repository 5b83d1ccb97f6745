package verify_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/signet/verify"
)

func TestRefusesNoneAndStrangeAlgorithms(t *testing.T) {
	v, _ := allAlgorithms(t)
	payload := goodClaims().json()
	var vectors []vector
	for _, alg := range []string{`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `""`, `"RS256 "`, `"rs256"`, `"RS1"`, `"ES256K"`, `"HS256"`} {
		header := fmt.Sprintf(`{"alg":%s,"kid":"rsa-1","typ":"at+jwt"}`, alg)
		vectors = append(vectors,
			vector{alg + " well signed", rsaKey().raw(header, payload), verify.ErrAlgorithm},
			vector{alg + " one byte of signature", b64(header) + "." + b64(payload) + ".AA", verify.ErrAlgorithm},
			vector{alg + " empty signature", b64(header) + "." + b64(payload) + ".", verify.ErrMalformed},
		)
	}
	for _, alg := range []string{`["RS256"]`, `256`, `null`, `true`, `{"alg":"RS256"}`} {
		header := fmt.Sprintf(`{"alg":%s,"kid":"rsa-1","typ":"at+jwt"}`, alg)
		vectors = append(vectors, vector{alg, rsaKey().raw(header, payload), verify.ErrMalformed})
	}
	vectors = append(vectors, vector{"missing", rsaKey().raw(`{"kid":"rsa-1","typ":"at+jwt"}`, payload), verify.ErrAlgorithm})
	refuse(t, v, vectors)
}

// Every spelling of the public key is tried as an HMAC secret: RFC 8725 §2.1.
func TestRefusesHMACWithThePublicKey(t *testing.T) {
	v, _ := allAlgorithms(t)
	public := rsaKey().private.Public().(*rsa.PublicKey)
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	pkix, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := rsaKey().jwk().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	pemOf := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	secrets := map[string]string{
		"pkcs1 pem": pemOf("RSA PUBLIC KEY", pkcs1), "pkcs1 pem, no final newline": strings.TrimSpace(pemOf("RSA PUBLIC KEY", pkcs1)),
		"pkix pem": pemOf("PUBLIC KEY", pkix), "pkix pem, no final newline": strings.TrimSpace(pemOf("PUBLIC KEY", pkix)),
		"pkcs1 der": string(pkcs1), "pkix der": string(pkix), "pkix base64": base64.StdEncoding.EncodeToString(pkix),
		"modulus": string(public.N.Bytes()), "modulus in base64url": b64(string(public.N.Bytes())), "modulus in decimal": public.N.String(),
		"jwk": string(jwk), "jwks": jwks(rsaKey()), "kid": "rsa-1", "empty": "", "secret": "secret", "alg": "RS256",
	}
	var vectors []vector
	for name, secret := range secrets {
		for alg, want := range map[string]error{"HS256": verify.ErrAlgorithm, "RS256": verify.ErrSignature, "ES256": verify.ErrAlgorithm, "EdDSA": verify.ErrAlgorithm} {
			signed := b64(fmt.Sprintf(`{"alg":%q,"kid":"rsa-1","typ":"at+jwt"}`, alg)) + "." + b64(goodClaims().json())
			token := signed + "." + b64(string(hmacSHA256([]byte(secret), signed)))
			vectors = append(vectors, vector{name + " as " + alg, token, want})
		}
	}
	refuse(t, v, vectors)
}

// A key checks the algorithm it is published for and no other, even where the
// other is accepted and the signature is sound (RFC 8725 §3.1).
func TestBindsKeysToTheirAlgorithm(t *testing.T) {
	h := newHost(t, rsaKey(), p256Key(), ed25519Key())
	cfg := config(h)
	cfg.Algorithms = []string{verify.RS256, verify.PS256, verify.ES256, verify.EdDSA}
	v := newVerifier(t, cfg)
	payload := goodClaims().json()
	named := func(alg, kid string) string { return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, alg, kid) }
	refuse(t, v, []vector{
		{"PS256 by an RS256 key", rsaAsPS256().token(payload), verify.ErrAlgorithm},
		{"RS512", rsaKey().as("RS512").token(payload), verify.ErrAlgorithm},
		{"RS384 header, RS256 signature", rsaKey().raw(named("RS384", "rsa-1"), payload), verify.ErrAlgorithm},
		{"ES256 header naming the RSA key", rsaKey().raw(named("ES256", "rsa-1"), payload), verify.ErrAlgorithm},
		{"EdDSA header naming the RSA key", ed25519Key().raw(named("EdDSA", "rsa-1"), payload), verify.ErrAlgorithm},
		{"RS256 header naming the EC key", p256Key().raw(named("RS256", "ec-1"), payload), verify.ErrAlgorithm},
		{"RS256 header naming the EC key, signed RS256", rsaKey().raw(named("RS256", "ec-1"), payload), verify.ErrAlgorithm},
		{"PS256 header, PKCS #1 v1.5 signature", rsaKey().raw(named("PS256", "rsa-1"), payload), verify.ErrAlgorithm},
		{"another key under our kid", impostorRSA().token(payload), verify.ErrSignature},
		{"ES256 in DER", derSigned(payload), verify.ErrSignature},
	})
}

// derSigned is a token whose ES256 signature is ASN.1 rather than RFC 7518 §3.4's R and S.
func derSigned(payload string) string {
	k := p256Key()
	signed := b64(k.header()) + "." + b64(payload)
	token := k.token(payload)
	raw, _ := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
	der := append([]byte{0x30, 68, 2, 32}, raw[:32]...)
	der = append(append(der, 2, 32), raw[32:]...)
	return signed + "." + b64(string(der))
}

// Only RS256 is accepted by default, whatever the issuer publishes.
func TestAcceptsOnlyRS256ByDefault(t *testing.T) {
	h := newHost(t, rsaKey(), p256Key(), ed25519Key())
	v := newVerifier(t, config(h))
	refuse(t, v, []vector{
		{"ES256", p256Key().token(goodClaims().json()), verify.ErrAlgorithm},
		{"EdDSA", ed25519Key().token(goodClaims().json()), verify.ErrAlgorithm},
		{"PS256", rsaAsPS256().token(goodClaims().json()), verify.ErrAlgorithm},
	})
	if err := check(v, goodToken()); err != nil {
		t.Fatal(err)
	}
}

func TestRefusesDamagedSignatures(t *testing.T) {
	v, _ := allAlgorithms(t)
	for _, k := range []key{rsaKey(), p256Key(), ed25519Key()} {
		token := k.token(goodClaims().json())
		cut := strings.LastIndexByte(token, '.') + 1
		raw, err := base64.RawURLEncoding.DecodeString(token[cut:])
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			flipped := append([]byte(nil), raw...)
			flipped[i] ^= 1 << (i % 8)
			if err := check(v, token[:cut]+b64(string(flipped))); !errors.Is(err, verify.ErrSignature) {
				t.Errorf("%s, byte %d flipped: %v", k.alg, i, err)
			}
			if err := check(v, token[:cut]+b64(string(raw[:i]))); !errors.Is(err, verify.ErrInvalidToken) {
				t.Errorf("%s, cut to %d bytes: %v", k.alg, i, err)
			}
		}
		other := k.token(goodClaims().with("jti", "another").json())
		refuse(t, v, []vector{
			{k.alg + " longer", token[:cut] + b64(string(raw)+"\x00"), verify.ErrSignature},
			{k.alg + " leading zero", token[:cut] + b64("\x00"+string(raw)), verify.ErrSignature},
			{k.alg + " all zero", token[:cut] + b64(string(make([]byte, len(raw)))), verify.ErrSignature},
			{k.alg + " of another token", token[:cut] + other[strings.LastIndexByte(other, '.')+1:], verify.ErrSignature},
			{k.alg + " empty", token[:cut], verify.ErrMalformed},
			{k.alg + " removed", token[:cut-1], verify.ErrMalformed},
		})
	}
}

// ECDSA accepts (r, s) and (r, n-s) alike by nature; zero and n for either are not
// signatures at all.
func TestRefusesDegenerateECDSA(t *testing.T) {
	v, _ := allAlgorithms(t)
	token := p256Key().token(goodClaims().json())
	cut := strings.LastIndexByte(token, '.') + 1
	n := p256Key().private.(*ecdsa.PrivateKey).Curve.Params().N.FillBytes(make([]byte, 32))
	zero, one := make([]byte, 32), append(make([]byte, 31), 1)
	var vectors []vector
	for i, pair := range [][2][]byte{{zero, zero}, {zero, one}, {one, zero}, {n, n}, {n, one}, {one, n}, {one, one}} {
		vectors = append(vectors, vector{fmt.Sprint("pair ", i), token[:cut] + b64(string(pair[0])+string(pair[1])), verify.ErrSignature})
	}
	refuse(t, v, vectors)
}

// Any change of header or payload without signing anew is seen.
func TestRefusesAlteredText(t *testing.T) {
	v, _ := allAlgorithms(t)
	signature := goodToken()[strings.LastIndexByte(goodToken(), '.'):]
	altered := func(c claims) string { return b64(rsaKey().header()) + "." + b64(c.json()) + signature }
	refuse(t, v, []vector{
		{"roles", altered(goodClaims().with("roles", []string{"admin"})), verify.ErrSignature},
		{"scope", altered(goodClaims().with("scope", "everything")), verify.ErrSignature},
		{"sub", altered(goodClaims().with("sub", "someone")), verify.ErrSignature},
		{"client_id", altered(goodClaims().with("client_id", "other")), verify.ErrSignature},
		{"exp", altered(goodClaims().with("exp", testTime.Unix()+1e6)), verify.ErrSignature},
		{"header", b64(`{"alg":"RS256","kid":"rsa-1","typ":"AT+JWT"}`) + "." + b64(goodClaims().json()) + signature, verify.ErrSignature},
	})
}
