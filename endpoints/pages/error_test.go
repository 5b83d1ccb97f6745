package pages_test

import (
	"strings"
	"testing"
	"time"

	"example.org/signet/endpoints/pages"
)

// phrases are the headings of the error pages. Test automation relies on them: they are not
// changed without need.
var phrases = map[pages.ErrorKind]string{
	pages.ErrorUnknownClient:       "This application is not known here",
	pages.ErrorRedirectURIMissing:  "The application did not say where to take you back",
	pages.ErrorRedirectURIMismatch: "The address to go back to is not registered",
	pages.ErrorInvalidRequest:      "The request cannot be understood",
	pages.ErrorRequestTooLarge:     "The request is too long",
	pages.ErrorCrossSite:           "The form came from another site",
	pages.ErrorForbidden:           "You may not do this",
	pages.ErrorThrottled:           "Too many requests",
	pages.ErrorUnavailable:         "Sign-in is not available at the moment",
	pages.ErrorInternal:            "Something went wrong here",
	pages.ErrorLogout:              "You cannot be signed out by this link",
}

// Each kind of error has its phrase, its name in the page, and a way on. E03, E04.
func TestError_EachKindHasItsPhraseAndAWayOn(t *testing.T) {
	p := newPages(t, pages.Branding{})
	if got, want := len(phrases), len(pages.ErrorKinds()); got != want {
		t.Errorf("%d phrases for %d kinds", got, want)
	}
	for _, kind := range pages.ErrorKinds() {
		for _, lang := range p.Languages() {
			d := parse(t, render(t, p, pages.ErrorView{Kind: kind}, lang))
			page := d.byID["error-page"]
			if page == nil || attr(page, "data-kind") != string(kind) {
				t.Errorf("%s: the element is %v", kind, page)
			}
			h1 := text(d.first("h1"))
			if lang == "en" && h1 != phrases[kind] {
				t.Errorf("%s: the heading is %q, want %q", kind, h1, phrases[kind])
			}
			if attr(d.byID["account"], "href") != "/account" {
				t.Errorf("%s: no way on", kind)
			}
			if title := text(d.first("title")); !strings.HasPrefix(title, map[string]string{"en": "Error: ", "de": "Fehler: "}[lang]+h1) {
				t.Errorf("%s: the title is %q", kind, title)
			}
		}
	}
}

func TestError_UnknownKind_IsInternal(t *testing.T) {
	d := parse(t, render(t, newPages(t, pages.Branding{}), pages.ErrorView{Kind: "else"}, "en"))
	if attr(d.byID["error-page"], "data-kind") != "internal" {
		t.Errorf("the page is %q", text(d.first("h1")))
	}
}

// The mismatch page shows the received URI escaped, cut and without the values of its query, and
// the difference to the nearest registered one only where it is given. E02.
func TestError_RedirectURIMismatch_ShowsReceivedOne(t *testing.T) {
	p := newPages(t, pages.Branding{})
	v := pages.ErrorView{Kind: pages.ErrorRedirectURIMismatch, Client: &pages.Client{ID: "notes", Name: "Notes"}, BackURL: "https://notes.example", Details: pages.Details{
		Code: "invalid_request", RequestID: "req-1", ClientID: "notes", Time: time.Date(2026, 11, 30, 16, 51, 0, 0, time.FixedZone("", 3600)),
		RedirectURI: "https://u:SECRET3@notes.example/call-back?state=SECRET&x#SECRET2<b>\u202e",
	}}
	d := parse(t, render(t, p, v, "en"))
	details := text(d.first("details"))
	for _, want := range []string{"invalid_request", "req-1", "notes", "2026-11-30T15:51:00Z", "https://…@notes.example/call-back?state=…&x#…"} {
		if !strings.Contains(details, want) {
			t.Errorf("the details lack %q: %s", want, details)
		}
	}
	if strings.Contains(details, "SECRET") || strings.Contains(details, "Nearest") || attr(d.first("details"), "open") != "" {
		t.Errorf("the details: %s", details)
	}
	if a := d.byID["back"]; attr(a, "href") != "https://notes.example" || text(a) != "Back to Notes" {
		t.Errorf("the way back is %v", a)
	}
	v.Details.Nearest, v.Details.RedirectURI = "https://notes.example/callback", "https://notes.example/call-back"
	page := render(t, p, v, "en")
	if !strings.Contains(page, "https://notes.example/call<mark>-</mark>back") || !strings.Contains(page, "<details open>") {
		t.Errorf("the difference is not marked: %s", page)
	}
	v.Details.RedirectURI = "https://x.example/" + strings.Repeat("a", 10000)
	if page = render(t, p, v, "en"); len(page) > 8000 {
		t.Errorf("a long URI makes a page of %d bytes", len(page))
	}
}

// Only a known client and a URL that may be linked give a way back; what failed can be asked for
// again by GET. E04, L14.
func TestError_WaysOn(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for _, c := range []struct {
		view pages.ErrorView
		ids  string
	}{
		{pages.ErrorView{}, "account"},
		{pages.ErrorView{BackURL: "https://app.example"}, "account"},
		{pages.ErrorView{Client: &pages.Client{Name: "App"}, BackURL: "javascript:alert(1)"}, "account"},
		{pages.ErrorView{Client: &pages.Client{Name: "App"}, BackURL: "com.example.app:/"}, "back"},
		{pages.ErrorView{RetryURL: "/oauth2/authorize?x=y"}, "retry"},
		{pages.ErrorView{RetryURL: "https://evil.example"}, "account"},
		{pages.ErrorView{Client: &pages.Client{Name: "App"}, BackURL: "https://app.example", RetryURL: "/x"}, "back retry"},
	} {
		d := parse(t, render(t, p, c.view, "en"))
		var ids []string
		for _, id := range []string{"back", "retry", "account"} {
			if d.byID[id] != nil {
				ids = append(ids, id)
			}
		}
		if got := strings.Join(ids, " "); got != c.ids {
			t.Errorf("%+v: %q, want %q", c.view, got, c.ids)
		}
	}
}

func TestStatus_HasItsPhrase(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for status, want := range map[int]string{404: "There is no page here", 405: "This page cannot be used that way", 418: "This did not work"} {
		if got := text(parse(t, render(t, p, pages.StatusView{Status: status}, "en")).first("h1")); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}
