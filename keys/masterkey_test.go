package keys_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"example.org/signet/keys"
)

func TestMasterKeyRoundTrip(t *testing.T) {
	k, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys.ParseMasterKey("  " + k.Encode() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Derive("a", 32), again.Derive("a", 32)) {
		t.Error("the key read is not the key written")
	}
}

func TestMasterKeyRefusals(t *testing.T) {
	good := testMasterKey(t).Encode()
	for name, text := range map[string]string{
		"empty":          "",
		"short":          base64.StdEncoding.EncodeToString(make([]byte, 31)),
		"long":           good + good,
		"one more byte":  base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("ab"), 17)[:33]),
		"not base64":     "correct horse battery staple",
		"no padding":     strings.TrimRight(good, "="),
		"spare bits":     good[:42] + "9=",
		"hex":            strings.Repeat("0123456789abcdef", 4),
		"zero":           base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"one byte again": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	} {
		t.Run(name, func(t *testing.T) {
			k, err := keys.ParseMasterKey(text)
			if err == nil || !k.IsZero() {
				t.Fatalf("accepted %q", text)
			}
			if len(text) > 8 && strings.Contains(err.Error(), text[:8]) {
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
}

func TestMasterKeyNeedsRandomness(t *testing.T) {
	if _, err := keys.NewMasterKey(iotest.ErrReader(errors.New("no entropy"))); err == nil {
		t.Error("drew a key from a broken source")
	}
	if _, err := keys.NewMasterKey(strings.NewReader("short")); err == nil {
		t.Error("drew a key from a short source")
	}
}

func TestMasterKeyRedacts(t *testing.T) {
	k := testMasterKey(t)
	holder := struct {
		Shown  keys.MasterKey
		hidden keys.MasterKey
	}{k, k}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", k, holder, &holder)
	}
	for _, v := range []any{k, holder, map[string]any{"k": k}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", k, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", k)
	for _, leak := range []string{k.Encode()[:12], "000102030405", "00 01 02", "0 1 2 3 4 5", "0, 0x1, 0x2", `\x00\x01\x02`} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q shows in:\n%s", leak, out.String())
		}
	}
}

func TestDeriveSeparatesPurposes(t *testing.T) {
	k := testMasterKey(t)
	if bytes.Equal(k.Derive("a", 32), k.Derive("b", 32)) {
		t.Error("two purposes share a key")
	}
	if got := k.Derive("a", 64); len(got) != 64 || !bytes.Equal(got[:32], k.Derive("a", 32)) {
		t.Error("a longer derivation is not a continuation of the shorter")
	}
	other, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(k.Derive("a", 32), other.Derive("a", 32)) {
		t.Error("two master keys derive the same")
	}
}

// Another derivation would open no existing store.
func TestDeriveIsStable(t *testing.T) {
	const want = "dPFfOsCNzLls4/7KNbJD3Q"
	if got := base64.RawStdEncoding.EncodeToString(testMasterKey(t).Derive("purpose", 16)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDerive_ZeroKey_Panics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("derived from the zero key")
		}
	}()
	keys.MasterKey{}.Derive("a", 32)
}

func TestMasterKeyRedactsWhenAskedDirectly(t *testing.T) {
	k := testMasterKey(t)
	text, err := k.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{k.String(), k.GoString(), string(text), k.LogValue().String()} {
		if got != "[master key]" {
			t.Errorf("shows %q", got)
		}
	}
	if (keys.MasterKey{}).Encode() != "" {
		t.Error("the zero value has a text")
	}
}
