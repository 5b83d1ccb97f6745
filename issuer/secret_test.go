package issuer_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/selfservice"
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

// L04: in everything that is asked of an issuer, whatever is named like a secret has a
// type that hides itself, in every struct however deep.
func TestRequestsHideTheirSecrets(t *testing.T) {
	const marker = "hunter2-marker"
	found := 0
	for _, request := range []any{
		&issuer.TokenRequest{}, &issuer.RevokeRequest{}, &issuer.IntrospectRequest{}, &selfservice.RegisterRequest{}, &admin.BootstrapRequest{},
		&admin.NewUser{}, &admin.NewClient{}, &admin.SecretRotation{}, &issuer.Config{},
	} {
		found += fillSecrets(t, reflect.ValueOf(request).Elem(), marker)
		asJSON, _ := json.Marshal(request) // some hold functions
		shown := string(asJSON)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			shown += fmt.Sprintf(verb, request)
		}
		for _, form := range []string{marker, fmt.Sprintf("%x", marker), fmt.Sprintf("%X", marker)} {
			if strings.Contains(shown, form) {
				t.Errorf("%T shows its secret: %s", request, shown)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d secrets found: the walk is broken", found)
	}
}

// secretName matches fields that hold a secret by their name.
var secretName = regexp.MustCompile(`(?i)(password|secret|token)$|^(access|refresh)$`)

// fillSecrets sets every secret to the marker and returns how many there are.
func fillSecrets(t *testing.T, v reflect.Value, marker string) (n int) {
	t.Helper()
	for i := range v.NumField() {
		f, at := v.Type().Field(i), v.Field(i)
		switch {
		case !f.IsExported():
		case f.Type == reflect.TypeFor[issuer.Secret]():
			at.SetString(marker)
			n++
		case f.Type.Kind() == reflect.Struct:
			n += fillSecrets(t, at, marker)
		case f.Type.Kind() == reflect.String && secretName.MatchString(f.Name):
			t.Errorf("%s.%s holds a secret as %s", v.Type(), f.Name, f.Type)
		}
	}
	return n
}
