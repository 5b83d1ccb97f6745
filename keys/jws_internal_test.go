package keys

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// A token is what go-jose makes of the same header, payload and signature, byte for byte, and
// go-jose verifies it.
func TestCompact_IsAsGoJoseWritesIt(t *testing.T) {
	const payload = `{"sub":"alice"}`
	for _, alg := range []string{RS256, PS256, ES256, EdDSA} {
		for _, kid := range []string{"", "an imported kid", `<"é&>`} {
			p := testKeyPair(t, alg, kid)
			for _, typ := range []string{"at+jwt", "JWT", "at+jwt"} {
				header, err := p.header(typ)
				if err != nil {
					t.Fatal(err)
				}
				token, err := p.compact(rand.Reader, header, []byte(payload))
				if err != nil {
					t.Fatal(err)
				}
				parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
				if err != nil {
					t.Fatalf("%s: %v", alg, err)
				}
				if got, err := parsed.Verify(p.public); err != nil || string(got) != payload {
					t.Errorf("%s: go-jose reads %q, %v", alg, got, err)
				}
				if again, err := parsed.CompactSerialize(); err != nil || again != token {
					t.Errorf("%s: go-jose writes %s, %v, want %s", alg, again, err, token)
				}
				if want := goJoseHeader(t, p, typ); header != want {
					t.Errorf("%s: the header is %s, go-jose writes %s", alg, header, want)
				}
			}
		}
	}
}

// testKeyPair returns a new key, under its own kid where none is given.
func testKeyPair(t *testing.T, alg, kid string) *keyPair {
	t.Helper()
	private, err := generatePrivate(Config{Alg: alg, Rand: rand.Reader, RSABits: minRSABits})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newKeyPair(alg, private)
	if err != nil {
		t.Fatal(err)
	}
	if kid == "" {
		return p
	}
	return p.withKID(kid)
}

// goJoseHeader is the header of a token that go-jose has signed with the private key.
func goJoseHeader(t *testing.T, p *keyPair, typ string) string {
	t.Helper()
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(p.alg), Key: jose.JSONWebKey{Key: p.private(), KeyID: p.kid}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(token, ".")
	return header
}

// r and s keep their length where they begin with zeros: one in 256 does.
func TestCompact_ES256_SignaturesAre64Bytes(t *testing.T) {
	p := testKeyPair(t, ES256, "")
	short := 0
	for range 2000 {
		signature, err := p.sign(rand.Reader, []byte("signed"))
		if err != nil || len(signature) != 64 || !p.verifySignature("signed", signature) {
			t.Fatalf("%d bytes, %v", len(signature), err)
		}
		if signature[0] == 0 || signature[32] == 0 {
			short++
		}
	}
	if short == 0 {
		t.Error("no number began with a zero: 2,000 signatures were too few")
	}
}
