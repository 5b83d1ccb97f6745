package admin_test

import (
	"errors"
	"strings"
	"testing"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

func TestScopeTexts(t *testing.T) {
	f := newFixture(t)
	scopes := f.admin.Scopes()
	many := map[string]string{}
	for _, a := range "abcdefghijklmnopqrstu" {
		many["a"+string(a)] = "x"
	}
	for name, tt := range map[string]struct {
		scope string
		texts map[string]string
		field string
	}{
		"no texts":        {"items:read", nil, "texts"},
		"too many":        {"items:read", many, "texts"},
		"bad tag":         {"items:read", map[string]string{"EN": "x"}, "texts"},
		"markup in a tag": {"items:read", map[string]string{"<b>": "x"}, "texts"},
		"empty text":      {"items:read", map[string]string{"en": " "}, "texts"},
		"line break":      {"items:read", map[string]string{"en": "a\nb"}, "texts"},
		"long text":       {"items:read", map[string]string{"en": strings.Repeat("x", 301)}, "texts"},
		"bad scope":       {`a"b`, map[string]string{"en": "x"}, "scope"},
		"empty scope":     {"", map[string]string{"en": "x"}, "scope"},
	} {
		_, err := scopes.Put(f.ctx, tt.scope, tt.texts)
		wantField(t, name, err, tt.field)
	}
	for range 2 { // the same again writes nothing
		_, err := scopes.Put(f.ctx, "items:read", map[string]string{"en": "Read your items", "zh-Hant-TW": "x"})
		must(t, err)
	}
	if got := f.details(audit.EventScopeTextSet); len(got) != 1 || got[0] != "en zh-Hant-TW" {
		t.Errorf("audited %q", got)
	}
	list, err := scopes.List(f.ctx)
	must(t, err)
	if len(list.Items) != 1 || list.Items[0].Texts["en"] != "Read your items" {
		t.Errorf("listed %+v", list)
	}
	must(t, scopes.Delete(f.ctx, "items:read"))
	if err := scopes.Delete(f.ctx, "items:read"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("deleted again: %v", err)
	}
	if got := f.details(audit.EventScopeTextDeleted); len(got) != 1 {
		t.Errorf("audited %q", got)
	}
}
