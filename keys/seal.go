package keys

import (
	"bytes"
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
// in the row and under the schedule that it was made for. After a revocation the
// envelope holds the time of it in the place of the private key.
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
	if record.Sealed, err = s.sealPlain(ctx, record, der); err != nil {
		return storage.Key{}, err
	}
	return record, nil
}

// unseal opens the record's private key and proves that it is the one the
// record names. Where the envelope holds a revocation in its place, the pair has
// no private half and tells the time. A refusal is an *[UnsealError]; a wrapper
// that cannot tell is [storage.ErrUnavailable].
func (s sealer) unseal(ctx context.Context, record storage.Key) (*keyPair, error) {
	unsealError := func(reason string) (*keyPair, error) { return nil, &UnsealError{KID: record.KID, Reason: reason} }

	plain, err := s.wrapper.Open(ctx, record.Sealed, associatedData(record))
	if errors.Is(err, storage.ErrUnavailable) {
		return nil, fmt.Errorf("unseal key %s: %w", record.KID, err)
	}
	if err != nil {
		return unsealError(err.Error())
	}
	var public jose.JSONWebKey
	if err := json.Unmarshal(record.PublicJWK, &public); err != nil || public.KeyID != record.KID {
		return unsealError("the record holds another key")
	}
	if at, revoked := parseRevocation(plain); revoked {
		return &keyPair{kid: record.KID, alg: record.Alg, public: public, revokedAt: at}, nil
	}
	p, err := parseKeyPair(record.Alg, plain)
	if err != nil {
		return unsealError(err.Error())
	}
	if !samePublic(public, p.public) {
		return unsealError("the record holds another key")
	}
	return p.withKID(record.KID), nil
}

// reseal returns a new envelope with what the record's envelope holds.
func (s sealer) reseal(ctx context.Context, record storage.Key) ([]byte, error) {
	if _, err := s.unseal(ctx, record); err != nil {
		return nil, err
	}
	plain, err := s.wrapper.Open(ctx, record.Sealed, associatedData(record))
	if err != nil {
		return nil, fmt.Errorf("unseal key %s: %w", record.KID, err)
	}
	return s.sealPlain(ctx, record, plain)
}

// sealRevocation returns an envelope with the time of the record's revocation in
// the place of the private key.
func (s sealer) sealRevocation(ctx context.Context, record storage.Key) ([]byte, error) {
	plain := binary.BigEndian.AppendUint64([]byte(revocationMark), uint64(milliseconds(record.RevokedAt)))
	return s.sealPlain(ctx, record, plain)
}

func (s sealer) sealPlain(ctx context.Context, record storage.Key, plain []byte) ([]byte, error) {
	sealed, err := s.wrapper.Seal(ctx, s.random, plain, associatedData(record))
	if err != nil {
		return nil, fmt.Errorf("seal key %s: %w", record.KID, err)
	}
	return sealed, nil
}

// revocationMark begins the plain text of an envelope that holds a revocation; no
// PKCS #8 begins so. The time in milliseconds follows, in 8 bytes.
const revocationMark = "revoked\x00"

// parseRevocation returns the time of the revocation that an envelope holds.
func parseRevocation(plain []byte) (at time.Time, revoked bool) {
	rest, marked := bytes.CutPrefix(plain, []byte(revocationMark))
	if !marked || len(rest) != 8 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(rest))).UTC(), true
}

// restoreRevocations sets RevokedAt of each record whose envelope holds a
// revocation to that time, whatever the record itself says.
func restoreRevocations(records []storage.Key, pairs map[string]*keyPair) {
	for i, k := range records {
		if p := pairs[k.KID]; p.isRevoked() {
			records[i].RevokedAt = p.revokedAt
		}
	}
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
