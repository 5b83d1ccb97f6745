package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

func newAudit(p *process) *cobra.Command {
	return group("audit", "Read the audit log, and verify that nobody changed it", newAuditList(p), newAuditExport(p), newAuditVerify(p))
}

// selection is the flags that select audit events.
type selection struct {
	filter       storage.AuditFilter
	since, until string
}

func (s *selection) add(f *pflag.FlagSet) {
	f.StringVar(&s.filter.Type, "type", "", "only events of `TYPE`, such as login.failed")
	f.StringVar(&s.filter.Actor, "actor", "", "only what `ID` did: a user or client id, cli, or signet itself")
	f.StringVar(&s.filter.Target, "target", "", "only what was done to `ID`: a user, client, session, role, key or event")
	f.StringVar(&s.filter.ClientID, "client", "", "only what came by way of `CLIENT`")
	f.StringVar(&s.since, "since", "", "only from `TIME` on: RFC 3339, a date, or an age such as 24h")
	f.StringVar(&s.until, "until", "", "only before `TIME`")
}

func (s *selection) resolve(now time.Time) (storage.AuditFilter, error) {
	var err error
	if s.filter.Since, err = instant("since", s.since, now); err != nil {
		return s.filter, err
	}
	s.filter.Until, err = instant("until", s.until, now)
	return s.filter, err
}

// instant reads a time, or how long ago it was.
func instant(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, err := time.ParseDuration(text); err == nil {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usage("--%s: must be a time such as 2026-11-24T10:00:00Z, a date, or an age such as 24h", flag)
}

func newAuditList(p *process) *cobra.Command {
	s := newSettings()
	var pages paging
	var which selection
	c := &cobra.Command{
		Use: "list", Short: "List audit events, the newest first", Args: names(),
		Long: "List audit events, the newest first. The event of an administrative change is written before the change; where\n" +
			"that then failed, an event change.failed targets it.",
		Example: "  signet audit list --type login.failed --since 24h\n  signet audit list --target 0190f5c4-7e1a-7b3c-9d2e-5f6a7b8c9d0e --output json",
	}
	which.add(c.Flags())
	oldest := c.Flags().Bool("oldest-first", false, "list the oldest first")
	pages.add(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		filter, err := which.resolve(o.now())
		if err != nil {
			return err
		}
		filter.Newest = !*oldest
		events, err := o.issuer.ListAudit(ctx, filter, page)
		if err != nil {
			return fmt.Errorf("list the audit log: %w", err)
		}
		defer o.more(events.Next)
		return o.answer(events, func(w io.Writer) { writeEvents(w, events.Items) })
	})
}

func writeEvents(w io.Writer, events []issuer.AuditEvent) {
	rows := make([][]string, len(events))
	for n, e := range events {
		rows[n] = []string{e.At.UTC().Format(time.RFC3339), e.Type, printable(e.Actor), printable(e.Target), printable(e.ClientID), e.Address, printable(e.Detail)}
	}
	writeTable(w, []string{"TIME", "TYPE", "ACTOR", "TARGET", "CLIENT", "ADDRESS", "DETAIL"}, rows)
}

// printable keeps a value on its line and in its column.
func printable(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			quoted := strconv.Quote(s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return s
}

func newAuditExport(p *process) *cobra.Command {
	s := newSettings()
	var which selection
	c := &cobra.Command{
		Use: "export", Short: "Write audit events as JSON lines, the oldest first, with what chains them", Args: names(),
		Example: "  signet audit export > audit.jsonl\n  signet audit export --since 2026-11-01 --until 2026-12-01 | gzip > november.jsonl.gz",
	}
	which.add(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, _ []string) error {
		filter, err := which.resolve(o.now())
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(ctx)
		defer stop()
		out := bufio.NewWriterSize(o.stdout, 64<<10)
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		err = o.issuer.ExportAudit(ctx, filter, func(e issuer.AuditEvent) error { return lines.Encode(e) })
		return errors.Join(err, out.Flush())
	})
}

func newAuditVerify(p *process) *cobra.Command {
	s := newSettings()
	var against string
	c := &cobra.Command{
		Use: "verify", Short: "Show whether the audit log is as it was written", Args: names(),
		Long: "Walk through the whole log and look for events that were altered, taken away or put in. The exit status is 1 if\n" +
			"there are any. What was written last, and nothing else speaks of yet, can be cut off unnoticed; keep reports\n" +
			"elsewhere, and verify against them.",
		Example: "  signet audit verify\n  signet audit verify --output json > report.json     keep it where nobody who can reach the store can\n" +
			"  signet audit verify --against report.json",
	}
	c.Flags().StringVar(&against, "against", "", "`FILE` with the JSON report of an earlier verification: all that was there then must be there still")
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, _ []string) error {
		tips, err := earlierTips(against)
		if err != nil {
			return err
		}
		report, err := o.issuer.VerifyAudit(ctx, append([]keys.MasterKey{o.master.Master()}, o.master.Others()...), tips)
		if err != nil {
			return fmt.Errorf("verify the audit log: %w", err)
		}
		if err := o.answer(report, func(w io.Writer) { writeReport(w, report) }); err != nil {
			return err
		}
		if !report.OK {
			return hint(fmt.Errorf("the audit log is not as it was written: %d faults", report.FaultCount), "docs/audit.md says what each means")
		}
		return nil
	})
}

// maxReport bounds an earlier report, in bytes.
const maxReport = 16 << 20

func earlierTips(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("--against: %w", err)
	}
	text, err := readBounded(path, maxReport)
	if err != nil {
		return nil, fmt.Errorf("--against: %w", err)
	}
	var report audit.Report
	if err := json.Unmarshal(text, &report); err != nil || report.Tips == nil {
		return nil, hint(errors.New("--against: this is no report of signet audit verify"), "signet audit verify --output json makes one")
	}
	return report.Tips, nil
}

func writeReport(w io.Writer, r audit.Report) {
	for _, f := range r.Faults {
		fmt.Fprintln(w, f)
	}
	if n := r.FaultCount - int64(len(r.Faults)); n > 0 {
		fmt.Fprintf(w, "and %d more\n", n)
	}
	unchained := ""
	if r.Unchained > 0 {
		unchained = fmt.Sprintf("%d, from before events were chained; nothing protects these", r.Unchained)
	}
	whole := "yes"
	if !r.OK {
		whole = "NO"
	}
	writeFields(w, "as it was written", whole, "events", strconv.FormatInt(r.Events, 10), "chains", strconv.FormatInt(r.Chains, 10), "without a chain", unchained,
		"from", moment(r.Since), "to", moment(r.Until), "swept up to", moment(r.Swept))
}
