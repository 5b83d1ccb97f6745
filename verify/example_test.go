package verify_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"example.org/signet/verify"
)

// exampleIssuer is an issuer on this machine, and a token of it for an API.
func exampleIssuer() (issuer *httptest.Server, token string) {
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			fmt.Fprintf(w, `{"issuer":"http://%s","jwks_uri":"http://%s/.well-known/jwks.json"}`, r.Host, r.Host)
			return
		}
		fmt.Fprint(w, jwks(rsaKey()))
	}))
	now := time.Now()
	return issuer, rsaKey().token(goodClaims().with("iss", issuer.URL).with("iat", now.Unix()).with("exp", now.Add(time.Minute).Unix()).json())
}

func Example() {
	issuer, token := exampleIssuer()
	defer issuer.Close()

	v, err := verify.New(verify.Config{
		Issuer:   issuer.URL, // "https://id.example.com"
		Audience: []string{"https://api.example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := v.Verify(context.Background(), token)
	switch {
	case errors.Is(err, verify.ErrInvalidToken):
		fmt.Println("no:", err)
	case err != nil:
		fmt.Println("outcome unknown:", err) // the keys are out of reach
	default:
		fmt.Println("yes:", claims.ClientID, claims.Scope, claims.Roles)
	}
	// Output: yes: web [openid items:read items:write] [user editor]
}

func ExampleVerifier_RequireScope() {
	issuer, token := exampleIssuer()
	defer issuer.Close()
	v, err := verify.New(verify.Config{Issuer: issuer.URL, Audience: []string{"https://api.example.com"}})
	if err != nil {
		log.Fatal(err)
	}

	items := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Fprintln(w, "items for", claims.Subject)
	})
	routes := http.NewServeMux()
	routes.Handle("GET /items", v.RequireScope("items:read")(items))
	routes.Handle("DELETE /items", v.RequireScope("items:delete")(items))

	for _, method := range []string{"GET", "DELETE"} {
		r := httptest.NewRequest(method, "/items", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 items for 0196a1f0-0000-7000-8000-000000000001
	// 403 {"error":"insufficient_scope","error_description":"the access token does not give this right","scope":"items:delete"}
}

func ExampleVerifier_Middleware() {
	issuer, token := exampleIssuer()
	defer issuer.Close()
	v, err := verify.New(verify.Config{
		Issuer:   issuer.URL,
		Audience: []string{"https://api.example.com"},
		OnError: func(r *http.Request, err error) {
			fmt.Println("refused", r.URL.Path, "for", err)
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	routes := mux.NewRouter()
	api := routes.PathPrefix("/api").Subrouter()
	api.Use(v.Middleware)
	api.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Fprintln(w, claims.Roles)
	})
	api.Handle("/admin", v.RequireRole("admin")(http.NotFoundHandler()))

	for _, path := range []string{"/api/me", "/api/admin"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// refused /api/admin for insufficient scope: needs roles ["admin"]
	// 403
}

func ExampleClaims_Decode() {
	issuer, token := exampleIssuer()
	defer issuer.Close()
	v, err := verify.New(verify.Config{Issuer: issuer.URL, Audience: []string{"https://api.example.com"}})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := v.Verify(context.Background(), token)
	if err != nil {
		log.Fatal(err)
	}
	var private struct {
		Status struct {
			StatusList struct {
				Index int `json:"idx"`
			} `json:"status_list"`
		} `json:"status"`
	}
	if err := claims.Decode(&private); err != nil {
		log.Fatal(err)
	}
	fmt.Println(private.Status.StatusList.Index)
	// Output: 7
}

// Counters by kind and outcome, as a metrics library takes them.
func ExampleConfig_observe() {
	issuer, token := exampleIssuer()
	defer issuer.Close()
	var mu sync.Mutex
	counts := map[string]int{} // a counter with two labels
	v, err := verify.New(verify.Config{
		Issuer:   issuer.URL,
		Audience: []string{"https://api.example.com"},
		Observe: func(e verify.Event) {
			mu.Lock()
			defer mu.Unlock()
			counts[string(e.Kind)+" "+e.Outcome]++
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range []string{token, token, token + "A", "x"} {
		_, _ = v.Verify(context.Background(), t)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, label := range []string{"token accepted", "token malformed", "token signature"} {
		fmt.Println(label, counts[label])
	}
	// Output:
	// token accepted 2
	// token malformed 1
	// token signature 1
}
