// Command web is a web application whose server signs people in and calls an API for them.
// Tokens never reach the browser: it has a session cookie.
package main

import (
	"cmp"
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
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
	port := cmp.Or(env("PORT"), "8030")
	base := cmp.Or(env("BASE_URL"), "http://localhost:"+port)
	a, err := newApp(ctx, env("ISSUER"), base, oauth2.Config{ClientID: env("CLIENT_ID"), ClientSecret: env("CLIENT_SECRET")})
	if err != nil {
		return err
	}
	a.api = cmp.Or(env("API"), "http://localhost:8000")
	server := &http.Server{Addr: "localhost:" + port, Handler: a.routes(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// app is the application.
type app struct {
	base     string // its own URL
	api      string // URL of the API that it calls
	oauth    oauth2.Config
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	logout   string // the issuer's end_session_endpoint
	sessions sessions
}

// newApp reads the issuer's discovery document.
func newApp(ctx context.Context, issuer, base string, config oauth2.Config) (*app, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		Logout string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, err
	}
	config.Endpoint, config.RedirectURL, config.Scopes = provider.Endpoint(), base+"/callback", []string{oidc.ScopeOpenID, "profile"}
	config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader // without it a refused request is sent twice
	return &app{base: base, oauth: config, logout: more.Logout, provider: provider, verifier: provider.Verifier(&oidc.Config{ClientID: config.ClientID})}, nil
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("GET /items", a.items)
	mux.HandleFunc("POST /logout", a.signOut)
	mux.HandleFunc("POST /backchannel-logout", a.backchannelLogout)
	return mux
}
