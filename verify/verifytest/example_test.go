package verifytest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.org/signet/verify"
	"example.org/signet/verify/verifytest"
)

// exampleT stands for the t of your test, which an example does not have.
type exampleT struct {
	testing.TB
	end func()
}

func (t *exampleT) Helper()           {}
func (t *exampleT) Cleanup(f func())  { t.end = f }
func (t *exampleT) Fatal(args ...any) { log.Fatal(args...) }

// A handler under test, with people of the test's own making.
func Example() {
	t := &exampleT{}
	issuer := verifytest.New(t)
	defer t.end() // a test needs no such line

	v, err := verify.New(issuer.Config("https://api.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	handler := v.RequireRole("admin")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Fprint(w, "hello ", claims.Subject)
	}))
	for _, role := range []string{"admin", "user"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+issuer.Token("https://api.example.com", func(c verifytest.Claims) {
			c["roles"] = []string{role}
		}))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(role, w.Code)
	}
	// Output:
	// admin 200
	// user 403
}

// A logout is heard of when the status list is renewed, at the latest after a minute.
func ExampleIssuer_Revoke() {
	t := &exampleT{}
	issuer := verifytest.New(t)
	defer t.end()
	v, err := verify.New(issuer.Config("https://api.example.com"))
	if err != nil {
		t.Fatal(err)
	}

	token := issuer.Token("https://api.example.com")
	_, err = v.Verify(context.Background(), token)
	fmt.Println(err)
	issuer.Revoke(token)
	issuer.Advance(time.Minute)
	_, err = v.Verify(context.Background(), token)
	fmt.Println(err)
	// Output:
	// <nil>
	// invalid token: revoked
}

// A new key is fetched when a first token names it; old tokens go on until their
// key is withdrawn.
func ExampleIssuer_Rotate() {
	t := &exampleT{}
	issuer := verifytest.New(t)
	defer t.end()
	v, err := verify.New(issuer.Config("https://api.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(token string) {
		_, err := v.Verify(context.Background(), token)
		fmt.Println(err)
	}

	old := issuer.Token("https://api.example.com")
	check(old)
	issuer.Rotate()
	check(issuer.Token("https://api.example.com"))
	check(old)
	issuer.Withdraw()
	issuer.Advance(6 * time.Minute) // the key set's time to live is over
	check(old)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// invalid token: unknown key
}

// What an API answers while its issuer is out of order.
func ExampleIssuer_SetHandler() {
	t := &exampleT{}
	issuer := verifytest.New(t)
	defer t.end()
	v, err := verify.New(issuer.Config("https://api.example.com"))
	if err != nil {
		t.Fatal(err)
	}

	issuer.SetHandler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err = v.Verify(context.Background(), issuer.Token("https://api.example.com"))
	fmt.Println("no:", errors.Is(err, verify.ErrInvalidToken), "outcome unknown:", errors.Is(err, verify.ErrKeysUnavailable))
	// Output: no: false outcome unknown: true
}

// Any claim may be set or left away, and any type of token made.
func ExampleIssuer_Token() {
	t := &exampleT{}
	issuer := verifytest.New(t)
	defer t.end()
	v, err := verify.New(issuer.Config("https://api.example.com"))
	if err != nil {
		t.Fatal(err)
	}

	for _, token := range []string{
		issuer.Token("https://api.example.com", func(c verifytest.Claims) { c["sub"] = "alice" }),
		issuer.Token("https://api.example.com", func(c verifytest.Claims) { delete(c, "exp") }),
		issuer.Token("https://other.example.com"),
		issuer.Sign("JWT", verifytest.Claims{"iss": issuer.URL}),
	} {
		_, err := v.Verify(context.Background(), token)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// invalid token: bad claim: exp: missing
	// invalid token: wrong audience: the token is not for https://api.example.com
	// invalid token: not an access token
}
