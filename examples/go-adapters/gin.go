package adapters

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"example.org/signet/verify"
)

// Gin is the same API by gin.
func Gin(v *verify.Verifier) http.Handler {
	r := gin.New()
	items := r.Group("/items", ginGuard(v.Middleware))
	hello := func(c *gin.Context) {
		claims, _ := verify.FromContext(c.Request.Context())
		c.String(http.StatusOK, "hello %s", claims.Subject)
	}
	items.GET("", hello)
	items.POST("", ginGuard(v.RequireRole("admin")), hello)
	items.DELETE("", ginGuard(v.RequireAuthentication(StepUp)), hello)
	return r
}

// ginGuard makes net/http middleware gin's: what it refuses is answered and goes no
// further, what it lets through goes on with its request, which holds the claims.
func ginGuard(guard func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			passed, c.Request = true, r
		})).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}
