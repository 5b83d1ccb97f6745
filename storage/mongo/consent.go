package mongo

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.Consents = (*Store)(nil)

// consentDoc is a [storage.Consent] as it lies in the collection consents.
type consentDoc struct {
	ID        string    `bson:"_id"` // see consentID
	UserID    string    `bson:"user_id"`
	ClientID  string    `bson:"client_id"`
	Scopes    []string  `bson:"scopes,omitempty"`
	Audiences []string  `bson:"audiences,omitempty"`
	Shown     string    `bson:"shown,omitempty"`
	Version   int64     `bson:"version"`
	CreatedAt time.Time `bson:"created_at"`
	UpdatedAt time.Time `bson:"updated_at"`
}

// consentID is an id for the pair. Ids are ordered by user and then client: a NUL ends the
// user's id, and one within it is followed by the next character, so that it sorts after the end.
func consentID(userID, clientID string) string {
	return strings.ReplaceAll(userID, "\x00", "\x00\x01") + "\x00\x00" + clientID
}

func newConsentDoc(c storage.Consent, version int64) consentDoc {
	return consentDoc{
		ID: consentID(c.UserID, c.ClientID), UserID: c.UserID, ClientID: c.ClientID, Scopes: nilIfEmpty(c.Scopes), Audiences: nilIfEmpty(c.Audiences),
		Shown: c.Shown, Version: version, CreatedAt: storage.Time(c.CreatedAt), UpdatedAt: storage.Time(c.UpdatedAt),
	}
}

func (d consentDoc) record() storage.Consent {
	return storage.Consent{
		UserID: d.UserID, ClientID: d.ClientID, Scopes: d.Scopes, Audiences: d.Audiences,
		Shown: d.Shown, Version: d.Version, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}

// Consent implements [storage.Consents].
func (s *Store) Consent(ctx context.Context, userID, clientID string) (storage.Consent, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[consentDoc](ctx, s, consents, byID(consentID(userID, clientID)))
	return doc.record(), err
}

// SwapConsent implements [storage.Consents] by one insert, or by one replacement that is
// conditional on the version.
func (s *Store) SwapConsent(ctx context.Context, c storage.Consent) (storage.Consent, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newConsentDoc(c, c.Version+1)
	var err error
	if c.Version == 0 {
		err = s.insert(ctx, consents, doc)
	} else {
		var done bool
		if done, err = s.replace(ctx, consents, bson.D{eq("_id", doc.ID), eq("version", c.Version)}, doc); err == nil && !done {
			err = storage.ErrConflict
		}
	}
	switch {
	case errors.Is(err, errDuplicate):
		return storage.Consent{}, storage.ErrConflict
	case err != nil:
		return storage.Consent{}, err
	}
	return doc.record(), nil
}

// DeleteConsents implements [storage.Consents] by one delete for a pair, else batch by
// batch. It may be cut between two; calling it again does the rest.
func (s *Store) DeleteConsents(ctx context.Context, f storage.ConsentFilter) (int64, error) {
	if f == (storage.ConsentFilter{}) {
		return 0, storage.ErrNoFilter
	}
	if f.UserID != "" && f.ClientID != "" {
		ctx, cancel := s.withTimeout(ctx)
		defer cancel()
		if done, err := s.delete(ctx, consents, byID(consentID(f.UserID, f.ClientID))); err != nil || !done {
			return 0, err
		}
		return 1, nil
	}
	var deleted int64
	for {
		n, found, err := s.deleteConsentBatch(ctx, consentFilter(f))
		deleted += n
		if err != nil || found < batchSize {
			return deleted, err
		}
	}
}

func (s *Store) deleteConsentBatch(ctx context.Context, filter bson.D) (deleted int64, found int, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := findListed[idOnly](ctx, s, listing{collection: consents, filter: filter, limit: batchSize})
	if err != nil || len(docs) == 0 {
		return 0, 0, err
	}
	result, err := s.db.Collection(consents).DeleteMany(ctx, bson.D{in("_id", idsOf(docs))})
	if err != nil {
		return 0, len(docs), s.unavailable("delete from "+consents, err)
	}
	return result.DeletedCount, len(docs), nil
}

func consentFilter(f storage.ConsentFilter) bson.D {
	filter := bson.D{}
	if f.UserID != "" {
		filter = append(filter, eq("user_id", f.UserID))
	}
	if f.ClientID != "" {
		filter = append(filter, eq("client_id", f.ClientID))
	}
	return filter
}

// ListConsents implements [storage.Consents].
func (s *Store) ListConsents(ctx context.Context, f storage.ConsentFilter, p storage.Page) (storage.ConsentPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	if p.After != "" {
		p.After = consentID(storage.ParseConsentCursor(p.After))
	}
	records, next, err := page(ctx, s, consents, consentFilter(f), p, consentDoc.record, storage.Consent.Cursor)
	return storage.ConsentPage{Consents: records, Next: next}, err
}
