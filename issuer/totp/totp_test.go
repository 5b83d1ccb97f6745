package totp_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.org/signet/issuer/totp"
)

var seed = []byte("12345678901234567890")

// RFC 6238, appendix B, of SHA-1: the last six of the eight digits.
func TestCode_VectorsOfRFC6238(t *testing.T) {
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := totp.Code(seed, totp.Step(time.Unix(at, 0))); got != want[2:] {
			t.Errorf("at %d: %s, want %s", at, got, want[2:])
		}
	}
}

// RFC 4226, appendix D.
func TestCode_VectorsOfRFC4226(t *testing.T) {
	for step, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := totp.Code(seed, int64(step)); got != want {
			t.Errorf("step %d: %s, want %s", step, got, want)
		}
	}
}

func TestCheck_Window(t *testing.T) {
	now := time.Unix(2_000_000_015, 0)
	current := totp.Step(now)
	for name, c := range map[string]struct {
		step, last int64
		ok         bool
	}{
		"the current step":                {current, 0, true},
		"the step before":                 {current - 1, 0, true},
		"two steps before":                {current - 2, 0, false},
		"the next step":                   {current + 1, 0, false},
		"used already":                    {current, current, false},
		"the one before, current used":    {current - 1, current, false},
		"the current one, one used":       {current, current - 1, true},
		"the one before, used":            {current - 1, current - 1, false},
		"a clock that was set back since": {current, current + 100, false},
	} {
		step, ok := totp.Check(seed, totp.Code(seed, c.step), c.last, now)
		if ok != c.ok || ok && step != c.step {
			t.Errorf("%s: step %d, %v; want %v", name, step-current, ok, c.ok)
		}
	}
}

func TestCheck_Forms(t *testing.T) {
	now := time.Unix(59, 0) // code 287082
	for code, want := range map[string]bool{
		"287082": true, " 287 082 ": true, "287\u00a0082": true, "28708": false, "2870822": false, "": false, "287-082": false, "28708２": false, "94287082": false,
	} {
		if _, ok := totp.Check(seed, code, -1, now); ok != want {
			t.Errorf("%q: %v, want %v", code, ok, want)
		}
	}
}

// A code is accepted once, however often it is tried.
func TestCheck_StepsGoUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 10, 64).Draw(t, "seed")
		last := int64(0)
		for range 20 {
			now := time.Unix(rapid.Int64Range(30, 40_000).Draw(t, "now"), 0)
			code := totp.Code(seed, totp.Step(now)-rapid.Int64Range(-2, 3).Draw(t, "drift"))
			step, ok := totp.Check(seed, code, last, now)
			if !ok {
				continue
			}
			if step <= last || step > totp.Step(now) || step < totp.Step(now)-1 {
				t.Fatalf("accepted step %d at %d after %d", step, totp.Step(now), last)
			}
			last = step
			if _, again := totp.Check(seed, code, last, now); again && totp.Code(seed, totp.Step(now)) != totp.Code(seed, totp.Step(now)-1) {
				t.Fatal("accepted twice")
			}
		}
	})
}

func TestSeed_EncodedAndDecoded(t *testing.T) {
	s, err := totp.NewSeed(strings.NewReader("abcdefghijklmnopqrstuvwxyz"))
	if err != nil || len(s) != totp.SeedSize {
		t.Fatalf("%d bytes, %v", len(s), err)
	}
	text := totp.Encode(s)
	for _, form := range []string{text, strings.ToLower(text), text[:4] + " " + text[4:8] + "-" + text[8:] + "="} {
		if got, err := totp.Decode(form); err != nil || !bytes.Equal(got, s) {
			t.Errorf("%q: %x, %v", form, got, err)
		}
	}
	for _, bad := range []string{"", "A", "MFRGGZDF", "0189", strings.Repeat("A", 300), "äöü"} {
		if _, err := totp.Decode(bad); !errors.Is(err, totp.ErrSeed) {
			t.Errorf("%q: %v, want ErrSeed", bad, err)
		}
	}
	if _, err := totp.NewSeed(strings.NewReader("short")); err == nil {
		t.Error("a seed of five bytes")
	}
}

func TestURI_AsAppsReadIt(t *testing.T) {
	u, err := url.Parse(totp.URI(seed, "Acme: Ltd & Co", "ann+x@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Acme Ltd & Co:ann+x@example.org" {
		t.Errorf("%s", u)
	}
	q := u.Query()
	if got := fmt.Sprint(q["secret"], q["digits"], q["period"], q["algorithm"]); got != "[GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ] [6] [30] [SHA1]" {
		t.Errorf("%s", got)
	}
	if strings.Contains(u.RawQuery, "+") {
		t.Errorf("a plus sign, which some apps show: %s", u.RawQuery)
	}
}

func TestQR_HasFindersAndWhiteAround(t *testing.T) {
	q, err := totp.NewQR(totp.URI(seed, "Signet", "ann"))
	if err != nil {
		t.Fatal(err)
	}
	// The first row of a QR code begins with the seven dark modules of a finder pattern.
	if !strings.HasPrefix(q.Path, "M4 4h7v1h-7z") || q.Size < 21+8 {
		t.Errorf("size %d, path %.40s", q.Size, q.Path)
	}
	if _, err := totp.NewQR(strings.Repeat("x", 5000)); err == nil {
		t.Error("a text too long for any QR code")
	}
}
