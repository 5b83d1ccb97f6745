package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	capjwt "github.com/hashicorp/cap/jwt"
)

// rotationSettings are the first line that TestClusterRotation sends.
type rotationSettings struct {
	JWKS     string `json:"jwks"`
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	MaxAge   int    `json:"max_age"` // seconds
}

// runRotation says of every token that it is sent what go-oidc and cap say of
// it: "" or why they refuse it.
func runRotation(ctx context.Context) error {
	in := conversation{bufio.NewScanner(os.Stdin)}
	var s rotationSettings
	if err := in.receive(&s); err != nil {
		return err
	}
	verifiers := s.verifiers(ctx)
	for in.lines.Scan() {
		var message struct {
			Token string `json:"token"`
		}
		if err := json.Unmarshal(in.lines.Bytes(), &message); err != nil {
			return err
		}
		said := map[string]string{}
		for name, verify := range verifiers {
			said[name] = ""
			if err := verify(message.Token); err != nil {
				said[name] = err.Error()
			}
		}
		if err := in.send(said); err != nil {
			return err
		}
	}
	return nil
}

func (s rotationSettings) verifiers(ctx context.Context) map[string]func(string) error {
	every := time.Duration(s.MaxAge) * time.Second
	goOIDC := &renewed[*oidc.IDTokenVerifier]{every: every, make: func() (*oidc.IDTokenVerifier, error) {
		return oidc.NewVerifier(s.Issuer, oidc.NewRemoteKeySet(ctx, s.JWKS), &oidc.Config{ClientID: s.Audience}), nil
	}}
	hashicorp := &renewed[*capjwt.Validator]{every: every, make: func() (*capjwt.Validator, error) {
		set, err := capjwt.NewJSONWebKeySet(ctx, s.JWKS, "")
		if err != nil {
			return nil, fmt.Errorf("make the key set: %w", err)
		}
		return capjwt.NewValidator(set)
	}}
	expected := capjwt.Expected{Issuer: s.Issuer, Audiences: []string{s.Audience}, SigningAlgorithms: []capjwt.Alg{capjwt.RS256}}
	return map[string]func(string) error{
		"go-oidc": func(token string) error {
			v, err := goOIDC.get()
			if err == nil {
				_, err = v.Verify(ctx, token)
			}
			return err
		},
		"cap": func(token string) error {
			v, err := hashicorp.get()
			if err == nil {
				_, err = v.Validate(ctx, token, expected)
			}
			return err
		},
	}
}

// renewed makes its value anew every so often: go-oidc and cap keep a key set
// for as long as they meet no unknown kid, so that is what their user has to do
// to heed the max-age.
type renewed[T any] struct {
	every time.Duration
	make  func() (T, error)
	since time.Time
	value T
}

func (r *renewed[T]) get() (T, error) {
	if time.Since(r.since) < r.every {
		return r.value, nil
	}
	var err error
	if r.value, err = r.make(); err == nil {
		r.since = time.Now()
	}
	return r.value, err
}
