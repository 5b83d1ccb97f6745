package storagetest

import (
	"bytes"
	"fmt"
	"testing"

	"example.org/signet/storage"
)

// The fields of clients and users for sign-in in a browser, and the logos.
var clientLogoContracts = []contract{
	{"PutAndRead", clientLogoPutAndRead},
	{"Delete", clientLogoDelete},
	{"List", clientLogoList},
	{"PutRace", clientLogoPutRace},
	{"Injection", clientLogoInjection},
}

func putLogo(t *testing.T, s storage.Store, l storage.ClientLogo) storage.ClientLogo {
	t.Helper()
	noErr(t, "PutClientLogo", s.PutClientLogo(t.Context(), l))
	return l
}

func wantLogo(t *testing.T, s storage.Store, want storage.ClientLogo) {
	t.Helper()
	got, err := s.ClientLogo(t.Context(), want.ClientID)
	noErr(t, "ClientLogo", err)
	wantEqual(t, "the logo", got, want)
}

func clientLogoPutAndRead(t *testing.T, s storage.Store) {
	for n := range 3 {
		wantLogo(t, s, putLogo(t, s, newClientLogo(n)))
	}
	_, err := s.ClientLogo(t.Context(), "client-404")
	wantErr(t, "ClientLogo", err, storage.ErrNotFound)
	replaced := newClientLogo(9)
	replaced.ClientID, replaced.Data, replaced.UpdatedAt = newClientLogo(1).ClientID, bytes.Repeat([]byte{0xff, 0, 'a', '"'}, storage.MaxLogo/4), subMillisecond
	putLogo(t, s, replaced)
	replaced.UpdatedAt = start
	wantLogo(t, s, replaced)
	wantLogo(t, s, newClientLogo(2))
	putLogo(t, s, storage.ClientLogo{ClientID: "empty", Data: []byte{}})
	wantLogo(t, s, storage.ClientLogo{ClientID: "empty"})
}

func clientLogoDelete(t *testing.T, s storage.Store) {
	putLogo(t, s, newClientLogo(1))
	putLogo(t, s, newClientLogo(2))
	for range 2 {
		noErr(t, "DeleteClientLogo", s.DeleteClientLogo(t.Context(), newClientLogo(1).ClientID))
	}
	_, err := s.ClientLogo(t.Context(), newClientLogo(1).ClientID)
	wantErr(t, "ClientLogo", err, storage.ErrNotFound)
	wantLogo(t, s, newClientLogo(2))
}

func clientLogoList(t *testing.T, s storage.Store) {
	var want []string
	for n := range 5 {
		putLogo(t, s, newClientLogo((n*2)%5))
		want = append(want, newClientLogo(n).ClientID)
	}
	for _, limit := range []int{1, 2, 5, 100} {
		wantEqual(t, "the logos", listAll(t, limit, func(p storage.Page) ([]string, string, error) {
			page, err := s.ListClientLogos(t.Context(), p)
			for n, l := range page.Logos {
				if n == 0 && p.After == "" {
					wantEqual(t, "the first logo", l, newClientLogo(0))
				}
			}
			return idsOf(page.Logos, func(l storage.ClientLogo) string { return l.ClientID }), page.Next, err
		}), want)
	}
}

func clientLogoPutRace(t *testing.T, s storage.Store) {
	for _, err := range race(racers, func(i int) error {
		l := newClientLogo(1)
		l.SourceURI, l.Data = fmt.Sprint(i), []byte(fmt.Sprint(i))
		return s.PutClientLogo(t.Context(), l)
	}) {
		noErr(t, "PutClientLogo", err)
	}
	got, err := s.ClientLogo(t.Context(), newClientLogo(1).ClientID)
	noErr(t, "ClientLogo", err)
	wantEqual(t, "all of it is of one writer", got.SourceURI, string(got.Data))
}

func clientLogoInjection(t *testing.T, s storage.Store) {
	for _, v := range sampledStrings() {
		putLogo(t, s, storage.ClientLogo{ClientID: v, Type: v, Data: []byte(v), SourceURI: v})
	}
	for _, v := range sampledStrings() {
		wantLogo(t, s, storage.ClientLogo{ClientID: v, Type: v, Data: []byte(v), SourceURI: v})
		noErr(t, "DeleteClientLogo", s.DeleteClientLogo(t.Context(), v))
	}
}
