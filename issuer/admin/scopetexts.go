package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// ScopeText says in words what a scope allows, as people read it when they are asked for
// their consent.
type ScopeText struct {
	Scope     string            `json:"scope"`
	Texts     map[string]string `json:"texts"` // by language tag
	UpdatedAt time.Time         `json:"updated_at"`
}

// ScopeTextList is all of them, ordered by scope.
type ScopeTextList struct {
	Items []ScopeText `json:"items"`
}

// Bounds of the texts.
const (
	maxScopeTexts = storage.MaxPage // scopes
	maxLanguages  = 20              // of one scope
	maxScopeText  = 300             // bytes
)

// languageTag is a language with an optional script and region (RFC 5646 §2.1).
var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)

// Scopes are the operations on the texts of scopes, as far as the actor may.
type Scopes struct{ admin *Admin }

// List returns the texts of all scopes that have some.
func (s Scopes) List(ctx context.Context) (ScopeTextList, error) {
	texts, err := s.admin.service.store.ListScopeTexts(ctx)
	if err != nil {
		return ScopeTextList{}, issuer.StoreError(err)
	}
	list := ScopeTextList{Items: make([]ScopeText, len(texts))}
	for n, t := range texts {
		list.Items[n] = ScopeText(t)
	}
	return list, nil
}

// Put replaces the texts of a scope, which need not exist yet. Texts that are so already are
// not written again.
func (s Scopes) Put(ctx context.Context, scope string, texts map[string]string) (ScopeText, error) {
	checked, err := checkScopeTexts(scope, texts)
	if err == nil {
		err = s.may(scope)
	}
	if err != nil {
		return ScopeText{}, err
	}
	store := s.admin.service.store
	all, err := store.ListScopeTexts(ctx)
	if err != nil {
		return ScopeText{}, issuer.StoreError(err)
	}
	n := slices.IndexFunc(all, func(t storage.ScopeText) bool { return t.Scope == scope })
	switch {
	case n >= 0 && maps.Equal(all[n].Texts, checked):
		return ScopeText(all[n]), nil
	case n < 0 && len(all) >= maxScopeTexts:
		return ScopeText{}, newFieldError("scope", fmt.Sprintf("cannot have texts: %d scopes have some already", maxScopeTexts))
	}
	t := storage.ScopeText{Scope: scope, Texts: checked, UpdatedAt: s.admin.service.now()}
	e := storage.AuditEvent{Type: audit.EventScopeTextSet, Target: scope, Detail: strings.Join(slices.Sorted(maps.Keys(checked)), " ")}
	if err := s.admin.run(ctx, e, func() error { return issuer.StoreError(store.PutScopeText(ctx, t)) }); err != nil {
		return ScopeText{}, err
	}
	return ScopeText(t), nil
}

// Delete takes the texts of a scope away. storage.ErrNotFound where it has none.
func (s Scopes) Delete(ctx context.Context, scope string) error {
	if err := s.may(scope); err != nil {
		return err
	}
	store := s.admin.service.store
	all, err := store.ListScopeTexts(ctx)
	switch {
	case err != nil:
		return issuer.StoreError(err)
	case !slices.ContainsFunc(all, func(t storage.ScopeText) bool { return t.Scope == scope }):
		return errNoScopeText
	}
	e := storage.AuditEvent{Type: audit.EventScopeTextDeleted, Target: scope}
	return s.admin.run(ctx, e, func() error {
		err := store.DeleteScopeText(ctx, scope)
		if errors.Is(err, storage.ErrNotFound) {
			return errNoScopeText
		}
		return issuer.StoreError(err)
	})
}

var errNoScopeText = fmt.Errorf("text of the scope: %w", storage.ErrNotFound)

// may refuses a scope that the actor may not give to a client: what people read about it is
// no lesser power.
func (s Scopes) may(scope string) error {
	return s.admin.actor.mayChangeClient(storage.Client{}, storage.Client{Scopes: []string{scope}})
}

// checkScopeTexts checks a scope and its texts. It returns every field at fault.
func checkScopeTexts(scope string, texts map[string]string) (map[string]string, error) {
	var v validation
	_, err := checkScopes("scope", []string{scope})
	v.add(err)
	switch {
	case len(texts) == 0:
		v.add(newFieldError("texts", "must not be empty: delete the texts instead"))
	case len(texts) > maxLanguages:
		v.add(newFieldError("texts", fmt.Sprintf("has more than %d languages", maxLanguages)))
	}
	checked := make(map[string]string, len(texts))
	for _, tag := range slices.Sorted(maps.Keys(texts)) {
		if !languageTag.MatchString(tag) {
			v.add(newFieldError("texts", quote(tag)+" is not a language tag such as en, de or pt-BR"))
			continue
		}
		text, err := checkText("texts", texts[tag], maxScopeText)
		if err == nil && text == "" {
			err = newFieldError("texts", quote(tag)+" has an empty text")
		}
		v.add(err)
		checked[tag] = text
	}
	return checked, v.err()
}
