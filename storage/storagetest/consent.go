package storagetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"example.org/signet/storage"
)

var consentContracts = []contract{
	{"CreateAndRead", consentCreateAndRead},
	{"Swap", consentSwap},
	{"CreateRace", consentCreateRace},
	{"SwapRace", consentSwapRace},
	{"List", consentList},
	{"Delete", consentDelete},
	{"DeleteNeedsAFilter", consentDeleteNeedsAFilter},
	{"Injection", consentInjection},
}

// putConsent makes the record, and returns it as stored.
func putConsent(t *testing.T, s storage.Store, c storage.Consent) storage.Consent {
	t.Helper()
	got, err := s.SwapConsent(t.Context(), c)
	noErr(t, "SwapConsent", err)
	c.Version = 1
	wantEqual(t, "the answer of SwapConsent", got, c)
	return c
}

func wantConsent(t *testing.T, s storage.Store, want storage.Consent) {
	t.Helper()
	got, err := s.Consent(t.Context(), want.UserID, want.ClientID)
	noErr(t, "Consent", err)
	wantEqual(t, "the consent", got, want)
}

func consentCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 3 {
		wantConsent(t, s, putConsent(t, s, newConsent(n)))
	}
	for _, key := range [][2]string{{newConsent(0).UserID, newConsent(1).ClientID}, {"", newConsent(0).ClientID}, {newConsent(0).UserID, ""}} {
		_, err := s.Consent(t.Context(), key[0], key[1])
		wantErr(t, "Consent", err, storage.ErrNotFound)
	}
	putConsent(t, s, storage.Consent{UserID: "u", ClientID: "c"})
	wantConsent(t, s, storage.Consent{UserID: "u", ClientID: "c", Version: 1})
	c := newConsent(5)
	c.Scopes, c.Audiences, c.CreatedAt, c.UpdatedAt = []string{}, []string{}, subMillisecond, subMillisecond
	got, err := s.SwapConsent(t.Context(), c)
	noErr(t, "SwapConsent", err)
	c.Scopes, c.Audiences, c.CreatedAt, c.UpdatedAt, c.Version = nil, nil, start, start, 1
	wantEqual(t, "the consent", got, c)
	wantConsent(t, s, c)
}

func consentSwap(t *testing.T, s storage.Store) {
	c, other := putConsent(t, s, newConsent(1)), putConsent(t, s, newConsent(2))
	for _, version := range []int64{0, 2, -1} {
		stale := c
		stale.Version, stale.Shown = version, "stale"
		_, err := s.SwapConsent(t.Context(), stale)
		wantErr(t, fmt.Sprint("SwapConsent of version ", version), err, storage.ErrConflict)
	}
	wantConsent(t, s, c)
	next := newConsent(7)
	next.UserID, next.ClientID, next.Version = c.UserID, c.ClientID, 1
	got, err := s.SwapConsent(t.Context(), next)
	noErr(t, "SwapConsent", err)
	next.Version = 2
	wantEqual(t, "the answer of SwapConsent", got, next)
	wantConsent(t, s, next)
	wantConsent(t, s, other)
	absent := newConsent(404)
	absent.Version = 1
	_, err = s.SwapConsent(t.Context(), absent)
	wantErr(t, "SwapConsent of none", err, storage.ErrConflict)
}

func consentCreateRace(t *testing.T, s storage.Store) {
	of := func(i int) storage.Consent {
		c := newConsent(1)
		c.Shown = fmt.Sprint(i)
		return c
	}
	errs := race(racers, func(i int) error { return second(s.SwapConsent(t.Context(), of(i))) })
	want := of(winner(t, errs, storage.ErrConflict))
	want.Version = 1
	wantConsent(t, s, want)
}

func consentSwapRace(t *testing.T, s storage.Store) {
	first := putConsent(t, s, newConsent(1))
	of := func(i int) storage.Consent {
		c := first
		c.Shown = fmt.Sprint(i)
		return c
	}
	errs := race(racers, func(i int) error { return second(s.SwapConsent(t.Context(), of(i))) })
	want := of(winner(t, errs, storage.ErrConflict))
	want.Version = 2
	wantConsent(t, s, want)
}

// consentKeys are of users and clients whose order differs from that of their ids put together.
var consentKeys = [][2]string{
	{"a", "a"}, {"a", "b"}, {"a", "c"}, {"a b", "a"}, {"ab", "a"}, {"ab", "c"}, {"b", "\u00e9"}, {"b", "\U0001f600"}, {"\u00e9", "a"}, {"\u00e9", "b"},
}

func fillConsents(t *testing.T, s storage.Store) {
	t.Helper()
	for n := range consentKeys {
		key := consentKeys[(n*3)%len(consentKeys)]
		putConsent(t, s, storage.Consent{UserID: key[0], ClientID: key[1]})
	}
}

// listConsents reads all pages and returns the keys.
func listConsents(t *testing.T, s storage.Store, f storage.ConsentFilter, limit int) (keys [][2]string) {
	t.Helper()
	listPages(t, limit, func(p storage.Page) ([]string, string, error) {
		page, err := s.ListConsents(t.Context(), f, p)
		for _, c := range page.Consents {
			keys = append(keys, [2]string{c.UserID, c.ClientID})
		}
		if n := len(page.Consents); n > 0 && page.Next != "" {
			wantEqual(t, "the cursor", page.Next, page.Consents[n-1].Cursor())
		}
		return idsOf(page.Consents, storage.Consent.Cursor), page.Next, err
	})
	return keys
}

func selectedConsents(f storage.ConsentFilter) (keys [][2]string) {
	for _, key := range consentKeys {
		if (f.UserID == "" || f.UserID == key[0]) && (f.ClientID == "" || f.ClientID == key[1]) {
			keys = append(keys, key)
		}
	}
	return keys
}

func consentList(t *testing.T, s storage.Store) {
	wantEqual(t, "the consents of an empty store", listConsents(t, s, storage.ConsentFilter{}, 10), nil)
	fillConsents(t, s)
	for _, f := range []storage.ConsentFilter{{}, {UserID: "a"}, {ClientID: "a"}, {UserID: "ab", ClientID: "c"}, {UserID: "404"}, {ClientID: "404"}} {
		for _, limit := range []int{1, 2, 3, 100} {
			wantEqual(t, fmt.Sprintf("the consents selected by %+v in pages of %d", f, limit), listConsents(t, s, f, limit), selectedConsents(f))
		}
	}
	for _, after := range append(slices.Clone(injectionStrings), "0:", "1:a", "-1:a", "99:a", "1:", ":") {
		noErr(t, "ListConsents after anything", second(s.ListConsents(t.Context(), storage.ConsentFilter{}, storage.Page{After: after})))
	}
}

func consentDelete(t *testing.T, s storage.Store) {
	fillConsents(t, s)
	left := selectedConsents(storage.ConsentFilter{})
	for _, f := range []storage.ConsentFilter{{UserID: "a", ClientID: "404"}, {UserID: "404"}, {UserID: "ab", ClientID: "c"}, {ClientID: "a"}, {UserID: "b"}, {UserID: "b"}} {
		before := len(left)
		left = slices.DeleteFunc(left, func(key [2]string) bool {
			return (f.UserID == "" || f.UserID == key[0]) && (f.ClientID == "" || f.ClientID == key[1])
		})
		n, err := s.DeleteConsents(t.Context(), f)
		noErr(t, "DeleteConsents", err)
		wantEqual(t, fmt.Sprintf("how many DeleteConsents %+v deleted", f), n, int64(before-len(left)))
		wantEqual(t, "the consents left", listConsents(t, s, storage.ConsentFilter{}, 3), left)
	}
	c := putConsent(t, s, storage.Consent{UserID: "ab", ClientID: "c"}) // from version 1 again
	wantConsent(t, s, c)
}

func consentDeleteNeedsAFilter(t *testing.T, s storage.Store) {
	fillConsents(t, s)
	n, err := s.DeleteConsents(t.Context(), storage.ConsentFilter{})
	wantErr(t, "DeleteConsents without a filter", err, storage.ErrNoFilter)
	wantEqual(t, "how many were deleted", n, 0)
	wantEqual(t, "the consents", listConsents(t, s, storage.ConsentFilter{}, 100), consentKeys)
}

func consentInjection(t *testing.T, s storage.Store) {
	for _, v := range sampledStrings() {
		putConsent(t, s, storage.Consent{UserID: v, ClientID: v + "c", Scopes: []string{v, v + "#"}, Audiences: []string{v}, Shown: v})
	}
	for _, v := range sampledStrings() {
		wantConsent(t, s, storage.Consent{UserID: v, ClientID: v + "c", Scopes: []string{v, v + "#"}, Audiences: []string{v}, Shown: v, Version: 1})
		n, err := s.DeleteConsents(t.Context(), storage.ConsentFilter{ClientID: v + "c"})
		noErr(t, "DeleteConsents", err)
		wantEqual(t, "how many were deleted", n, 1)
	}
}

var scopeTextContracts = []contract{
	{"PutAndList", scopeTextPutAndList},
	{"Delete", scopeTextDelete},
	{"Injection", scopeTextInjection},
}

func wantScopeTexts(t *testing.T, s storage.Store, want ...storage.ScopeText) {
	t.Helper()
	got, err := s.ListScopeTexts(t.Context())
	noErr(t, "ListScopeTexts", err)
	wantEqual(t, "the texts of scopes", got, want)
}

func putScopeText(t *testing.T, s storage.Store, text storage.ScopeText) storage.ScopeText {
	t.Helper()
	noErr(t, "PutScopeText", s.PutScopeText(t.Context(), text))
	return text
}

func scopeTextPutAndList(t *testing.T, s storage.Store) {
	wantScopeTexts(t, s)
	for _, n := range []int{2, 0, 1} {
		putScopeText(t, s, newScopeText(n))
	}
	wantScopeTexts(t, s, newScopeText(0), newScopeText(1), newScopeText(2))
	replaced := newScopeText(9)
	replaced.Scope, replaced.Texts = newScopeText(1).Scope, map[string]string{"fr": "Lire"}
	replaced.UpdatedAt = subMillisecond
	putScopeText(t, s, replaced)
	replaced.UpdatedAt = start
	wantScopeTexts(t, s, newScopeText(0), replaced, newScopeText(2))
	for _, err := range race(racers, func(i int) error {
		text := newScopeText(1)
		text.Texts = map[string]string{"en": fmt.Sprint(i), "de": fmt.Sprint(i)}
		return s.PutScopeText(t.Context(), text)
	}) {
		noErr(t, "PutScopeText", err)
	}
	got, err := s.ListScopeTexts(t.Context())
	noErr(t, "ListScopeTexts", err)
	wantEqual(t, "the languages after a race", slices.Sorted(maps.Keys(got[1].Texts)), []string{"de", "en"})
	wantEqual(t, "both texts are of one writer", got[1].Texts["en"], got[1].Texts["de"])
}

func scopeTextDelete(t *testing.T, s storage.Store) {
	putScopeText(t, s, newScopeText(1))
	putScopeText(t, s, newScopeText(2))
	noErr(t, "DeleteScopeText", s.DeleteScopeText(t.Context(), newScopeText(1).Scope))
	wantErr(t, "DeleteScopeText again", s.DeleteScopeText(t.Context(), newScopeText(1).Scope), storage.ErrNotFound)
	wantScopeTexts(t, s, newScopeText(2))
}

func scopeTextInjection(t *testing.T, s storage.Store) {
	for _, v := range sampledStrings() {
		text := putScopeText(t, s, storage.ScopeText{Scope: v, Texts: map[string]string{v: v, v + "#": v}, UpdatedAt: start})
		wantScopeTexts(t, s, text)
		noErr(t, "DeleteScopeText", s.DeleteScopeText(t.Context(), v))
	}
}
