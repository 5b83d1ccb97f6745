package keys_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/signet/keys"
	"example.org/signet/storage"
	"github.com/go-jose/go-jose/v4"
)

// What the helper signs by the rules is accepted, or the refusals below would prove
// nothing.
func TestForgeryHelper_SignsValidTokens(t *testing.T) {
	for alg, sig := range map[string]jose.SignatureAlgorithm{keys.RS256: jose.RS256, keys.EdDSA: jose.EdDSA} {
		x := newForgeryFixture(t, alg)
		payload, h, err := x.m.Verify(t.Context(), forge(t, x.header(alg), claims, x.signer, sig))
		if err != nil || string(payload) != claims || h != (keys.Header{Typ: "at+jwt", KID: x.kid, Alg: alg}) {
			t.Errorf("%s: %s %+v %v", alg, payload, h, err)
		}
	}
}

func TestVerifyAlgorithms(t *testing.T) { // J01, J02, J04
	x := newForgeryFixture(t, keys.RS256)
	for _, alg := range []string{`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `""`, `null`, `1`, `["RS256"]`, `"rs256"`, `"RS256 "`} {
		header := fmt.Sprintf(`{"alg":%s,"kid":%q}`, alg, x.kid)
		x.expectRefused(t, encode(header)+"."+encode(claims)+".")
		x.expectRefused(t, forge(t, header, claims, x.signer, jose.RS256))
	}
	x.expectRefused(t, forge(t, fmt.Sprintf(`{"kid":%q}`, x.kid), claims, x.signer, jose.RS256))
	for _, alg := range []jose.SignatureAlgorithm{jose.RS384, jose.RS512} {
		x.expectRefused(t, forge(t, x.header(string(alg)), claims, x.signer, alg))
	}
	for _, alg := range []string{"PS256", "ES256", "EdDSA", "HS256", "RS1", "dir", "RSA-OAEP"} {
		x.expectRefused(t, forge(t, x.header(alg), claims, x.signer, jose.RS256))
	}
	for name, secret := range publicAsSecret(t, x) {
		for _, alg := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512} {
			t.Run(name+" "+string(alg), func(t *testing.T) { x.expectRefused(t, forge(t, x.header(string(alg)), claims, secret, alg)) })
		}
	}
}

// publicAsSecret is all that an attacker may take for an HMAC key (J02, J03).
func publicAsSecret(t *testing.T, x forgeryFixture) map[string][]byte {
	t.Helper()
	pkix, err := x509.MarshalPKIXPublicKey(x.signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	document := x.m.JWKS().Body
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	var first jwk
	if err := json.Unmarshal(set.Keys[0], &first); err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}))
	return map[string][]byte{
		"DER": pkix, "PEM": []byte(block), "PEM without newline": []byte(strings.TrimSpace(block)),
		"modulus": b64(t, first.N), "modulus as text": []byte(first.N), "JWKS": document, "JWK": set.Keys[0],
		"kid": []byte(x.kid), "empty": {},
	}
}

// The key of one algorithm accepts no other, also between RSA's two.
func TestVerifyKeyIsBoundToItsAlgorithm(t *testing.T) {
	x := newForgeryFixture(t, keys.PS256)
	x.expectRefused(t, forge(t, x.header("RS256"), claims, x.signer, jose.RS256))
	x.expectRefused(t, forge(t, x.header("PS256"), claims, x.signer, jose.RS256))
}

func TestVerifySignature(t *testing.T) { // J05, J25
	x := newForgeryFixture(t, keys.EdDSA)
	good, other := sign(t, x.m), forge(t, x.header("EdDSA"), `{"sub":"u2"}`, x.signer, jose.EdDSA)
	parts, otherParts := strings.Split(good, "."), strings.Split(other, ".")
	x.expectRefused(t, parts[0]+"."+parts[1])
	x.expectRefused(t, parts[0]+"."+parts[1]+".")
	x.expectRefused(t, parts[0]+"."+parts[1]+"."+otherParts[2])
	x.expectRefused(t, parts[0]+"."+otherParts[1]+"."+parts[2])
	raw := b64(t, parts[2])
	for i := range raw {
		flipped := append([]byte{}, raw...)
		flipped[i] ^= 0x10
		x.expectRefused(t, parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(flipped))
		x.expectRefused(t, parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(raw[:i]))
		x.expectRefused(t, parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(append(append([]byte{}, raw...), raw[:i+1]...)))
	}
	for i := range good {
		x.expectRefused(t, good[:i]+string(rune(good[i]^1))+good[i+1:])
	}
}

func TestVerifyForm(t *testing.T) { // J06, J08, J20
	x := newForgeryFixture(t, keys.EdDSA)
	good := sign(t, x.m)
	parts := strings.Split(good, ".")
	last := good[len(good)-1]
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	spare := string(alphabet[strings.IndexByte(alphabet, last)|1]) // 64 bytes leave four spare bits
	for name, token := range map[string]string{
		"empty": "", "one part": parts[0], "two parts": parts[0] + "." + parts[1], "four parts": good + ".", "five parts": "." + good + ".",
		"JWE": good + "." + parts[1] + "." + parts[2], "dots": strings.Repeat(".", 1e6), "two dots": "..", "10 MiB": good + strings.Repeat("A", 10<<20),
		"too long by one": parts[0] + "." + strings.Repeat("A", keys.MaxToken-len(parts[0])-len(parts[2])-1) + "." + parts[2],
		"padding":         good + "==", "padded header": parts[0] + "=." + parts[1] + "." + parts[2],
		"space before": " " + good, "space after": good + " ", "newline": good + "\n", "newline inside": good[:9] + "\n" + good[9:], "CR inside": good[:9] + "\r" + good[9:],
		"tab": good[:9] + "\t" + good[9:], "NUL": good + "\x00", "standard alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+",
		"spare bits": good[:len(good)-1] + spare,
		"JSON form":  fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2]),
		"Bearer":     "Bearer " + good,
	} {
		t.Run(name, func(t *testing.T) { x.expectRefused(t, token) })
	}
	newline := forgeRaw(t, parts[0]+"\n."+parts[1], x.signer, jose.EdDSA) // signed as it stands
	x.expectRefused(t, newline)
}

func TestVerifyKID(t *testing.T) { // J09
	x := newForgeryFixture(t, keys.EdDSA)
	for _, kid := range []string{
		`"unknown"`, `""`, `"../../dev/null"`, `"|sleep 5"`, `"' OR 1=1 --"`, `{"$ne":null}`, `1`, `[]`, `null`, `true`,
		`"` + x.kid + ` "`, `"` + x.kid + `\u0000"`, `["` + x.kid + `"]`, `"` + strings.Repeat("k", 5000) + `"`, `"` + strings.Repeat("k", 1<<20) + `"`,
	} {
		x.expectRefused(t, forge(t, fmt.Sprintf(`{"alg":"EdDSA","kid":%s}`, kid), claims, x.signer, jose.EdDSA))
	}
	x.expectRefused(t, forge(t, `{"alg":"EdDSA"}`, claims, x.signer, jose.EdDSA))
	x.expectRefused(t, forge(t, fmt.Sprintf(`{"alg":"EdDSA","KID":%q}`, x.kid), claims, x.signer, jose.EdDSA)) // J18
	x.expectRefused(t, forge(t, fmt.Sprintf(`{"ALG":"EdDSA","kid":%q}`, x.kid), claims, x.signer, jose.EdDSA))
}

func TestVerifyHeaders(t *testing.T) { // J11, J18
	x := newForgeryFixture(t, keys.EdDSA)
	for _, more := range []string{
		`,"crit":["exp"],"exp":1`, `,"crit":[]`, `,"crit":["nope"]`, `,"crit":null`, `,"b64":false,"crit":["b64"]`, `,"b64":true`,
		`,"alg":"EdDSA"`, `,"alg":"none"`, `,"kid":"x"`, `,"typ":"JWT"`, `,"\u0061lg":"EdDSA"`, `,"x":1,"x":2`,
	} {
		x.expectRefused(t, forge(t, x.header("EdDSA", more), claims, x.signer, jose.EdDSA))
	}
	for _, header := range []string{`[]`, `null`, `"x"`, `{`, x.header("EdDSA") + " x", x.header("EdDSA") + x.header("EdDSA"), `{"alg":"EdDSA","kid":"` + x.kid + `","typ":7}`, `{"alg":"EdDSA","kid":"` + x.kid + `","typ":null}`} {
		x.expectRefused(t, forge(t, header, claims, x.signer, jose.EdDSA))
	}
	// Keys and addresses in the header are passed over: the key is ours or none (J10).
	for _, more := range []string{`,"jku":"http://127.0.0.1:1/"`, `,"x5u":"http://127.0.0.1:1/"`} {
		stranger := newForgeryFixture(t, keys.EdDSA)
		x.expectRefused(t, forge(t, x.header("EdDSA", more), claims, stranger.signer, jose.EdDSA))
	}
}

func TestVerifyPayload(t *testing.T) { // J18
	x := newForgeryFixture(t, keys.EdDSA)
	for _, payload := range []string{`[]`, `null`, `"x"`, `1`, `{`, `{} {}`, `{"exp":1,"exp":2}`, `{"roles":[],"r\u006fles":["admin"]}`, "not json"} {
		x.expectRefused(t, forge(t, x.header("EdDSA"), payload, x.signer, jose.EdDSA))
	}
	if _, _, err := x.m.Verify(t.Context(), forge(t, x.header("EdDSA"), `{"exp":1,"Exp":2,"nested":{"exp":3}}`, x.signer, jose.EdDSA)); err != nil {
		t.Errorf("names that differ in case are different names: %v", err)
	}
}

func TestVerify_KeyOfAnotherIssuer_IsRefused(t *testing.T) {
	x, stranger := newForgeryFixture(t, keys.EdDSA), newForgeryFixture(t, keys.EdDSA)
	x.expectRefused(t, sign(t, stranger.m))
	x.expectRefused(t, forge(t, x.header("EdDSA"), claims, stranger.signer, jose.EdDSA))
}

// J09: a token with the kid of a standby is refused. A genuine signature may also mean
// that this instance is behind, so the records are read once.
func TestVerifyPendingKey(t *testing.T) {
	x := newForgeryFixture(t, keys.EdDSA)
	standby := x.store.all()[1]
	signer := keys.OpenForTest(t, testMasterKey(t), standby)
	header := fmt.Sprintf(`{"alg":"EdDSA","kid":%q}`, standby.KID)
	x.expectRefused(t, forge(t, header, claims, x.signer, jose.EdDSA)) // not genuine: no look at the store

	genuine := forge(t, header, claims, signer, jose.EdDSA)
	calls := x.store.calls.Load()
	if _, _, err := x.m.Verify(t.Context(), genuine); !errors.Is(err, keys.ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
	if n := x.store.calls.Load() - calls; n != 1 {
		t.Errorf("%d looks at the store", n)
	}
	x.store.failWith(unavailable)
	if _, _, err := x.m.Verify(t.Context(), genuine); !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, keys.ErrInvalidToken) {
		t.Errorf("with the store down: %v", err) // outcome unknown, not a refusal
	}
}

// A token that another instance signed right after a forced rotation or an
// emergency verifies here at once, before the next refresh.
func TestVerifyRightAfterChangeElsewhere(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *keys.Manager){
		"forced rotation": func(t *testing.T, m *keys.Manager) { rotate(t, m, true) },
		"revocation": func(t *testing.T, m *keys.Manager) {
			if err := m.Revoke(t.Context(), active(t, m), keys.Change{}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newForgeryFixture(t, keys.EdDSA)
			other := open(t, x.store, x.cfg)
			change(t, other)
			if _, _, err := x.m.Verify(t.Context(), sign(t, other)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A planned start is accepted a leeway early: the signer's clock may be ahead.
func TestVerify_SignerClockAhead_IsAccepted(t *testing.T) {
	x := newForgeryFixture(t, keys.EdDSA)
	r := rotate(t, x.m, false)
	x.clock.Set(r.At)
	token := sign(t, open(t, x.store, x.cfg))
	x.clock.Set(r.At.Add(-x.cfg.Leeway))
	behind := open(t, x.store, x.cfg)
	if active(t, behind) == r.Activates {
		t.Fatal("the clock is not behind")
	}
	x.store.failWith(unavailable)
	if _, _, err := behind.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
}

func TestVerify_LongestToken(t *testing.T) {
	x := newForgeryFixture(t, keys.EdDSA)
	frame := len(forge(t, x.header("EdDSA"), ``, x.signer, jose.EdDSA))
	payload := `{"a":"` + strings.Repeat("x", (keys.MaxToken-frame)*3/4-8) + `"}`
	token := forge(t, x.header("EdDSA"), payload, x.signer, jose.EdDSA)
	if len(token) > keys.MaxToken || len(token) < keys.MaxToken-4 {
		t.Fatalf("%d bytes do not test the limit", len(token))
	}
	if _, _, err := x.m.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
	payload = strings.Replace(payload, "x", "xxxxxx", 1)
	x.expectRefused(t, forge(t, x.header("EdDSA"), payload, x.signer, jose.EdDSA))
}

func FuzzVerify(f *testing.F) {
	x := newForgeryFixture(f, keys.EdDSA)
	good := sign(f, x.m)
	parts := strings.Split(good, ".")
	for _, seed := range []string{
		good, "", "..", "a.b.c", parts[0] + "." + parts[1] + ".", encode(`{"alg":"none"}`) + "." + parts[1] + ".",
		encode(x.header("EdDSA", `,"crit":["x"]`)) + "." + parts[1] + "." + parts[2], good + "=", good[:20] + "\n" + good[20:], strings.Repeat(".", 99),
		forge(f, x.header("EdDSA"), `{"exp":1,"exp":2}`, x.signer, jose.EdDSA), encode(`{"alg":"EdDSA","kid":{}}`) + "." + parts[1] + "." + parts[2],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		payload, header, err := x.m.Verify(t.Context(), token)
		switch {
		case err == nil && token != good:
			t.Fatalf("accepted %q", token)
		case err != nil && (!errors.Is(err, keys.ErrInvalidToken) || payload != nil || header != keys.Header{}):
			t.Fatalf("%q: %s %+v %v", token, payload, header, err)
		}
	})
}
