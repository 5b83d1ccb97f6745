package issuer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"example.org/signet/issuer"
)

// L04: a secret prints as a placeholder however it is formatted.
func TestSecretRedacts(t *testing.T) {
	const marker = "hunter2-marker"
	s := issuer.Secret(marker)
	holder := struct{ Request issuer.TokenRequest }{issuer.TokenRequest{Password: s, RefreshToken: s, Client: issuer.ClientAuth{Secret: s}}}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{
		s.String(), s.GoString(), string(asJSON), fmt.Sprint(s), fmt.Sprint(holder),
		fmt.Sprintf("%v %+v %#v %s %q %x %X %d", s, s, s, s, s, s, s, s),
		fmt.Sprintf("%v %+v %#v %x", holder, holder, holder, holder),
	} {
		if strings.Contains(out, marker) || strings.Contains(out, fmt.Sprintf("%x", marker)) {
			t.Errorf("the secret shows in %s", out)
		}
	}
}
