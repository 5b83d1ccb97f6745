package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"example.org/signet/storage"
)

// The envelope of a sealed private key:
//
//	version (1 byte) ‖ master key id (8) ‖ nonce (12) ‖ AES-256-GCM(PKCS #8) with tag
//
// The associated data is the whole rest of the record but for RevokedAt, so an
// envelope opens only in the row and under the schedule it was made for.
const (
	envelopeVersion = 1
	masterIDSize    = 8
	headSize        = 1 + masterIDSize
)

// A sealer seals private keys under one master key. It holds keys derived from
// it, not itself.
type sealer struct {
	aead     cipher.AEAD
	masterID []byte
}

func newSealer(master MasterKey) (*sealer, error) {
	block, err := aes.NewCipher(master.Derive("seal signing keys", 32))
	if err != nil {
		return nil, fmt.Errorf("prepare the seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("prepare the seal: %w", err)
	}
	return &sealer{aead: aead, masterID: master.Derive("name the master key", masterIDSize)}, nil
}

// seal fills the fields of the record that hold the key: KID, Alg, PublicJWK
// and Sealed. All other fields must be set before, and stay.
func (s *sealer) seal(record storage.Key, p *pair, random io.Reader) (storage.Key, error) {
	public, err := p.public.MarshalJSON()
	if err != nil {
		return storage.Key{}, fmt.Errorf("marshal key %s: %w", p.kid, err)
	}
	der, err := p.marshal()
	if err != nil {
		return storage.Key{}, fmt.Errorf("marshal key %s: %w", p.kid, err)
	}
	record.KID, record.Alg, record.PublicJWK = p.kid, p.alg, public

	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return storage.Key{}, fmt.Errorf("seal key %s: %w", p.kid, err)
	}
	envelope := append([]byte{envelopeVersion}, s.masterID...)
	envelope = append(envelope, nonce...)
	record.Sealed = s.aead.Seal(envelope, nonce, der, associated(record))
	return record, nil
}

// unseal opens the record's private key and proves that it is the one the
// record names. Every failure is an *[UnsealError].
func (s *sealer) unseal(record storage.Key) (*pair, error) {
	refuse := func(reason string) (*pair, error) { return nil, &UnsealError{KID: record.KID, Reason: reason} }

	envelope := record.Sealed
	if len(envelope) < headSize+s.aead.NonceSize() {
		return refuse("the sealed key is cut short")
	}
	if envelope[0] != envelopeVersion {
		return refuse(fmt.Sprintf("unknown envelope version %d", envelope[0]))
	}
	if !bytes.Equal(envelope[1:headSize], s.masterID) {
		return refuse("sealed under another master key; give the one that this store was made with")
	}
	nonce, sealed := envelope[headSize:headSize+s.aead.NonceSize()], envelope[headSize+s.aead.NonceSize():]
	der, err := s.aead.Open(nil, nonce, sealed, associated(record))
	if err != nil {
		return refuse("the record was altered or is damaged")
	}
	p, err := parsePair(record.Alg, der)
	if err != nil {
		return refuse(err.Error())
	}
	if p.kid != record.KID {
		return refuse("the record holds another key")
	}
	return p, nil
}

// associated is the immutable part of the record, but for the sealed key, in a
// form that no two records share: every field has its length before it.
func associated(k storage.Key) []byte {
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
