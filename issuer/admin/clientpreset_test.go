package admin_test

import (
	"slices"
	"testing"

	"example.org/signet/issuer/admin"
)

func TestWithPreset_SetsWhatEachKindNeeds(t *testing.T) {
	f := newFixture(t)
	for preset, want := range map[string]struct {
		public  bool
		grants  []string
		scope   string
		origins []string
		consent string
		ports   bool
	}{
		admin.PresetSPA:     {true, []string{"authorization_code", "refresh_token"}, "email openid profile", []string{"http://localhost:5173", "https://app.example.com"}, "never", false},
		admin.PresetWeb:     {false, []string{"authorization_code", "refresh_token"}, "email openid profile", nil, "never", false},
		admin.PresetNative:  {true, []string{"authorization_code", "refresh_token"}, "email openid profile", nil, "once", true},
		admin.PresetMachine: {false, []string{"client_credentials"}, "", nil, "never", false},
	} {
		n := admin.NewClient{ID: preset, Settings: signIn(func(c *admin.ClientChange) {
			c.RedirectURIs = strs("https://app.example.com:443/a", "https://app.example.com/b", "http://localhost:5173/cb")
		})}
		n, err := n.WithPreset(preset)
		must(t, err)
		c, err := f.admin.Clients().Create(f.ctx, n)
		must(t, err)
		if c.Public != want.public || (c.Secret == "") != want.public || !slices.Equal(c.Grants, want.grants) || c.Scope != want.scope || !slices.Equal(c.Origins, want.origins) ||
			c.Consent != want.consent || c.LocalhostPorts != want.ports || !c.RequirePKCE {
			t.Errorf("%s: %+v", preset, c)
		}
	}
}

func TestWithPreset_WhatIsSaidWins(t *testing.T) {
	n := admin.NewClient{ID: "c", Settings: signIn(func(c *admin.ClientChange) {
		c.RedirectURIs, c.Grants, c.Scopes = strs("https://app.example.com/cb"), strs("authorization_code"), strs("openid")
		c.Origins, c.Consent, c.LocalhostPorts = strs("https://other.example.com"), ptr("always"), ptr(false)
	})}
	for _, preset := range []string{admin.PresetSPA, admin.PresetNative} {
		got, err := n.WithPreset(preset)
		must(t, err)
		if got.Settings != n.Settings {
			t.Errorf("%s changed what was said", preset)
		}
	}
}

func TestWithPreset_Refuses(t *testing.T) {
	_, err := admin.NewClient{ID: "c"}.WithPreset("desktop")
	wantField(t, "unknown preset", err, "preset")
	for _, preset := range []string{admin.PresetSPA, admin.PresetWeb, admin.PresetNative} {
		_, err := admin.NewClient{ID: "c"}.WithPreset(preset)
		wantField(t, preset+" without a redirect URI", err, "redirect_uris")
	}
}
