package adapters

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"example.org/signet/verify"
)

// Chi is the same API by chi, which takes the middleware as it is.
func Chi(v *verify.Verifier) http.Handler {
	r := chi.NewRouter()
	r.Route("/items", func(r chi.Router) {
		r.Use(v.Middleware)
		r.Get("/", greet)
		r.With(v.RequireRole("admin")).Post("/", greet)
		r.With(v.RequireAuthentication(StepUp)).Delete("/", greet)
	})
	return r
}
