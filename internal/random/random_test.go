package random_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"example.org/signet/internal/random"
)

func TestText_IsBase64URLOfAllBytes(t *testing.T) {
	source := bytes.NewReader([]byte{0xfb, 0xff, 0xfe, 1})
	if got, err := random.Text(source, 4); err != nil || got != "-__-AQ" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := random.Text(source, 1); err == nil {
		t.Errorf("drew %q from an empty source", got)
	}
}

func TestUUIDv7_HoldsTimeAndRandomBits(t *testing.T) {
	at := time.UnixMilli(0x0123456789ab)
	id, err := random.UUIDv7(bytes.NewReader(bytes.Repeat([]byte{0xff}, 16)), at)
	if err != nil || id.String() != "01234567-89ab-7fff-bfff-ffffffffffff" || id.Version() != 7 {
		t.Errorf("got %s, %v", id, err)
	}
	if got := random.UUIDv7Prefix(at); got != id.String()[:13] {
		t.Errorf("prefix %s", got)
	}
	if _, err := random.UUIDv7(iotest.ErrReader(errors.New("no randomness")), at); err == nil {
		t.Error("drawn without randomness")
	}
}

func TestUUIDv7Prefix_SortsBetweenTimes(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000)
	before, _ := random.UUIDv7(rand.Reader, at.Add(-time.Millisecond))
	same, _ := random.UUIDv7(rand.Reader, at)
	if p := random.UUIDv7Prefix(at); before.String() >= p || same.String() < p {
		t.Errorf("%s, %s, %s", before, p, same)
	}
}

// counter is a source whose reads follow each other, and that shows if two overlap.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		c.n++
		b[i] = c.n
	}
	return len(b), nil
}

func TestLocked_OneReadAtATime(t *testing.T) {
	r := random.Locked(&counter{})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			b := make([]byte, 4)
			if _, err := io.ReadFull(r, b); err != nil {
				t.Error(err)
			}
			if b[1] != b[0]+1 || b[3] != b[2]+1 {
				t.Errorf("torn read %v", b)
			}
		})
	}
	wg.Wait()
}
