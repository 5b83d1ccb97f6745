package adapters

import (
	"fmt"
	"net/http"

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
	return r
}

// greet is a handler behind a Verifier: the claims are always there.
func greet(w http.ResponseWriter, r *http.Request) {
	claims, _ := verify.FromContext(r.Context())
	fmt.Fprintf(w, "hello %s", claims.Subject)
}
