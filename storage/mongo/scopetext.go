package mongo

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.ScopeTexts = (*Store)(nil)

// scopeTextDoc is a [storage.ScopeText] as it lies in the collection scope_texts. Language
// tags are values, not names of fields.
type scopeTextDoc struct {
	Scope     string            `bson:"_id"`
	Texts     []languageTextDoc `bson:"texts,omitempty"`
	UpdatedAt time.Time         `bson:"updated_at"`
}

type languageTextDoc struct {
	Language string `bson:"language"`
	Text     string `bson:"text"`
}

func newScopeTextDoc(t storage.ScopeText) scopeTextDoc {
	d := scopeTextDoc{Scope: t.Scope, UpdatedAt: storage.Time(t.UpdatedAt)}
	for _, language := range slices.Sorted(maps.Keys(t.Texts)) {
		d.Texts = append(d.Texts, languageTextDoc{language, t.Texts[language]})
	}
	return d
}

func (d scopeTextDoc) record() storage.ScopeText {
	t := storage.ScopeText{Scope: d.Scope, Texts: make(map[string]string, len(d.Texts)), UpdatedAt: d.UpdatedAt}
	for _, text := range d.Texts {
		t.Texts[text.Language] = text.Text
	}
	return t
}

// PutScopeText implements [storage.ScopeTexts] by one replacement, or by the insert of the first.
func (s *Store) PutScopeText(ctx context.Context, t storage.ScopeText) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.put(ctx, scopeTexts, t.Scope, newScopeTextDoc(t))
}

// DeleteScopeText implements [storage.ScopeTexts] by one delete.
func (s *Store) DeleteScopeText(ctx context.Context, scope string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return requireFound(s.delete(ctx, scopeTexts, byID(scope)))
}

// ListScopeTexts implements [storage.ScopeTexts].
func (s *Store) ListScopeTexts(ctx context.Context) ([]storage.ScopeText, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[scopeTextDoc](ctx, s, listing{collection: scopeTexts, filter: bson.D{}, order: byRisingID, limit: storage.MaxPage})
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	return convert(docs, scopeTextDoc.record), nil
}
