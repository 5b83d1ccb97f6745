package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

func newKeysList(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List the signing keys: state, age, next change", Args: exactArgs(),
		Example: "  signet keys list\n  signet keys list --output json",
	}
	return withKeys(p, c, func(ctx context.Context, ac *adminContext, _ []string) error {
		l, err := ac.admin.Keys().List(ctx)
		if err != nil {
			return err
		}
		return ac.printResult(l, func(w io.Writer) { writeKeys(w, l, ac.now()) })
	})
}

func writeKeys(w io.Writer, l admin.KeyList, now time.Time) {
	rows := make([][]string, len(l.Items))
	for n, i := range l.Items {
		rows[n] = []string{i.KID, i.Alg, string(i.State), formatDuration(time.Duration(i.AgeSeconds) * time.Second), signsFrom(i), formatOptionalTime(i.RetiresAt), nextChange(i, now)}
	}
	writeTable(w, []string{"KID", "ALG", "STATE", "AGE", "SIGNS FROM", "UNTIL", "NEXT CHANGE"}, rows)
}

func nextChange(i admin.Key, now time.Time) string {
	switch {
	case i.RevokedAt != nil:
		return "none: revoked at " + formatTime(*i.RevokedAt)
	case i.Next == nil:
		return "none known"
	}
	words := map[string]string{string(keys.Active): "starts to sign at ", string(keys.Retired): "retires at ", string(keys.Expired): "leaves the JWKS at "}
	return words[string(i.Next.To)] + formatTimeUntil(i.Next.At, now)
}

// formatTimeUntil formats a time and, if it lies ahead, the duration until then.
func formatTimeUntil(t, now time.Time) string {
	if wait := t.Sub(now); wait > 0 {
		return formatTime(t) + ", in " + formatDuration(wait)
	}
	return formatTime(t)
}

// formatDuration formats a duration in its largest units: 29d23h, 4h12m, 7m30s, 58s.
func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return d.Truncate(time.Second).String()
}

func signsFrom(i admin.Key) string {
	switch {
	case i.ActivatesAt != nil:
		return formatTime(*i.ActivatesAt)
	case i.State == keys.Standby:
		return "not yet"
	}
	return "never"
}
