package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Fetcher gets what is at a URI that an administrator has chosen: at most limit bytes, from
// public addresses. Its errors are sentences for people that do not repeat the URI.
type Fetcher func(ctx context.Context, uri string, limit int64) ([]byte, error)

// fetchLogo fetches the logo that a change names. Without one it returns nil.
func (s *Service) fetchLogo(ctx context.Context, clientID string, uri *string) (*storage.ClientLogo, error) {
	switch {
	case uri == nil || *uri == "":
		return nil, nil
	case s.fetch == nil:
		return nil, newFieldError("logo_uri", "cannot be fetched here")
	}
	data, err := s.fetch(ctx, *uri, storage.MaxLogo)
	if err != nil {
		return nil, newFieldError("logo_uri", fmt.Sprintf("%s cannot be fetched: %v", quote(*uri), err))
	}
	kind := imageType(data)
	if kind == "" {
		return nil, newFieldError("logo_uri", quote(*uri)+" is not a PNG, JPEG, WebP or GIF image")
	}
	return &storage.ClientLogo{ClientID: clientID, Type: kind, Data: data, SourceURI: *uri, UpdatedAt: s.now()}, nil
}

// imageType returns the media type of an image by its first bytes, whatever the server called
// it, and "" for any other content. SVG is not among them: it can hold scripts.
func imageType(data []byte) string {
	text := string(data[:min(len(data), 16)])
	switch {
	case strings.HasPrefix(text, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case strings.HasPrefix(text, "\xff\xd8\xff"):
		return "image/jpeg"
	case strings.HasPrefix(text, "GIF87a"), strings.HasPrefix(text, "GIF89a"):
		return "image/gif"
	case len(text) >= 12 && strings.HasPrefix(text, "RIFF") && text[8:12] == "WEBP":
		return "image/webp"
	}
	return ""
}

// checkLogo checks a change that names a logo before it is fetched, so that nothing is
// requested for a change that would be refused.
func (c Clients) checkLogo(ctx context.Context, id string, ch ClientChange) error {
	x, err := c.admin.service.readClient(ctx, id)
	if err != nil {
		return err
	}
	if err := c.admin.actor.mayChangeClient(x, x); err != nil {
		return err
	}
	if err := c.admin.checkIfMatch(revision(x.CreatedAt, x.Version)); err != nil {
		return err
	}
	return applyClient(&x, ch)
}

// storeLogo stores what was fetched for a change that was made, or takes the logo away where
// the change says so. A logo that is the same is not written again; another one from the same
// URI is audited, as the client itself has not changed then.
func (c Clients) storeLogo(ctx context.Context, id string, uri *string, logo *storage.ClientLogo) error {
	store := c.admin.service.store
	switch {
	case uri == nil:
		return nil
	case logo == nil:
		return unavailableOrNil(store.DeleteClientLogo(ctx, id))
	}
	before, err := store.ClientLogo(ctx, id)
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return issuer.OutcomeUnknown(err)
	case err == nil && before.SourceURI == logo.SourceURI && before.Type == logo.Type && bytes.Equal(before.Data, logo.Data):
		return nil
	case err == nil && before.SourceURI == logo.SourceURI:
		e := storage.AuditEvent{Type: audit.EventClientUpdated, Target: id, Detail: "logo"}
		return c.admin.run(ctx, e, func() error { return issuer.StoreError(store.PutClientLogo(ctx, *logo)) })
	}
	return unavailableOrNil(store.PutClientLogo(ctx, *logo))
}
