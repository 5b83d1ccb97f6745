package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.org/signet/storage"
)

var _ storage.Factors = (*Store)(nil)

var factorsTable = newTable("user_factors",
	plain("user_id", func(f *storage.UserFactors) *string { return &f.UserID }),
	timestamp("user_created_at", func(f *storage.UserFactors) *time.Time { return &f.UserCreatedAt }),
	plain(versionColumn, func(f *storage.UserFactors) *int64 { return &f.Version }),
	plain("handle", func(f *storage.UserFactors) *string { return &f.Handle }),
	column[storage.UserFactors]{name: "factors",
		bind: func(f *storage.UserFactors) any { return encodeFactors(f) },
		scan: func(f *storage.UserFactors) any { return factorsColumn{f} }},
	nullableTimestamp("enrol_by", func(f *storage.UserFactors) *time.Time { return &f.EnrolBy }),
)

// factorsByHandle names the condition of the index, so that it is used.
var factorsByHandle = factorsTable.read + " WHERE handle = ? AND handle <> '' LIMIT 1"

// factorsJSON is the column factors.
type factorsJSON struct {
	TOTP     *storage.TOTPFactor    `json:"totp,omitempty"`
	Recovery *storage.RecoveryCodes `json:"recovery,omitempty"`
	Passkeys []storage.Passkey      `json:"passkeys,omitempty"`
}

func encodeFactors(f *storage.UserFactors) string {
	text, _ := json.Marshal(factorsJSON{f.TOTP, f.Recovery, f.Passkeys}) // times of four-digit years: it cannot fail
	return string(text)
}

type factorsColumn struct{ to *storage.UserFactors }

func (c factorsColumn) Scan(src any) error {
	text, isText := src.(string)
	if !isText {
		return fmt.Errorf("unexpected column type %T for factors", src)
	}
	var v factorsJSON
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return fmt.Errorf("factors: %w", err)
	}
	c.to.TOTP, c.to.Recovery, c.to.Passkeys = v.TOTP, v.Recovery, v.Passkeys
	return nil
}

// UserFactors implements [storage.Factors].
func (s *Store) UserFactors(ctx context.Context, userID string) (storage.UserFactors, error) {
	return readOne(ctx, s, "read factors", factorsTable.byKey, factorsTable.scan, userID)
}

// UserFactorsByHandle implements [storage.Factors].
func (s *Store) UserFactorsByHandle(ctx context.Context, handle string) (storage.UserFactors, error) {
	return readOne(ctx, s, "read factors by handle", factorsByHandle, factorsTable.scan, handle)
}

// PutUserFactors implements [storage.Factors].
func (s *Store) PutUserFactors(ctx context.Context, f storage.UserFactors) (storage.UserFactors, error) {
	f = f.Normalized()
	return write(ctx, s, "put factors", func(t *tx) (storage.UserFactors, error) {
		if f.Version == 0 {
			first := f
			first.Version = 1
			return first, insertRecord(t, factorsTable, &first, storage.ErrConflict)
		}
		put, err := queryOne(t, factorsTable.update, factorsTable.scan, factorsTable.updateValues(&f)...)
		if notFound(err) {
			err = storage.ErrConflict
		}
		return put, err
	})
}

// DeleteUserFactors implements [storage.Factors].
func (s *Store) DeleteUserFactors(ctx context.Context, userID string, version int64) error {
	_, err := write(ctx, s, "delete factors", func(t *tx) (storage.UserFactors, error) {
		return deleteRecord(t, factorsTable, userID, version)
	})
	return err
}

// ListUserFactors implements [storage.Factors].
func (s *Store) ListUserFactors(ctx context.Context, p storage.Page) (page storage.UserFactorsPage, err error) {
	all, err := readList(ctx, s, "list factors", factorsQuery(p), factorsTable.scan)
	page.Factors, page.Next = trimPage(all, p.Size(), func(f storage.UserFactors) string { return f.UserID })
	return page, err
}

func factorsQuery(p storage.Page) selection {
	q := selection{factorsTable.read + " WHERE user_id > ?", []any{p.After}}
	q.pageBy("user_id", p.Size())
	return q
}
