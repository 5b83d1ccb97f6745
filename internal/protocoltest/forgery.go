package protocoltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/keys"
)

var forgeryCases = []testCase{
	{name: "J01 no algorithm", configure: withRSA, run: testAlgNone},
	{name: "J02 J03 the public key as a MAC key", configure: withRSA, run: testAlgorithmConfusion},
	{name: "J04 other algorithms and other keys", configure: withRSA, run: testOtherKeys},
	{name: "J05 J06 signatures and encodings", configure: withRSA, run: testSignatures},
	{name: "J08 J20 shapes", configure: withRSA, run: testTokenShapes},
	{name: "J09 key ids", configure: withRSA, run: testKeyIDs},
	{name: "J10 keys brought along", configure: withRSA, run: testEmbeddedKeys},
	{name: "J11 critical headers", configure: withRSA, run: testCritical},
	{name: "J25 claims altered", configure: withRSA, run: testAlteredClaims},
	{name: "J27 the standard library verifies our tokens", configure: withRSA, run: testStandardLibrary},
}

func withRSA(o *Options) { o.Keys.Alg = keys.RS256 }

// decodedToken is a genuine token in parts, with the public keys.
type decodedToken struct {
	Tokens
	header, payload map[string]any
	parts           []string
	public          *rsa.PublicKey
	jwks            []byte
	kid             string
}

func (s *Signet) decodedToken(t testing.TB) decodedToken {
	t.Helper()
	if s.options.Endpoints.AdminMerged {
		return decodeToken(t, s, superAdminTokens(t, s))
	}
	return decodeToken(t, s, s.Login(t, s.Web, s.Alice, "openid items:read"))
}

func decodeToken(t testing.TB, s *Signet, tokens Tokens) decodedToken {
	t.Helper()
	o := decodedToken{Tokens: tokens, jwks: s.Get(JWKS).Body}
	o.header, o.payload, o.parts = decodePart(t, o.Access, 0), decodePart(t, o.Access, 1), strings.Split(o.Access, ".")
	o.kid = o.header["kid"].(string)
	var set jose.JSONWebKeySet
	must(t, json.Unmarshal(o.jwks, &set))
	o.public = set.Key(o.kid)[0].Key.(*rsa.PublicKey)
	return o
}

// headerWith is the header with members changed.
func (o decodedToken) headerWith(t testing.TB, members map[string]any) string {
	t.Helper()
	h := map[string]any{}
	for _, from := range []map[string]any{o.header, members} {
		for name, value := range from {
			h[name] = value
		}
	}
	return jsonText(t, h)
}

// expectForgeriesRejected presents forgeries; none may affect the session.
func expectForgeriesRejected(t *testing.T, s *Signet, o decodedToken, forged map[string]string) {
	t.Helper()
	if s.options.Endpoints.AdminMerged {
		expectAdminForgeriesRejected(t, s, o.Access, forged)
		return
	}
	for name, token := range forged {
		t.Run(name, func(t *testing.T) { expectTokenRejected(t, s, token) })
	}
	s.expectActive(t, s.Web, o.Tokens)
}

func testAlgNone(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	payload, forged := jsonText(t, o.payload), map[string]string{}
	for _, alg := range []any{"none", "None", "NONE", "nOnE", "", nil, []string{"RS256"}, []string{"none"}, 256, true, map[string]string{}, "RS256 ", "rs256"} {
		header := o.headerWith(t, map[string]any{"alg": alg})
		forged[fmt.Sprintf("%v unsigned", alg)] = jwt(header, payload, noSignature)
		forged[fmt.Sprintf("%v with the signature", alg)] = b64([]byte(header)) + "." + o.parts[1] + "." + o.parts[2]
	}
	forged["no alg"] = jwt(`{"typ":"at+jwt","kid":"`+o.kid+`"}`, payload, noSignature)
	forged["two parts"] = o.parts[0] + "." + o.parts[1]
	expectForgeriesRejected(t, s, o, forged)
}

func testAlgorithmConfusion(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	pkix, err := x509.MarshalPKIXPublicKey(o.public)
	must(t, err)
	pkcs1 := x509.MarshalPKCS1PublicKey(o.public)
	pkixPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	pkcs1PEM := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1})
	forged := map[string]string{}
	for name, key := range map[string][]byte{
		"PKIX PEM": pkixPEM, "PKIX PEM, no newline": pkixPEM[:len(pkixPEM)-1], "PKCS1 PEM": pkcs1PEM, "PKCS1 PEM, no newline": pkcs1PEM[:len(pkcs1PEM)-1],
		"PKIX DER": pkix, "PKCS1 DER": pkcs1, "modulus": o.public.N.Bytes(), "JWKS": o.jwks, "kid": []byte(o.kid), "empty": {},
		"secret": []byte("secret"), "password": []byte("password"), "issuer": []byte(s.Issuer), "client secret": []byte(s.Web.Secret),
	} {
		for alg, hash := range map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512} {
			header := o.headerWith(t, map[string]any{"alg": alg})
			forged[alg+" "+name] = jwt(header, jsonText(t, o.payload), hmacWith(hash, key))
		}
		forged["RS256 said, HMAC made, "+name] = jwt(jsonText(t, o.header), jsonText(t, o.payload), hmacWith(crypto.SHA256, key))
	}
	expectForgeriesRejected(t, s, o, forged)
}

func testOtherKeys(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	forged := map[string]string{}
	for alg, sign := range map[string]func([]byte) []byte{
		"RS256": pkcs1With(t, own, crypto.SHA256), "RS384": pkcs1With(t, own, crypto.SHA384), "RS512": pkcs1With(t, own, crypto.SHA512),
		"PS256": func(in []byte) []byte {
			sig, err := rsa.SignPSS(rand.Reader, own, crypto.SHA256, digest(crypto.SHA256, in), nil)
			must(t, err)
			return sig
		},
		"ES256": func(in []byte) []byte {
			r, v, err := ecdsa.Sign(rand.Reader, curve, digest(crypto.SHA256, in))
			must(t, err)
			return append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
		},
		"EdDSA": func(in []byte) []byte { return ed25519.Sign(edwards, in) },
		// With r = s = 0 a careless ECDSA verifier says yes to everything.
		"ES256 of nothing": func([]byte) []byte { return make([]byte, 64) },
	} {
		name, _, _ := strings.Cut(alg, " ")
		forged[alg] = jwt(o.headerWith(t, map[string]any{"alg": name}), jsonText(t, o.payload), sign)
		forged[alg+" as RS256"] = jwt(jsonText(t, o.header), jsonText(t, o.payload), sign)
	}
	for _, alg := range []string{"RS384", "RS512", "PS256", "PS384", "ES256", "EdDSA", "HS256", "RSA1_5", "dir"} {
		forged[alg+" with our signature"] = b64([]byte(o.headerWith(t, map[string]any{"alg": alg}))) + "." + o.parts[1] + "." + o.parts[2]
	}
	expectForgeriesRejected(t, s, o, forged)
}

func digest(h crypto.Hash, in []byte) []byte {
	w := h.New()
	w.Write(in)
	return w.Sum(nil)
}

func pkcs1With(t testing.TB, key *rsa.PrivateKey, h crypto.Hash) func([]byte) []byte {
	return func(in []byte) []byte {
		sig, err := rsa.SignPKCS1v15(nil, key, h, digest(h, in))
		must(t, err)
		return sig
	}
}

func testSignatures(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	other := strings.Split(s.Login(t, s.Web, s.Alice, "openid").Access, ".")
	signature, err := base64.RawURLEncoding.DecodeString(o.parts[2])
	must(t, err)
	body := o.parts[0] + "." + o.parts[1] + "."
	number := new(big.Int).SetBytes(signature)
	forged := map[string]string{
		"removed": o.parts[0] + "." + o.parts[1], "empty": body, "of another token": body + other[2], "longer": body + o.parts[2] + "AAAA",
		"zero": body + b64(make([]byte, 256)), "one": body + b64(big.NewInt(1).FillBytes(make([]byte, 256))),
		"plus modulus": body + b64(new(big.Int).Add(number, o.public.N).Bytes()), "leading zero": body + b64(append([]byte{0}, signature...)),
		"padding": o.Access + "=", "padding in the middle": o.parts[0] + "=." + o.parts[1] + "." + o.parts[2], "space": o.Access + " ",
		"space inside": body + " " + o.parts[2], "twice": o.Access + o.Access, "list": o.Access + "," + o.Access,
		"other alphabet": o.parts[0] + "." + o.parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace("-_"+o.parts[2][2:]),
		"payload moved":  o.parts[0] + "." + other[1] + "." + o.parts[2], "header moved": other[0] + "." + o.parts[0] + "." + o.parts[2],
	}
	if last := o.parts[2][len(o.parts[2])-1]; true { // non-zero spare bits: the same bytes, another text
		alphabet := urlAlphabet
		at := strings.IndexByte(alphabet, last)
		forged["spare bits"] = o.Access[:len(o.Access)-1] + string(alphabet[at^1])
	}
	for cut := 1; cut < len(o.parts[2]); cut += 37 {
		forged[fmt.Sprintf("cut by %d", cut)] = o.Access[:len(o.Access)-cut]
	}
	for n := range signature {
		if n%16 != 0 && rounds(0, 1) == 0 {
			continue
		}
		flipped := append([]byte(nil), signature...)
		flipped[n] ^= 1 << (n % 8)
		forged[fmt.Sprintf("byte %d flipped", n)] = body + b64(flipped)
	}
	expectForgeriesRejected(t, s, o, forged)
}

const urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func testTokenShapes(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	pbes := `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AAAA","kid":"` + o.kid + `"}`
	zip := `{"alg":"dir","enc":"A128GCM","zip":"DEF","kid":"` + o.kid + `"}`
	expectForgeriesRejected(t, s, o, map[string]string{
		"one part": o.parts[0], "dots": "...", "dot": ".", "four parts": o.Access + ".x", "five parts": o.Access + ".x.y", "leading dot": "." + o.Access,
		"many dots": strings.Repeat(".", 50000), "long": o.Access + strings.Repeat("A", 50000), "9 KiB": strings.Repeat("A", 9<<10),
		"long payload": o.parts[0] + "." + strings.Repeat("A", 10000) + "." + o.parts[2], "no JSON": b64([]byte("x")) + "." + o.parts[1] + "." + o.parts[2],
		"JSON serialization": `{"payload":"` + o.parts[1] + `","protected":"` + o.parts[0] + `","signature":"` + o.parts[2] + `"}`,
		"deep header":        jwt(strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000), jsonText(t, o.payload), noSignature),
		"JWE PBES2":          b64([]byte(pbes)) + ".AAAA.AAAA.AAAA.AAAA", "JWE zip": b64([]byte(zip)) + "..AAAA.AAAA.AAAA",
		"JWE direct, empty key": b64([]byte(`{"alg":"dir","enc":"A128CBC-HS256"}`)) + "..AAAA.AAAA.AAAA", "nested": b64([]byte(o.headerWith(t, map[string]any{"cty": "JWT"}))) + "." + b64([]byte(o.Access)) + "." + o.parts[2],
		"null": "null", "bracket": "[]", "Bearer": "Bearer " + o.Access,
	})
}

func testKeyIDs(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	var set jose.JSONWebKeySet
	must(t, json.Unmarshal(o.jwks, &set))
	s.Store.Reset()
	forged := map[string]string{}
	for _, kid := range []any{
		nil, "", "unknown", "../../dev/null", "/etc/passwd", "|sleep 5", "' or 1=1 --", `{"$ne":null}`, map[string]any{"$ne": nil}, 1, []string{o.kid},
		strings.Repeat("k", 4000), "a\x00b", o.kid + "\x00", strings.ToUpper(o.kid), set.Keys[0].KeyID, set.Keys[len(set.Keys)-1].KeyID,
	} {
		if kid == o.kid {
			continue
		}
		header := o.headerWith(t, map[string]any{"kid": kid})
		forged[fmt.Sprintf("%.20v forged", kid)] = jwt(header, jsonText(t, o.payload), pkcs1With(t, own, crypto.SHA256))
		forged[fmt.Sprintf("%.20v with our signature", kid)] = b64([]byte(header)) + "." + o.parts[1] + "." + o.parts[2]
	}
	expectForgeriesRejected(t, s, o, forged)
	for _, call := range s.Store.Calls() {
		if call == "ListKeys" {
			t.Error("a forged kid made the server read the keys")
		}
	}
}

func testEmbeddedKeys(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	visited := make(chan struct{}, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
			select {
			case visited <- struct{}{}:
			default:
			}
		}
	}()
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	url := "http://" + listener.Addr().String() + "/keys"
	public := jose.JSONWebKey{Key: &own.PublicKey, KeyID: o.kid, Algorithm: "RS256"}
	forged := map[string]string{}
	for name, members := range map[string]map[string]any{
		"jku": {"jku": url}, "x5u": {"x5u": url}, "jwk": {"jwk": public}, "x5c": {"x5c": []string{base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&own.PublicKey))}},
		"all, and no kid": {"jku": url, "x5u": url, "jwk": public, "kid": nil}, "iss": {"iss": url},
	} {
		forged[name] = jwt(o.headerWith(t, members), jsonText(t, o.payload), pkcs1With(t, own, crypto.SHA256))
	}
	expectForgeriesRejected(t, s, o, forged)
	select {
	case <-visited:
		t.Error("the server went to fetch a key")
	default:
	}
}

func testCritical(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	forged := map[string]string{}
	for name, members := range map[string]map[string]any{
		"unknown": {"crit": []string{"exp"}, "exp": 1}, "empty": {"crit": []string{}}, "absent": {"crit": []string{"b64"}},
		"b64 false": {"crit": []string{"b64"}, "b64": false}, "string": {"crit": "b64"}, "null": {"crit": nil}, "zip": {"zip": "DEF"},
	} {
		forged[name] = b64([]byte(o.headerWith(t, members))) + "." + o.parts[1] + "." + o.parts[2]
	}
	expectForgeriesRejected(t, s, o, forged)
}

func testAlteredClaims(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	forged := map[string]string{}
	for name, value := range map[string]any{
		"roles": []string{"super_admin"}, "scope": "openid items:read items:write", "sub": s.Editor.ID, "client_id": s.ResourceServer.ID,
		"exp": 9999999999, "aud": OtherAPI, "iss": "https://evil.example.com", "sid": "other", "jti": "other",
	} {
		payload := map[string]any{}
		for n, v := range o.payload {
			payload[n] = v
		}
		payload[name] = value
		forged[name] = o.parts[0] + "." + b64([]byte(jsonText(t, payload))) + "." + o.parts[2]
	}
	forged["typ"] = b64([]byte(o.headerWith(t, map[string]any{"typ": "JWT"}))) + "." + o.parts[1] + "." + o.parts[2]
	expectForgeriesRejected(t, s, o, forged)
}

// testOtherLibraries verifies our tokens by code that is not the issuer's.
func testStandardLibrary(t *testing.T, s *Signet) {
	o := s.decodedToken(t)
	signature, err := base64.RawURLEncoding.DecodeString(o.parts[2])
	must(t, err)
	sum := sha256.Sum256([]byte(o.parts[0] + "." + o.parts[1]))
	must(t, rsa.VerifyPKCS1v15(o.public, crypto.SHA256, sum[:], signature))

	if o.header["typ"] != "at+jwt" || o.header["alg"] != "RS256" || strings.HasPrefix(o.kid, "-") {
		t.Errorf("header %v", o.header)
	}
	for _, name := range []string{"iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope", "sid", "roles", "auth_time"} { // RFC 9068 §2.2
		if o.payload[name] == nil {
			t.Errorf("claim %s is missing", name)
		}
	}
	if o.payload["iss"] != s.Issuer || o.payload["aud"] != API || o.payload["sub"] != s.Alice.ID || o.payload["nbf"] != nil {
		t.Errorf("payload %v", o.payload)
	}
	id := decodePart(t, o.ID, 1)
	hash := sha256.Sum256([]byte(o.Access))
	if id["exp"] != float64(s.Clock.Now().Add(15*time.Minute).Unix()) {
		t.Errorf("the ID token ends at %v, want 15 minutes from now", id["exp"])
	}
	if id["aud"] != s.Web.ID || id["iss"] != s.Issuer || id["sub"] != s.Alice.ID || id["at_hash"] != b64(hash[:16]) || id["nonce"] != nil || decodePart(t, o.ID, 0)["typ"] != "JWT" {
		t.Errorf("ID token %v", id)
	}
}
