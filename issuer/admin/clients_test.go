package admin_test

import (
	"testing"
	"time"

	"example.org/signet/issuer/admin"
)

func TestClientSettings(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name   string
		client admin.NewClient
		field  string
	}{
		{"id like a user's", admin.NewClient{ID: "0190f3b0-7a4e-7c3a-8d5e-0123456789ab"}, "client_id"},
		{"id with a colon", admin.NewClient{ID: "a:b"}, "client_id"},
		{"unknown grant", admin.NewClient{ID: "c", Settings: admin.ClientChange{Grants: strs("implicit")}}, "grant_types"},
		{"relative audience", admin.NewClient{ID: "c", Settings: admin.ClientChange{Audiences: strs("/api")}}, "audiences"},
		{"fragment", admin.NewClient{ID: "c", Settings: admin.ClientChange{Resources: strs("https://a.example.org/#x")}}, "resources"},
		{"origin with path", admin.NewClient{ID: "c", Settings: admin.ClientChange{Origins: strs("https://a.example.org/x")}}, "origins"},
		{"origin null", admin.NewClient{ID: "c", Settings: admin.ClientChange{Origins: strs("null")}}, "origins"},
		{"public with secret", admin.NewClient{ID: "c", Public: true, Secret: "0123456789abcdef"}, "client_secret"},
		{"public with client_credentials", admin.NewClient{ID: "c", Public: true, Settings: admin.ClientChange{Grants: strs("client_credentials")}}, "grant_types"},
		{"public API", admin.NewClient{ID: "c", Public: true, Settings: admin.ClientChange{Resources: strs(apiURL)}}, "resources"},
		{"bad scope", admin.NewClient{ID: "c", Settings: admin.ClientChange{Scopes: strs(`a"b`)}}, "scope"},
	} {
		_, err := f.admin.Clients().Create(f.ctx, tt.client)
		wantField(t, tt.name, err, tt.field)
	}
	view, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "c", Settings: admin.ClientChange{Origins: strs("https://app.example.org")}})
	must(t, err)
	if len(view.Secret) != 43 {
		t.Errorf("drawn secret of %d characters, want 43", len(view.Secret))
	}
	shown, err := f.admin.Clients().Show(f.ctx, "c")
	must(t, err)
	if shown.Secret != "" {
		t.Error("the secret was shown a second time")
	}
}

func TestSecretRotationRefuses(t *testing.T) {
	f := newFixture(t)
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web"})
	must(t, err)
	for _, r := range []admin.SecretRotation{{Overlap: -1}, {Overlap: admin.MaxOverlap + 1}, {Overlap: time.Hour, Revoke: true}} {
		_, err := f.admin.Clients().RotateSecret(f.ctx, "web", r)
		wantField(t, "overlap", err, "overlap")
	}
}
