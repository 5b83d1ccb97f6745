package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// header returns the protected header of tokens with this typ, in base64url. go-jose writes it
// at first use, once for the key: it would write it anew for each token. The typs are few, as
// they come from the program, never from a request.
func (p *keyPair) header(typ string) (string, error) {
	if h, ok := p.headers.Load(typ); ok {
		return h.(string), nil
	}
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(p.alg), Key: &opaqueSigner{p.public, noSignature{}}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("header for key %s: %w", p.kid, err)
	}
	unsigned, err := signer.Sign([]byte("{}"))
	if err != nil {
		return "", fmt.Errorf("header for key %s: %w", p.kid, err)
	}
	token, err := unsigned.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("header for key %s: %w", p.kid, err)
	}
	h, _, _ := strings.Cut(token, ".")
	p.headers.Store(typ, h)
	return h, nil
}

// noSignature signs nothing: of what go-jose makes with it only the header is used.
type noSignature struct{ crypto.Signer }

func (noSignature) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }

// compact returns the payload as a JWS in compact form (RFC 7515 §7.1).
func (p *keyPair) compact(random io.Reader, header string, payload []byte) (string, error) {
	const longest = 512 // bytes of a signature: of an RSA key with 4,096 bits
	enc := base64.RawURLEncoding
	token := make([]byte, 0, len(header)+enc.EncodedLen(len(payload))+enc.EncodedLen(longest)+2)
	token = append(append(token, header...), '.')
	token = enc.AppendEncode(token, payload)
	signature, err := p.sign(random, token)
	if err != nil {
		return "", err
	}
	token = append(token, '.')
	return string(enc.AppendEncode(token, signature)), nil
}

// sign returns the signature over signed under the key's algorithm (RFC 7518 §3.3 to §3.5,
// RFC 8037 §3.1). Its counterpart is verifySignature.
func (p *keyPair) sign(random io.Reader, signed []byte) ([]byte, error) {
	if p.rsaSigner != nil {
		return p.rsaSigner.SignPayload(signed, jose.SignatureAlgorithm(p.alg))
	}
	private := p.private()
	if key, ok := private.(ed25519.PrivateKey); ok {
		return ed25519.Sign(key, signed), nil
	}
	digest := sha256.Sum256(signed)
	if key, ok := private.(*ecdsa.PrivateKey); ok {
		return signP256(random, key, digest[:])
	}
	return private.Sign(random, digest[:], signerOpts(p.alg))
}

// signP256 returns r and s in full length, one behind the other.
func signP256(random io.Reader, key *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(random, key, digest)
	if err != nil {
		return nil, err
	}
	const half = 32
	signature := make([]byte, 2*half)
	r.FillBytes(signature[:half])
	s.FillBytes(signature[half:])
	return signature, nil
}
