package admin_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

const pngHead = "\x89PNG\r\n\x1a\n"

// pictures answers for a fetcher, and counts what is asked.
type pictures struct {
	by     map[string]string
	asked  []string
	limits []int64
}

func (p *pictures) fetch(_ context.Context, uri string, limit int64) ([]byte, error) {
	p.asked, p.limits = append(p.asked, uri), append(p.limits, limit)
	data, ok := p.by[uri]
	if !ok {
		return nil, errors.New("the server cannot be reached")
	}
	return []byte(data), nil
}

// withLogo is a change of the logo.
func withLogo(uri string) admin.ClientChange {
	return signIn(func(c *admin.ClientChange) { c.LogoURI = &uri })
}

func TestClientLogo_IsFetchedOnceAndKept(t *testing.T) {
	p := &pictures{by: map[string]string{"https://a.example/1": pngHead + "one", "https://a.example/2": "GIF89a two"}}
	f := newFixture(t)
	f.pictures = p
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: withLogo("https://a.example/1")})
	must(t, err)
	logo, err := f.store.ClientLogo(f.ctx, "web")
	must(t, err)
	if logo.Type != "image/png" || string(logo.Data) != pngHead+"one" || logo.SourceURI != "https://a.example/1" || p.limits[0] != storage.MaxLogo {
		t.Errorf("stored %+v", logo)
	}
	_, err = f.admin.Clients().Update(f.ctx, "web", signIn(func(c *admin.ClientChange) { c.HomeURI = ptr("https://a.example/") }))
	must(t, err)
	if len(p.asked) != 1 {
		t.Errorf("asked %v: another change fetched the logo", p.asked)
	}
	_, err = f.admin.Clients().Update(f.ctx, "web", withLogo("https://a.example/2"))
	must(t, err)
	if logo, err = f.store.ClientLogo(f.ctx, "web"); err != nil || logo.Type != "image/gif" {
		t.Errorf("after a change: %+v, %v", logo, err)
	}
	// The same URI again looks whether the picture has changed.
	p.by["https://a.example/2"] = "GIF87a three"
	_, err = f.admin.Clients().Update(f.ctx, "web", withLogo("https://a.example/2"))
	must(t, err)
	if logo, err = f.store.ClientLogo(f.ctx, "web"); err != nil || string(logo.Data) != "GIF87a three" {
		t.Errorf("after a look: %+v, %v", logo, err)
	}
	want := []string{"client_uri: none → https://a.example/", "logo_uri: https://a.example/1 → https://a.example/2", "logo"}
	if got := f.details(audit.EventClientUpdated); strings.Join(got, ";") != strings.Join(want, ";") {
		t.Errorf("audited %q", got)
	}
	_, err = f.admin.Clients().Update(f.ctx, "web", withLogo(""))
	must(t, err)
	if _, err := f.store.ClientLogo(f.ctx, "web"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("taken away: %v", err)
	}
}

func TestClientLogo_GoesWithTheClient(t *testing.T) {
	f := newFixture(t)
	f.pictures = &pictures{by: map[string]string{"https://a.example/1": "\xff\xd8\xff\xe0 jpeg"}}
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: withLogo("https://a.example/1")})
	must(t, err)
	must(t, f.admin.Clients().Delete(f.ctx, "web"))
	if _, err := f.store.ClientLogo(f.ctx, "web"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("after the client: %v", err)
	}
}

func TestClientLogo_Refuses(t *testing.T) {
	f := newFixture(t)
	p := &pictures{by: map[string]string{
		"https://a.example/svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "https://a.example/html": "<!doctype html>",
		"https://a.example/none": "", "https://a.example/riff": "RIFF1234WAVE", "https://a.example/png": pngHead,
	}}
	f.pictures = p
	for uri, in := range map[string]string{
		"https://a.example/svg": "is not a PNG", "https://a.example/html": "is not a PNG", "https://a.example/none": "is not a PNG", "https://a.example/riff": "is not a PNG",
		"https://a.example/gone": "cannot be fetched: the server cannot be reached",
	} {
		_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: withLogo(uri)})
		wantField(t, uri, err, "logo_uri")
		if err == nil || !strings.Contains(err.Error(), in) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if _, err := f.admin.Clients().Show(f.ctx, "web"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the client was made: %v", err)
	}
	// Nothing is requested for what is refused anyway.
	asked := len(p.asked)
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: signIn(func(c *admin.ClientChange) { c.LogoURI, c.Consent = ptr("https://a.example/png"), ptr("x") })})
	wantField(t, "another field", err, "consent")
	_, err = f.admin.Clients().Update(f.ctx, "nobody", withLogo("https://a.example/png"))
	if !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("unknown client: %v", err)
	}
	if len(p.asked) != asked {
		t.Errorf("asked for %v", p.asked[asked:])
	}
}

func TestClientLogo_WebP(t *testing.T) {
	f := newFixture(t)
	f.pictures = &pictures{by: map[string]string{"https://a.example/w": "RIFF\x00\x00\x00\x00WEBPVP8 "}}
	_, err := f.admin.Clients().Create(f.ctx, admin.NewClient{ID: "web", Settings: withLogo("https://a.example/w")})
	must(t, err)
	if logo, err := f.store.ClientLogo(f.ctx, "web"); err != nil || logo.Type != "image/webp" {
		t.Errorf("%+v, %v", logo, err)
	}
}
