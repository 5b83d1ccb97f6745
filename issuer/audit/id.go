package audit

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// idGenerator draws UUIDv7 (RFC 9562 §5.7) that rise strictly, also when the clock does
// not: after the milliseconds comes a counter (§6.2, method 1).
type idGenerator struct {
	random io.Reader
	last   int64 // milliseconds and counter of the last id
}

// counterBits is the room after the version of a UUIDv7.
const counterBits = 12

func (i *idGenerator) next(at time.Time) (string, error) {
	id, err := uuid.NewRandomFromReader(i.random)
	if err != nil {
		return "", fmt.Errorf("generate id: %w", err)
	}
	i.last = max(at.UnixMilli()<<counterBits, i.last+1)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(i.last>>counterBits))
	copy(id[:6], b[2:])
	binary.BigEndian.PutUint16(id[6:8], 0x7000|uint16(i.last&(1<<counterBits-1)))
	return id.String(), nil
}

// minID is less than every id that was drawn at t or later, and greater than those
// from before, as texts.
func minID(t time.Time) string {
	var id uuid.UUID
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(t.UnixMilli()))
	copy(id[:6], b[2:])
	return id.String()[:13]
}
