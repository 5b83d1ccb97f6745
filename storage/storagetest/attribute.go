package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var attributeSchemaContracts = []contract{
	{"SwapAndRead", attributeSchemaSwapAndRead},
	{"SwapStale", attributeSchemaSwapStale},
	{"SwapRace", attributeSchemaSwapRace},
	{"Injection", attributeSchemaInjection},
}

// newAttributeSchema has n attributes.
func newAttributeSchema(n int) (s storage.AttributeSchema) {
	for i := range n {
		s.Attributes = append(s.Attributes, storage.Attribute{
			Name: fmt.Sprintf("attribute%03d", i), Type: "strings", Description: "<What> it is", MaxLength: 1 << 40, MaxCount: 7, Readers: "user", Writers: "admin",
			Claim: fmt.Sprintf("claim%03d", i), Scope: "items:read", CreatedAt: start, UpdatedAt: start.Add(time.Duration(i) * time.Second),
		})
	}
	return s
}

func swapAttributeSchema(t *testing.T, s storage.Store, a storage.AttributeSchema) storage.AttributeSchema {
	t.Helper()
	got, err := s.SwapAttributeSchema(t.Context(), a)
	noErr(t, "SwapAttributeSchema", err)
	a.Version++
	wantEqual(t, "the answer of SwapAttributeSchema", got, a.Normalized())
	return got
}

func wantAttributeSchema(t *testing.T, s storage.Store, want storage.AttributeSchema) {
	t.Helper()
	got, err := s.AttributeSchema(t.Context())
	noErr(t, "AttributeSchema", err)
	wantEqual(t, "the schema of attributes", got, want)
}

func attributeSchemaSwapAndRead(t *testing.T, s storage.Store) {
	wantAttributeSchema(t, s, storage.AttributeSchema{})
	first := newAttributeSchema(3)
	first.Attributes[0].UpdatedAt = subMillisecond
	got := swapAttributeSchema(t, s, first)
	wantAttributeSchema(t, s, got)
	less := newAttributeSchema(1)
	less.Version = got.Version
	wantAttributeSchema(t, s, swapAttributeSchema(t, s, less))
	wantAttributeSchema(t, s, swapAttributeSchema(t, s, storage.AttributeSchema{Version: 2}))
	wantAttributeSchema(t, s, storage.AttributeSchema{Version: 3})
}

func attributeSchemaSwapStale(t *testing.T, s storage.Store) {
	for _, version := range []int64{1, 7, -1} {
		stale := newAttributeSchema(2)
		stale.Version = version
		wantErr(t, "SwapAttributeSchema of none", second(s.SwapAttributeSchema(t.Context(), stale)), storage.ErrConflict)
	}
	want := swapAttributeSchema(t, s, newAttributeSchema(1))
	for _, version := range []int64{0, 2, -1} {
		stale := newAttributeSchema(2)
		stale.Version = version
		wantErr(t, fmt.Sprint("SwapAttributeSchema of version ", version), second(s.SwapAttributeSchema(t.Context(), stale)), storage.ErrConflict)
	}
	wantAttributeSchema(t, s, want)
}

func attributeSchemaSwapRace(t *testing.T, s storage.Store) {
	for version := range int64(2) {
		won := -1
		for i, err := range race(racers, func(i int) error {
			a := newAttributeSchema(i + 1)
			a.Version = version
			return second(s.SwapAttributeSchema(t.Context(), a))
		}) {
			switch {
			case err == nil && won >= 0:
				t.Fatalf("both %d and %d won", won, i)
			case err == nil:
				won = i
			case !errors.Is(err, storage.ErrConflict):
				t.Fatalf("SwapAttributeSchema: %v, want ErrConflict", err)
			}
		}
		want := newAttributeSchema(won + 1)
		want.Version = version + 1
		wantAttributeSchema(t, s, want)
	}
}

// Names and values of attributes are data in every backend, and so is what a user has.
func attributeSchemaInjection(t *testing.T, s storage.Store) {
	var version int64
	for n, v := range append(sampledStrings(), "$set", "a.b", "__proto__", "$where.x") {
		a := storage.AttributeSchema{Version: version, Attributes: []storage.Attribute{{Name: v, Type: v, Description: v, Readers: v, Writers: v, Claim: v, Scope: v, CreatedAt: start, UpdatedAt: start}}}
		version = swapAttributeSchema(t, s, a).Version
		a.Version = version
		wantAttributeSchema(t, s, a)

		u := newUser(n)
		u.Attributes = v
		wantUser(t, s, createUser(t, s, u))
		u.Attributes += v
		_, err := s.UpdateUser(t.Context(), u)
		noErr(t, "UpdateUser", err)
		u.Version++
		wantUser(t, s, u)
	}
}
