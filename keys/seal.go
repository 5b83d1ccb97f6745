package keys

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/storage"
)

// A sealer turns key pairs into records and back. The associated data of an
// envelope is the whole rest of the record but for RevokedAt, so it opens only
// in the row and under the schedule that it was made for.
type sealer struct {
	wrapper KeyWrapper
	random  io.Reader
}

// seal fills the fields of the record that hold the key: KID, Alg, PublicJWK
// and Sealed. All other fields must be set before, and stay.
func (s sealer) seal(ctx context.Context, record storage.Key, p *keyPair) (storage.Key, error) {
	public, err := p.public.MarshalJSON()
	if err != nil {
		return storage.Key{}, fmt.Errorf("marshal key %s: %w", p.kid, err)
	}
	der, err := p.marshal()
	if err != nil {
		return storage.Key{}, fmt.Errorf("marshal key %s: %w", p.kid, err)
	}
	record.KID, record.Alg, record.PublicJWK = p.kid, p.alg, public
	if record.Sealed, err = s.wrapper.Seal(ctx, s.random, der, associatedData(record)); err != nil {
		return storage.Key{}, fmt.Errorf("seal key %s: %w", p.kid, err)
	}
	return record, nil
}

// unseal opens the record's private key and proves that it is the one the
// record names. A refusal is an *[UnsealError]; a wrapper that cannot tell is
// [storage.ErrUnavailable].
func (s sealer) unseal(ctx context.Context, record storage.Key) (*keyPair, error) {
	unsealError := func(reason string) (*keyPair, error) { return nil, &UnsealError{KID: record.KID, Reason: reason} }

	der, err := s.wrapper.Open(ctx, record.Sealed, associatedData(record))
	if errors.Is(err, storage.ErrUnavailable) {
		return nil, fmt.Errorf("unseal key %s: %w", record.KID, err)
	}
	if err != nil {
		return unsealError(err.Error())
	}
	p, err := parseKeyPair(record.Alg, der)
	if err != nil {
		return unsealError(err.Error())
	}
	var public jose.JSONWebKey
	if err := json.Unmarshal(record.PublicJWK, &public); err != nil || public.KeyID != record.KID || !samePublic(public, p.public) {
		return unsealError("the record holds another key")
	}
	return p.withKID(record.KID), nil
}

// reseal is the record's envelope, made anew. Nothing else changes.
func (s sealer) reseal(ctx context.Context, record storage.Key) ([]byte, error) {
	p, err := s.unseal(ctx, record)
	if err != nil {
		return nil, err
	}
	der, err := p.marshal()
	if err != nil {
		return nil, fmt.Errorf("marshal key %s: %w", p.kid, err)
	}
	sealed, err := s.wrapper.Seal(ctx, s.random, der, associatedData(record))
	if err != nil {
		return nil, fmt.Errorf("seal key %s: %w", p.kid, err)
	}
	return sealed, nil
}

// associatedData is the immutable part of the record, but for the sealed key, in a
// form that no two records share: every field has its length before it.
func associatedData(k storage.Key) []byte {
	out := []byte{envelopeVersion}
	field := func(b []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	field([]byte(k.KID))
	field([]byte(k.Alg))
	field(k.PublicJWK)
	out = binary.BigEndian.AppendUint64(out, uint64(k.Seq))
	for _, t := range []time.Time{k.CreatedAt, k.ActivatesAt, k.PredecessorActivatesAt} {
		out = binary.BigEndian.AppendUint64(out, uint64(milliseconds(t)))
	}
	if k.Restores != "" || !k.RestoresAt.IsZero() || !k.VerifiesUntil.IsZero() { // records from before these fields stay as they are
		field([]byte(k.Restores))
		out = binary.BigEndian.AppendUint64(out, uint64(milliseconds(k.RestoresAt)))
		out = binary.BigEndian.AppendUint64(out, uint64(milliseconds(k.VerifiesUntil)))
	}
	return out
}

// milliseconds is what every backend keeps of a time: see [storage.Time].
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
