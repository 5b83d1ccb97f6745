package adapters

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"example.org/signet/verify"
)

// Mux is an API by gorilla/mux, which takes the middleware as it is.
func Mux(v *verify.Verifier) http.Handler {
	r := mux.NewRouter()
	items := r.PathPrefix("/items").Subrouter()
	items.Use(v.Middleware)
	items.HandleFunc("", greet).Methods(http.MethodGet)
	items.Handle("", v.RequireRole("admin")(http.HandlerFunc(greet))).Methods(http.MethodPost)
	items.Handle("", v.RequireAuthentication(StepUp)(http.HandlerFunc(greet))).Methods(http.MethodDelete)
	return r
}

// StepUp is the sign-in that deleting needs: with a second factor, and at most five minutes old.
// Without it the answer is 401 insufficient_user_authentication, and the client sends the person to
// sign in again with the acr_values and max_age that it names (RFC 9470).
var StepUp = verify.Authentication{ACR: "urn:signet:2fa", MaxAge: 5 * time.Minute}

// greet is a handler behind a Verifier: the claims are always there.
func greet(w http.ResponseWriter, r *http.Request) {
	claims, _ := verify.FromContext(r.Context())
	fmt.Fprintf(w, "hello %s", claims.Subject)
}
