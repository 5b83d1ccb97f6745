// Package random draws from an injected source of randomness: texts, ids, and the
// lock that lets several goroutines share the source.
package random

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Bytes returns n bytes.
func Bytes(source io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(source, b); err != nil {
		return nil, fmt.Errorf("read %d random bytes: %w", n, err)
	}
	return b, nil
}

// Text returns n bytes in base64url without padding: the form of secrets and of a
// token's `jti`.
func Text(source io.Reader, n int) (string, error) {
	b, err := Bytes(source, n)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// UUIDv7 returns an id (RFC 9562 §5.7) of the given time and 74 random bits, so
// that ids sort by time and a test can fix both.
func UUIDv7(source io.Reader, at time.Time) (uuid.UUID, error) {
	id, err := uuid.NewRandomFromReader(source)
	if err != nil {
		return uuid.Nil, fmt.Errorf("generate id: %w", err)
	}
	setTime(&id, at)
	id[6] = id[6]&0x0f | 0x70
	return id, nil
}

// UUIDv7Prefix returns what the texts of all ids of this millisecond begin with,
// 13 characters. As a text it is less than every id of this time or later, and
// greater than those from before.
func UUIDv7Prefix(at time.Time) string {
	var id uuid.UUID
	setTime(&id, at)
	return id.String()[:13]
}

// setTime sets the first 48 bits to the milliseconds since 1970.
func setTime(id *uuid.UUID, at time.Time) {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
}

// Locked returns a reader that lets one goroutine at a time read from the source,
// which need not be safe for concurrent use.
func Locked(source io.Reader) io.Reader { return &lockedReader{source: source} }

type lockedReader struct {
	mu     sync.Mutex
	source io.Reader
}

func (r *lockedReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(b)
}
