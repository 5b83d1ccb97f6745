package audit

import (
	"encoding/binary"
	"io"
	"time"

	"example.org/signet/internal/random"
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
	last := max(at.UnixMilli()<<counterBits, i.last+1)
	id, err := random.UUIDv7(i.random, time.UnixMilli(last>>counterBits))
	if err != nil {
		return "", err
	}
	i.last = last
	binary.BigEndian.PutUint16(id[6:8], 0x7000|uint16(i.last&(1<<counterBits-1)))
	return id.String(), nil
}

// maxWriteIDs is more than one write can take.
const maxWriteIDs = 1 << 16

// skip returns a generator whose ids come after those of the next n at that time.
func (i idGenerator) skip(at time.Time, n int64) idGenerator {
	i.last = max(at.UnixMilli()<<counterBits, i.last) + n
	return i
}
