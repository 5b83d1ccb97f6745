package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"example.org/signet/keys"
)

// keyInfo is a key as the command line shows it.
type keyInfo struct {
	KID           string           `json:"kid"`
	Alg           string           `json:"alg"`
	State         string           `json:"state"`
	AgeSeconds    int64            `json:"age_seconds"`
	CreatedAt     time.Time        `json:"created_at"`
	ActivatesAt   *time.Time       `json:"activates_at,omitempty"`   // when it started or will start to sign
	RetiresAt     *time.Time       `json:"retires_at,omitempty"`     // when another takes over
	UnpublishedAt *time.Time       `json:"unpublished_at,omitempty"` // when it leaves the JWKS
	RevokedAt     *time.Time       `json:"revoked_at,omitempty"`
	Next          *keys.Transition `json:"next_change,omitempty"`
}

type keyList struct {
	Items []keyInfo `json:"items"`
}

// listKeys describes all keys, each with the next thing that happens to it.
func listKeys(k *keys.Manager) (keyList, error) {
	plan, err := k.Plan(keys.PlanRequest{})
	if err != nil {
		return keyList{}, err
	}
	l := keyList{Items: make([]keyInfo, len(plan.Keys))}
	for n, i := range plan.Keys {
		l.Items[n] = keyInfo{
			KID: i.KID, Alg: i.Alg, State: string(i.State), AgeSeconds: int64(max(0, plan.At.Sub(i.CreatedAt)) / time.Second),
			CreatedAt: i.CreatedAt, ActivatesAt: timePtr(i.ActivatesAt), RetiresAt: timePtr(i.RetiresAt), UnpublishedAt: timePtr(i.UnpublishedAt), RevokedAt: timePtr(i.RevokedAt),
		}
		if next, ok := plan.Next(i.KID); ok {
			l.Items[n].Next = &next
		}
	}
	return l, nil
}

// timePtr returns nil for the zero time.
func timePtr(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func newKeysList(p *process) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List the signing keys: state, age, next change", Args: exactArgs(),
		Example: "  signet keys list\n  signet keys list --output json",
	}
	return withKeys(p, c, func(_ context.Context, ac *adminContext, k *keys.Manager, _ []string) error {
		l, err := listKeys(k)
		if err != nil {
			return err
		}
		return ac.printResult(l, func(w io.Writer) { writeKeys(w, l, ac.now()) })
	})
}

func writeKeys(w io.Writer, l keyList, now time.Time) {
	rows := make([][]string, len(l.Items))
	for n, i := range l.Items {
		rows[n] = []string{i.KID, i.Alg, i.State, formatDuration(time.Duration(i.AgeSeconds) * time.Second), signsFrom(i), formatOptionalTime(i.RetiresAt), nextChange(i, now)}
	}
	writeTable(w, []string{"KID", "ALG", "STATE", "AGE", "SIGNS FROM", "UNTIL", "NEXT CHANGE"}, rows)
}

func nextChange(i keyInfo, now time.Time) string {
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

func signsFrom(i keyInfo) string {
	switch {
	case i.ActivatesAt != nil:
		return formatTime(*i.ActivatesAt)
	case i.State == string(keys.Standby):
		return "not yet"
	}
	return "never"
}
