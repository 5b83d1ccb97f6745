package upstream

import (
	"context"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

// signingAlgorithms are those in which an ID token may be signed, as far as the provider names
// them: none that needs a shared secret.
var signingAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// algorithmsOf returns those that the provider names; RS256 where it names none.
func algorithmsOf(named []string) (algs []string) {
	for _, a := range signingAlgorithms {
		if slices.Contains(named, a) {
			algs = append(algs, a)
		}
	}
	if algs == nil {
		return []string{"RS256"}
	}
	return algs
}

// keySet is the provider's keys. The verifier of the library does not pass the cause of an error
// on, so that whether the keys could be fetched is noted in the context.
type keySet struct{ oidc.KeySet }

type fetchKey struct{}

// fetchErrorPrefix begins the library's error where the keys could not be fetched.
const fetchErrorPrefix = "fetching keys"

func (k keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if noted, ok := ctx.Value(fetchKey{}).(*error); ok && err != nil && (ctx.Err() != nil || strings.HasPrefix(err.Error(), fetchErrorPrefix)) {
		*noted = err
	}
	return payload, err
}
