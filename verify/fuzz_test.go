package verify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/signet/verify"
)

// FuzzVerify feeds whole tokens. Whatever comes: no panic, claims or an error but
// never both (check sees to that), no unknown outcome while the keys are at hand, and
// nothing accepted that go-jose would not accept.
func FuzzVerify(f *testing.F) {
	good := goodToken()
	header, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	for _, seed := range []string{
		good, "", ".", "..", "....", header, header + "." + payload, header + "." + payload + ".", good + ".", good + "=", " " + good, good + "\n",
		spared(good), "." + payload + "." + signature, header + ".." + signature, strings.Repeat(".", 9000), strings.Repeat("A", 9000),
		p256Key().token(goodClaims().json()), ed25519Key().token(goodClaims().json()), impostorRSA().token(goodClaims().json()), unknownRSA().token("{}"),
		b64(`{"alg":"none","typ":"at+jwt"}`) + "." + payload + ".", b64(`{"alg":["RS256"],"kid":1}`) + ".e30.AA",
		b64(`{"alg":"RS256","alg":"none","kid":"rsa-1"}`) + "." + payload + "." + signature,
		b64(`{"alg":"RS256","kid":"rsa-1","typ":"at+jwt","crit":["b64"],"b64":false}`) + "." + payload + "." + signature,
		b64(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`) + ".AAAA.AAAA.AAAA.AAAA",
		b64(`{"alg":"RS256","kid":"`+strings.Repeat("k", 5000)+`","typ":"at+jwt"}`) + ".e30.AAAA", b64(strings.Repeat("[", 5000)) + ".e30.AAAA",
		b64(manyMembers(300)) + ".e30.AAAA", b64(`{"\u0061lg":"RS256"`) + ".e30.AA", b64("\xff\xfe") + ".e30.AA", b64("null") + ".bnVsbA.AA",
		rsaKey().token("null"), rsaKey().token("[]"), rsaKey().token(`{"a":1,"a":1}`), rsaKey().token(goodClaims().with("exp", 1e300).json()),
	} {
		f.Add(seed)
	}
	v, _ := allAlgorithms(f)
	if err := check(v, good); err != nil {
		f.Fatal(err)
	}
	keys := map[string]key{"RS256": rsaKey(), "ES256": p256Key(), "EdDSA": ed25519Key()}
	f.Fuzz(func(t *testing.T, token string) {
		err := check(v, token)
		if errors.Is(err, verify.ErrInvalidToken) {
			return
		}
		if err != nil {
			t.Fatalf("neither yes nor no: %v", err)
		}
		for _, k := range keys {
			if _, err := joseVerify(token, k); err == nil {
				return
			}
		}
		t.Fatalf("accepted %q, which go-jose refuses", token)
	})
}

// FuzzPayload signs whatever payload comes: the claims that are returned must be
// what encoding/json finds in it too.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		goodClaims().json(), goodClaims().with("aud", []string{"x", api}).json(), goodClaims().without("scope").json(),
		`{"iss":"https://id.example.com","sub":"\ud800","aud":"https://api.example.com","client_id":"\u0000","exp":1904300000,"iat":1904299200,"jti":"\\\"","x":{"y":[{},[],""]}}`,
		"{}", "[]", `{"exp":1e5}`, `{"exp":01}`, "{\"a\":\"\xff\"}", `{"a":{"b":{"c":1,"c":2}}}`, `{"roles":["a",null]}`, " { } ", `{"":0}`, `{"aud":[[""]]}`,
	} {
		f.Add(seed)
	}
	v, _ := allAlgorithms(f)
	k := ed25519Key()
	f.Fuzz(func(t *testing.T, payload string) {
		claims, err := v.Verify(t.Context(), k.token(payload))
		if err != nil {
			if !errors.Is(err, verify.ErrInvalidToken) {
				t.Fatalf("neither yes nor no: %v", err)
			}
			return
		}
		var plain map[string]any
		if err := json.Unmarshal([]byte(payload), &plain); err != nil {
			t.Fatalf("accepted %q: %v", payload, err)
		}
		got := fmt.Sprint(claims.Issuer, claims.Subject, claims.ClientID, claims.ID, claims.Expiry.Unix(), claims.IssuedAt.Unix())
		want := fmt.Sprint(plain["iss"], plain["sub"], plain["client_id"], plain["jti"], number(plain["exp"]), number(plain["iat"]))
		if got != want {
			t.Fatalf("%q: got %s, want %s", payload, got, want)
		}
	})
}

func number(v any) int64 { return int64(v.(float64)) }
