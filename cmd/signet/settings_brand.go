package main

import (
	"github.com/spf13/pflag"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
)

// brandSettings make the pages that people see look like the operator's.
type brandSettings struct {
	brandName   string
	brandLogo   string
	brandAccent string
	brandLinks  []string
	templates   string
}

func (s *brandSettings) define(f *pflag.FlagSet) {
	f.StringVar(&s.brandName, "brand-name", "", "`NAME` at the head of the pages that people see (default the issuer's host)")
	f.StringVar(&s.brandLogo, "brand-logo", "", "`FILE` with the picture beside it: PNG, JPEG, WebP, GIF or SVG of at most 64 KiB")
	f.StringVar(&s.brandAccent, "brand-accent", "", "`COLOUR` of buttons and links, such as #2a55c4; it is made lighter or darker where it could not be read")
	f.StringSliceVar(&s.brandLinks, "brand-link", nil, "`TEXT=URL` at the foot of the pages, such as Imprint=https://example.com/imprint, several times")
	f.StringVar(&s.templates, "templates", "", "`FOLDER` with your texts, style and HTML fragments for the pages")
}

// check builds the pages, so that a file that cannot be used is found before anything is made.
func (s *brandSettings) check(all *settings) []error {
	branding, errs := s.branding(all)
	if _, err := issuer.ParseURL(all.issuer); err != nil || len(errs) > 0 {
		return errs // the issuer's own check says what is wrong with it
	}
	_, err := pages.New(pages.Config{Issuer: all.issuer, Branding: branding})
	return all.faults(err)
}

// branding returns the settings as the pages take them, and what is wrong with the links.
func (s *brandSettings) branding(all *settings) (pages.Branding, []error) {
	b := pages.Branding{Name: s.brandName, LogoFile: s.brandLogo, Accent: s.brandAccent, Templates: s.templates}
	var errs []error
	for _, text := range s.brandLinks {
		link, err := pages.ParseLink(text)
		if err != nil {
			errs = append(errs, all.errorf("brand-link", "%v", err))
			continue
		}
		b.Links = append(b.Links, link)
	}
	return b, errs
}

// pages builds the pages; check has found what is wrong with the settings.
func (s *settings) pages() (*pages.Pages, error) {
	branding, _ := s.branding(s)
	return pages.New(pages.Config{Issuer: s.issuer, Branding: branding})
}
