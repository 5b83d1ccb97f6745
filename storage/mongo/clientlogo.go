package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.ClientLogos = (*Store)(nil)

// clientLogoDoc is a [storage.ClientLogo] as it lies in the collection client_logos: field
// for field the same, so that each converts into the other.
type clientLogoDoc struct {
	ClientID  string    `bson:"_id"`
	Type      string    `bson:"type"`
	Data      []byte    `bson:"data,omitempty"`
	SourceURI string    `bson:"source_uri,omitempty"`
	UpdatedAt time.Time `bson:"updated_at"`
}

func (d clientLogoDoc) record() storage.ClientLogo { return storage.ClientLogo(d) }

// PutClientLogo implements [storage.ClientLogos] by one replacement, or by the insert of the first.
func (s *Store) PutClientLogo(ctx context.Context, l storage.ClientLogo) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	l.UpdatedAt, l.Data = storage.Time(l.UpdatedAt), nilIfEmpty(l.Data)
	return s.put(ctx, clientLogos, l.ClientID, clientLogoDoc(l))
}

// ClientLogo implements [storage.ClientLogos].
func (s *Store) ClientLogo(ctx context.Context, clientID string) (storage.ClientLogo, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[clientLogoDoc](ctx, s, clientLogos, byID(clientID))
	return doc.record(), err
}

// DeleteClientLogo implements [storage.ClientLogos] by one delete.
func (s *Store) DeleteClientLogo(ctx context.Context, clientID string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.remove(ctx, clientLogos, byID(clientID))
}

// ListClientLogos implements [storage.ClientLogos].
func (s *Store) ListClientLogos(ctx context.Context, p storage.Page) (storage.ClientLogoPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	records, next, err := page(ctx, s, clientLogos, bson.D{}, p, clientLogoDoc.record, func(l storage.ClientLogo) string { return l.ClientID })
	return storage.ClientLogoPage{Logos: records, Next: next}, err
}
