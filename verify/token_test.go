package verify_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"example.org/signet/verify"
)

// vector is a token with the error that it must meet.
type vector struct {
	name, token string
	want        error
}

// refuse runs vectors: each must be refused for the reason given, with no claims, as
// a plain no, and without a word of the token in the error.
func refuse(t *testing.T, v *verify.Verifier, vectors []vector) {
	t.Helper()
	for _, tt := range vectors {
		t.Run(tt.name, func(t *testing.T) {
			err := check(v, tt.token)
			if !errors.Is(err, tt.want) || !errors.Is(err, verify.ErrInvalidToken) || errors.Is(err, verify.ErrKeysUnavailable) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			for part := range strings.SplitSeq(tt.token, ".") {
				if len(part) >= 4 && strings.Contains(err.Error(), part) {
					t.Errorf("error %q quotes the token", err)
				}
			}
		})
	}
}

func TestGoodTokens(t *testing.T) {
	v, _ := allAlgorithms(t)
	for _, k := range []key{rsaKey(), p256Key(), ed25519Key()} {
		if err := check(v, k.token(goodClaims().json())); err != nil {
			t.Errorf("%s: %v", k.alg, err)
		}
	}
	h := newHost(t, rsaAsPS256())
	cfg := config(h)
	cfg.Algorithms = []string{verify.PS256}
	if err := check(newVerifier(t, cfg), rsaAsPS256().token(goodClaims().json())); err != nil {
		t.Errorf("PS256: %v", err)
	}
}

func TestRefusesLooseBase64(t *testing.T) {
	v, _ := allAlgorithms(t)
	token := goodToken()
	dot1, dot2 := strings.IndexByte(token, '.'), strings.LastIndexByte(token, '.')
	var vectors []vector
	for _, junk := range []string{"=", "==", " ", "\n", "\r\n", "\t", "\x00", "+", "/", "%3D", "é"} {
		for place, at := range map[string]int{"front": 0, "header": dot1, "payload": dot2, "end": len(token), "inside": dot2 + 9} {
			vectors = append(vectors, vector{fmt.Sprintf("%q at %s", junk, place), token[:at] + junk + token[at:], verify.ErrMalformed})
		}
	}
	refuse(t, v, vectors)
}

// The last character of a part may hold bits that no byte needs. A token with such
// bits set decodes to the same bytes in a lax decoder: one token, many spellings.
func TestRefusesSpareBits(t *testing.T) {
	v, _ := allAlgorithms(t)
	k := rsaKey()
	header, payload := k.header()+" ", goodClaims().json()
	for len(header)%3 == 0 {
		header += " "
	}
	for len(payload)%3 == 0 {
		payload += " "
	}
	if err := check(v, k.raw(header, payload)); err != nil {
		t.Fatalf("without spare bits: %v", err)
	}
	resigned := func(header, payload string) string {
		signed := header + "." + payload
		return signed + "." + b64(string(k.sign([]byte(signed))))
	}
	token := k.raw(header, payload)
	refuse(t, v, []vector{
		{"header", resigned(spared(b64(header)), b64(payload)), verify.ErrMalformed},
		{"payload", resigned(b64(header), spared(b64(payload))), verify.ErrMalformed},
		{"signature", spared(token), verify.ErrMalformed},
		{"a length that no bytes have", token + "AAA", verify.ErrMalformed},
	})
}

// spared sets the lowest spare bit of the last character.
func spared(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + string(alphabet[last|1])
}

func TestRefusesOtherShapes(t *testing.T) {
	v, h := allAlgorithms(t)
	token := goodToken()
	jwe := func(header string) string { return b64(header) + ".AAAA.AAAA.AAAA.AAAA" }
	refuse(t, v, []vector{
		{"empty", "", verify.ErrMalformed},
		{"one part", "AAAA", verify.ErrMalformed},
		{"two parts", "AAAA.AAAA", verify.ErrMalformed},
		{"four parts", token + ".AAAA", verify.ErrMalformed},
		{"four parts, the last empty", token + ".", verify.ErrMalformed},
		{"only dots", "..", verify.ErrMalformed},
		{"a million dots", strings.Repeat(".", 1_000_000), verify.ErrMalformed},
		{"10 MiB", strings.Repeat("A", 10<<20), verify.ErrMalformed},
		{"10 MiB in three parts", token + strings.Repeat("A", 10<<20), verify.ErrMalformed},
		{"JWE, direct with an empty key", jwe(`{"alg":"dir","enc":"A128GCM"}`), verify.ErrMalformed},
		{"JWE, PBES2 with 2^31 rounds", jwe(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AAAA"}`), verify.ErrMalformed},
		{"JWE, compressed", jwe(`{"alg":"RSA-OAEP","enc":"A128GCM","zip":"DEF"}`), verify.ErrMalformed},
		{"JSON serialization", `{"payload":"e30","signatures":[]}`, verify.ErrMalformed},
		{"header not JSON", b64("alg=RS256") + ".e30.AAAA", verify.ErrMalformed},
		{"header an array", b64(`["RS256"]`) + ".e30.AAAA", verify.ErrMalformed},
		{"header a string", b64(`"RS256"`) + ".e30.AAAA", verify.ErrMalformed},
		{"header null", b64(`null`) + ".e30.AAAA", verify.ErrMalformed},
		{"header and more", rsaKey().raw(rsaKey().header()+"{}", goodClaims().json()), verify.ErrMalformed},
		{"header not UTF-8", rsaKey().raw(`{"alg":"RS256","kid":"rsa-1","typ":"at+jwt","x":"`+"\xff"+`"}`, "{}"), verify.ErrMalformed},
		{"payload not JSON", rsaKey().token("hello"), verify.ErrMalformed},
		{"payload an array", rsaKey().token("[]"), verify.ErrMalformed},
		{"payload null", rsaKey().token("null"), verify.ErrMalformed},
		{"payload and more", rsaKey().token(goodClaims().json() + "{}"), verify.ErrMalformed},
		{"payload not UTF-8", rsaKey().token(strings.Replace(goodClaims().json(), "openid", "open\xff", 1)), verify.ErrMalformed},
		{"payload after a byte order mark", rsaKey().token("\ufeff" + goodClaims().json()), verify.ErrMalformed},
		{"header of 300 members", rsaKey().raw(manyMembers(300), "{}"), verify.ErrMalformed},
	})
	if h.keyFetches.Load() > 1 {
		t.Errorf("%d fetches", h.keyFetches.Load())
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	b.WriteString(`{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"`)
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":0`, i)
	}
	return b.String() + "}"
}

// A huge token is turned away before anything is made of it.
func TestLargeTokens_AreRefusedUnparsed(t *testing.T) {
	v, h := allAlgorithms(t)
	huge := goodToken() + strings.Repeat("A", 10<<20)
	if allocs := testing.AllocsPerRun(10, func() { check(v, huge) }); allocs > 10 {
		t.Errorf("%v allocations", allocs)
	}
	if h.keyFetches.Load() != 0 {
		t.Error("keys fetched for a token that is too long")
	}
}

func TestMaxTokenBytesIsExact(t *testing.T) {
	h := newHost(t, rsaKey())
	cfg := config(h)
	cfg.MaxTokenBytes = len(goodToken())
	if err := check(newVerifier(t, cfg), goodToken()); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	cfg.MaxTokenBytes--
	if err := check(newVerifier(t, cfg), goodToken()); !errors.Is(err, verify.ErrMalformed) {
		t.Errorf("over the limit: %v", err)
	}
}

func TestKidIsOnlyCompared(t *testing.T) {
	v, h := allAlgorithms(t)
	if err := check(v, goodToken()); err != nil { // the set is at hand now
		t.Fatal(err)
	}
	var vectors []vector
	for _, kid := range []string{
		"nobody", "RSA-1", "rsa-1 ", " rsa-1", "rsa-1\x00", "../../dev/null", "|sleep 5", "' OR 1=1 --", "http://127.0.0.1/", "\x00",
		strings.Repeat("k", 4000), "%72sa-1", "rsa-1\n", "ｒsa-1",
	} {
		k := otherRSA()
		k.kid = kid
		header := claims{"alg": "RS256", "kid": kid, "typ": "at+jwt"}.json()
		vectors = append(vectors, vector{fmt.Sprintf("%.20q", kid), k.raw(header, goodClaims().json()), verify.ErrUnknownKey})
	}
	for _, kid := range []string{`{"$ne":null}`, `1`, `["rsa-1"]`, `null`, `true`} {
		header := fmt.Sprintf(`{"alg":"RS256","kid":%s,"typ":"at+jwt"}`, kid)
		vectors = append(vectors, vector{kid, rsaKey().raw(header, goodClaims().json()), verify.ErrMalformed})
	}
	vectors = append(vectors,
		vector{"missing", rsaKey().raw(`{"alg":"RS256","typ":"at+jwt"}`, goodClaims().json()), verify.ErrUnknownKey},
		vector{"empty", rsaKey().raw(`{"alg":"RS256","kid":"","typ":"at+jwt"}`, goodClaims().json()), verify.ErrUnknownKey},
		vector{"1 MiB", rsaKey().raw(fmt.Sprintf(`{"alg":"RS256","kid":%q,"typ":"at+jwt"}`, strings.Repeat("k", 1<<20)), "{}"), verify.ErrMalformed},
	)
	refuse(t, v, vectors)
	if n := h.keyFetches.Load(); n != 2 { // the first, and one for the first unknown kid
		t.Errorf("%d fetches for %d kids within one moment", n, len(vectors))
	}
}

// Keys and places of keys named by a token are nothing to us (RFC 8725 §3.10).
func TestNeverFollowsTheTokensOwnKeys(t *testing.T) {
	var connections atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:   http.NotFoundHandler(),
		ConnState: func(_ net.Conn, s http.ConnState) { connections.Add(1) },
	}
	go server.Serve(listener)
	defer server.Close()
	bait := "http://" + listener.Addr().String() + "/keys"

	v, _ := allAlgorithms(t)
	attacker := unknownRSA()
	jwk, err := attacker.jwk().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	header := func(kid, extra string) string {
		return fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":%q,%s}`, kid, extra)
	}
	var vectors []vector
	for name, extra := range map[string]string{
		"jku": fmt.Sprintf(`"jku":%q`, bait), "x5u": fmt.Sprintf(`"x5u":%q`, bait), "jwk": `"jwk":` + string(jwk),
		"x5c": `"x5c":["AAAA"]`, "all": fmt.Sprintf(`"jku":%q,"x5u":%q,"jwk":%s`, bait, bait, jwk),
	} {
		vectors = append(vectors,
			vector{name, attacker.raw(header("nobody-knows", extra), goodClaims().json()), verify.ErrUnknownKey},
			vector{name + " under our kid", attacker.raw(header("rsa-1", extra), goodClaims().json()), verify.ErrSignature},
		)
		if err := check(v, rsaKey().raw(header("rsa-1", extra), goodClaims().json())); err != nil {
			t.Errorf("%s in a token of ours: %v", name, err)
		}
	}
	refuse(t, v, vectors)
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections to the token's own address", n)
	}
}

func TestRefusesCriticalExtensions(t *testing.T) {
	v, _ := allAlgorithms(t)
	var vectors []vector
	for _, extra := range []string{
		`"crit":["x"],"x":1`, `"crit":[]`, `"crit":["absent"]`, `"crit":["b64"],"b64":false`, `"b64":false`, `"b64":true`,
		`"crit":null`, `"crit":"exp"`, `"crit":["alg"]`,
	} {
		vectors = append(vectors, vector{extra, rsaKey().raw(`{"alg":"RS256","kid":"rsa-1","typ":"at+jwt",`+extra+`}`, goodClaims().json()), verify.ErrMalformed})
	}
	refuse(t, v, vectors)
}

// Other tokens of the same issuer and key do not pass for access tokens.
func TestTokenType(t *testing.T) {
	v, _ := allAlgorithms(t)
	token := func(typ string) string {
		return rsaKey().raw(fmt.Sprintf(`{"alg":"RS256","kid":"rsa-1"%s}`, typ), goodClaims().json())
	}
	for _, typ := range []string{"at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/AT+JWT"} {
		if err := check(v, token(fmt.Sprintf(`,"typ":%q`, typ))); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	vectors := []vector{{"missing", token(""), verify.ErrTokenType}, {"a number", token(`,"typ":1`), verify.ErrMalformed}}
	for _, typ := range []string{"", "JWT", "jwt", "logout+jwt", "statuslist+jwt", "at+jwt ", "application/", "text/at+jwt", "application/application/at+jwt", "dpop+jwt"} {
		vectors = append(vectors, vector{typ, token(fmt.Sprintf(`,"typ":%q`, typ)), verify.ErrTokenType})
	}
	refuse(t, v, vectors)
}

func TestRefusesRepeatedMembers(t *testing.T) {
	v, _ := allAlgorithms(t)
	good := goodClaims().json()
	inHeader := func(extra string) string {
		return rsaKey().raw(strings.TrimSuffix(rsaKey().header(), "}")+","+extra+"}", good)
	}
	inPayload := func(extra string) string { return rsaKey().token(strings.TrimSuffix(good, "}") + "," + extra + "}") }
	refuse(t, v, []vector{
		{"alg, other value", inHeader(`"alg":"none"`), verify.ErrMalformed},
		{"alg, same value", inHeader(`"alg":"RS256"`), verify.ErrMalformed},
		{"alg, spelled with an escape", inHeader(`"\u0061lg":"none"`), verify.ErrMalformed},
		{"kid", inHeader(`"kid":"rsa-1"`), verify.ErrMalformed},
		{"typ", inHeader(`"typ":"at+jwt"`), verify.ErrMalformed},
		{"unknown, twice", inHeader(`"x":1,"x":1`), verify.ErrMalformed},
		{"inside a header member", inHeader(`"x":[{"y":1,"y":2}]`), verify.ErrMalformed},
		{"exp", inPayload(`"exp":9999999999`), verify.ErrMalformed},
		{"exp, spelled with an escape", inPayload(`"e\u0078p":9999999999`), verify.ErrMalformed},
		{"aud", inPayload(`"aud":"https://api.example.com"`), verify.ErrMalformed},
		{"roles", inPayload(`"roles":["admin"]`), verify.ErrMalformed},
		{"iss", inPayload(`"iss":"x"`), verify.ErrMalformed},
		{"unknown", inPayload(`"x":1,"x":1`), verify.ErrMalformed},
		{"deep inside", inPayload(`"x":{"y":[1,{"z":{"w":1,"w":1}}]}`), verify.ErrMalformed},
	})
	for _, extra := range []string{`"ALG":"none"`, `"Kid":"x"`, `"TYP":"JWT"`, `"x":{"alg":1},"y":{"alg":1}`, `"x":[{"a":1},{"a":1}]`} {
		if err := check(v, inHeader(extra)); err != nil {
			t.Errorf("header with %s: %v", extra, err)
		}
	}
	for _, extra := range []string{`"Exp":1`, `"AUD":"x"`, `"Roles":["admin"]`, `"x":{"exp":1}`, `"":1`} {
		if err := check(v, inPayload(extra)); err != nil {
			t.Errorf("payload with %s: %v", extra, err)
		}
	}
}
