package status

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"
	"testing"

	"example.org/signet/storage"
)

func unpack(t *testing.T, lst string) []byte {
	t.Helper()
	packed, err := base64.RawURLEncoding.DecodeString(lst)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of the draft's §4.1 and §4.2.
func TestDraftExample(t *testing.T) {
	var l storage.StatusList
	if !set(&l, []int64{0, 3, 4, 5, 7, 8, 9, 13, 15}) || l.Bits[0] != 0xB9 || l.Bits[1] != 0xA3 {
		t.Fatalf("bits % x", l.Bits[:2])
	}
	if set(&l, []int64{0, 15}) {
		t.Error("bits that were set changed something")
	}
	want := unpack(t, "eNrbuRgAAhcBXQ")
	if got := unpack(t, compress(l.Bits[:2])); !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestListHasItsFullSize(t *testing.T) {
	for _, bits := range [][]byte{nil, {}, make([]byte, storage.StatusListSize/8)} {
		if got := unpack(t, encode(bits)); !bytes.Equal(got, make([]byte, storage.StatusListSize/8)) {
			t.Errorf("%d bytes", len(got))
		}
	}
	if n := len(encode(nil)); n > 64 {
		t.Errorf("an empty list takes %d characters", n)
	}
}

// What lies below the first list is no index, whatever a record says.
func TestNoIndex(t *testing.T) {
	ended := map[int64][]int64{}
	for _, index := range []int64{0, -1, -1 << 40, 1, storage.StatusListSize - 1} {
		group(ended, index)
	}
	if len(ended) != 0 {
		t.Errorf("filed %v", ended)
	}
	b := New(Config{Prefix: "x/"}, nil, nil)
	if b.Claim(0) != nil || b.Claim(-1) != nil {
		t.Error("nobody's index has a claim")
	}
	if c := b.Claim(3*storage.StatusListSize + 7); c.List != (Reference{7, "x/3"}) {
		t.Errorf("%+v", c)
	}
}
