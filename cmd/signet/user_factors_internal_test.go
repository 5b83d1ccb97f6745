package main

import (
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/factor"
)

// A user with a passkey and no app is not said to sign in by the password alone.
func TestWriteFactors_PasskeyWithoutApp(t *testing.T) {
	at := time.Date(2026, 11, 30, 22, 15, 0, 0, time.UTC)
	const alone = "the password alone signs the user in"
	var out strings.Builder
	writeFactors(&out, factor.Summary{Passkeys: []factor.PasskeyEntry{{Name: "Laptop", Entry: factor.Entry{CreatedAt: at}}}})
	if got := out.String(); strings.Contains(got, alone) || !strings.Contains(got, `"Laptop" since 2026-11-30T22:15:00Z, last used never`) {
		t.Errorf("with a passkey:\n%s", got)
	}
	out.Reset()
	writeFactors(&out, factor.Summary{})
	if got := out.String(); !strings.Contains(got, alone) {
		t.Errorf("without any:\n%s", got)
	}
}
