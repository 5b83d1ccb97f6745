package issuer

import (
	"crypto/rand"
	"math"
	"strings"
	"testing"

	"example.org/signet/internal/random"
)

// uniqueSamples is how many values are drawn to see that none comes twice, some how many
// of them are looked at bit by bit.
const uniqueSamples, bitSamples = 1_000_000, 100_000

// wantUnbiased demands that every bit of n draws is one about as often as not. Six
// standard deviations are passed by chance once in a run of half a billion.
func wantUnbiased(t *testing.T, what string, ones []int, n int) {
	t.Helper()
	for bit, count := range ones {
		if math.Abs(float64(count)-float64(n)/2) > 6*math.Sqrt(float64(n))/2 {
			t.Errorf("bit %d of a %s is one in %d of %d draws", bit, what, count, n)
		}
	}
}

func countOnes(ones []int, value []byte) {
	for i, b := range value {
		for bit := range 8 {
			ones[8*i+bit] += int(b >> bit & 1)
		}
	}
}

// R23: the random part of refresh tokens has 128 bits and never comes twice.
func TestHandlesDiffer(t *testing.T) {
	codec := newRefreshCodec(rand.Reader, testMaster(t))
	seen, ones := make(map[handle]struct{}, uniqueSamples), make([]int, 128)
	for n := range uniqueSamples {
		h, err := codec.newHandle()
		if err != nil {
			t.Fatal(err)
		}
		seen[h] = struct{}{}
		if n < bitSamples {
			countOnes(ones, h[:])
		}
	}
	if len(seen) != uniqueSamples {
		t.Errorf("%d handles came again", uniqueSamples-len(seen))
	}
	wantUnbiased(t, "handle", ones, bitSamples)
}

// J27: a jti has 160 random bits and never comes twice, also of instances that
// know nothing of each other.
func TestTokenIDsDiffer(t *testing.T) {
	seen := make(map[string]struct{}, uniqueSamples)
	for range uniqueSamples {
		jti, err := random.Text(rand.Reader, tokenIDBytes)
		if err != nil {
			t.Fatal(err)
		}
		if len(jti)*6 < 160 {
			t.Fatalf("a jti of %d characters", len(jti))
		}
		seen[jti] = struct{}{}
	}
	if len(seen) != uniqueSamples {
		t.Errorf("%d ids came again", uniqueSamples-len(seen))
	}
}

// R23: the OpenID Foundation's suite computes the Shannon entropy of one token's
// characters, and demands 96 bits.
func TestRefreshTokensAreDense(t *testing.T) {
	codec := newRefreshCodec(rand.Reader, testMaster(t))
	for generation := range int64(1000) {
		h, err := codec.newHandle()
		if err != nil {
			t.Fatal(err)
		}
		token := strings.TrimPrefix(codec.token(h, generation), refreshPrefix)
		if bits := shannon(token); bits < 96 {
			t.Fatalf("a token of %.0f bits", bits)
		}
	}
}

// shannon is the entropy of a text's characters, times their number.
func shannon(text string) (bits float64) {
	counts := map[rune]float64{}
	for _, c := range text {
		counts[c]++
	}
	for _, n := range counts {
		bits -= n * math.Log2(n/float64(len(text)))
	}
	return bits
}
