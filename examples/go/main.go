// Command items is a small API that trusts the access tokens of Signet: anyone
// reads /notsecret, users read the items, admins create and delete them.
//
// Reading is checked offline, by package verify, and hears of a logout by the
// issuer's status lists. What changes something also asks the issuer whether the
// session still lives.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"example.org/signet/verify"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, env func(string) string) error {
	leeway, err := strconv.Atoi(cmp.Or(env("LEEWAY"), "30"))
	if err != nil {
		return fmt.Errorf("LEEWAY: %w", err)
	}
	if leeway == 0 {
		leeway = -1 // for verify 0 is its own default
	}
	v, err := verify.New(verify.Config{
		Issuer:   env("ISSUER"),
		Audience: []string{env("AUDIENCE")},
		Leeway:   time.Duration(leeway) * time.Second,
		Status:   verify.StatusFailClosed,
	})
	if err != nil {
		return err
	}
	live := introspector{url: env("ISSUER") + "/oauth2/introspect", id: env("CLIENT_ID"), secret: env("CLIENT_SECRET")}
	server := &http.Server{
		Addr:              "127.0.0.1:" + cmp.Or(env("PORT"), "8000"),
		Handler:           routes(v, live.require, newItems("lamp")),
		ReadHeaderTimeout: 5 * time.Second,
	}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

type middleware = func(http.Handler) http.Handler

// routes says who may do what.
func routes(v *verify.Verifier, live middleware, items *items) http.Handler {
	reader := v.RequireAnyRole("user", "admin")
	admin := func(next http.Handler) http.Handler { return v.RequireRole("admin")(live(next)) }

	mux := http.NewServeMux()
	mux.HandleFunc("GET /notsecret", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"message": "anyone may read this"})
	})
	mux.Handle("GET /items", reader(http.HandlerFunc(items.list)))
	mux.Handle("POST /items", admin(http.HandlerFunc(items.create)))
	mux.Handle("DELETE /items/{id}", admin(http.HandlerFunc(items.delete)))
	return mux
}
