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

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

func newAudit(p *process) *cobra.Command {
	return commandGroup("audit", "Read the audit log, and verify that nobody changed it", newAuditList(p), newAuditExport(p), newAuditVerify(p))
}

// auditFlags are the flags that filter audit events.
type auditFlags struct {
	filter       storage.AuditFilter
	since, until string
}

func (s *auditFlags) add(f *pflag.FlagSet) {
	f.StringVar(&s.filter.Type, "type", "", "only events of `TYPE`, such as login.failed; login. for all that begin so")
	f.StringVar(&s.filter.Actor, "actor", "", "only what `WHO` did: a user's name, e-mail or id, a client, cli, or signet itself")
	f.StringVar(&s.filter.Target, "target", "", "only what was done to `WHAT`: a user's name, e-mail or id, a client, session, role, key or event")
	f.StringVar(&s.filter.Person, "person", "", "only what `WHO` did or what was done to them: a user's name, e-mail or id")
	f.StringVar(&s.filter.RequestID, "request-id", "", "only of the request of that `ID`, as the access log and the error pages name it")
	f.StringVar(&s.filter.ClientID, "client", "", "only what came by way of `CLIENT`")
	f.StringVar(&s.since, "since", "", "only from `TIME` on: RFC 3339, a date, or an age such as 24h")
	f.StringVar(&s.until, "until", "", "only before `TIME`")
}

// resolve returns the filter, with times parsed and names replaced by ids.
func (s *auditFlags) resolve(ctx context.Context, ac *adminContext) (storage.AuditFilter, error) {
	var err error
	now := ac.now()
	if s.filter.Since, err = parseTimeFlag("since", s.since, now); err != nil {
		return s.filter, err
	}
	if s.filter.Until, err = parseTimeFlag("until", s.until, now); err != nil {
		return s.filter, err
	}
	if err := ac.checkEventType(ctx, s.filter.Type); err != nil {
		return s.filter, err
	}
	return s.filter, ac.resolveNames(ctx, &s.filter)
}

// parseTimeFlag parses a point in time, or an age before now.
func parseTimeFlag(flag, text string, now time.Time) (time.Time, error) {
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
	return time.Time{}, usageErrorf("--%s: must be a time such as 2026-11-24T10:00:00Z, a date, or an age such as 24h", flag)
}

func newAuditList(p *process) *cobra.Command {
	s := newSettings()
	var pages pageFlags
	var flags auditFlags
	c := &cobra.Command{
		Use: "list", Short: "List audit events, the newest first", Args: exactArgs(),
		Long: "List audit events, the newest first. The event of an administrative change is written before the change; where\n" +
			"that then failed, an event change.failed targets it.",
		Example: "  signet audit list --type login.failed --since 24h\n  signet audit list --actor alice\n  signet audit list --target alice@example.com --output json",
	}
	flags.add(c.Flags())
	oldest := c.Flags().Bool("oldest-first", false, "list the oldest first")
	pages.add(c.Flags())
	s.offer(c.Flags(), &s.outputSettings)
	return p.withAdmin(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		page, err := pages.page()
		if err != nil {
			return err
		}
		filter, err := flags.resolve(ctx, ac)
		if err != nil {
			return err
		}
		filter.Newest = !*oldest
		events, err := ac.admin.Audit().List(ctx, filter, page)
		if err != nil {
			return listError(c, "the audit log", err)
		}
		defer ac.printNextPage(events.Next)
		return ac.printResult(events, func(w io.Writer) { writeEvents(w, events.Items) })
	})
}

func writeEvents(w io.Writer, events []admin.AuditEvent) {
	rows := make([][]string, len(events))
	for n, e := range events {
		rows[n] = []string{e.At.UTC().Format(time.RFC3339), e.Type, escapeUnprintable(e.Actor), escapeUnprintable(e.Target), escapeUnprintable(e.ClientID), e.Address, escapeUnprintable(e.Detail)}
	}
	writeTable(w, []string{"TIME", "TYPE", "ACTOR", "TARGET", "CLIENT", "ADDRESS", "DETAIL"}, rows)
}

// escapeUnprintable escapes characters that would break a table row, or that a terminal obeys.
func escapeUnprintable(s string) string {
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
	var flags auditFlags
	c := &cobra.Command{
		Use: "export", Short: "Write audit events as JSON lines, the oldest first, with their hash chain", Args: exactArgs(),
		Example: "  signet audit export > audit.jsonl\n  signet audit export --since 2026-11-01 --until 2026-12-01 | gzip > november.jsonl.gz",
	}
	flags.add(c.Flags())
	return p.withStore(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		filter, err := flags.resolve(ctx, ac)
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(ctx)
		defer stop()
		out := bufio.NewWriterSize(ac.stdout, 64<<10)
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		err = ac.operator.Audit().Export(ctx, filter, func(e admin.AuditEvent) error { return lines.Encode(e) })
		return errors.Join(err, out.Flush())
	})
}

func newAuditVerify(p *process) *cobra.Command {
	s := newSettings()
	var against string
	c := &cobra.Command{
		Use: "verify", Short: "Verify the integrity of the audit log", Args: exactArgs(),
		Long: "Check the whole log for events that were altered, removed or inserted. The exit status is 1 if\n" +
			"there are any. What was written last, and nothing else speaks of yet, can be cut off unnoticed; keep reports\n" +
			"elsewhere, and verify against them.",
		Example: "  signet audit verify\n  signet audit verify --output json > report.json     keep it where nobody who can reach the store can\n" +
			"  signet audit verify --against report.json",
	}
	c.Flags().StringVar(&against, "against", "", "`FILE` with the JSON report of an earlier verification: all that was there then must be there still")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withStore(c, s, mustExist, func(ctx context.Context, ac *adminContext, _ []string) error {
		heads, err := previousChainHeads(against)
		if err != nil {
			return err
		}
		since, err := ac.oldestKey(ctx)
		if err != nil {
			return fmt.Errorf("verify the audit log: %w", err)
		}
		report, err := ac.operator.Audit().Verify(ctx, append([]keys.MasterKey{ac.master.Primary()}, ac.master.DecryptOnly()...), heads, since)
		if err != nil {
			return fmt.Errorf("verify the audit log: %w", err)
		}
		if err := ac.printResult(report, func(w io.Writer) { writeReport(w, report) }); err != nil {
			return err
		}
		if !report.OK {
			return withHint(fmt.Errorf("the audit log is not intact: %s", countOf(report.FaultCount, "fault", "faults")), "docs/audit.md says what each means")
		}
		return nil
	})
}

// oldestKey is when the oldest signing key was made, the zero time where there is none:
// the audit log must not have begun after it.
func (ac *adminContext) oldestKey(ctx context.Context) (oldest time.Time, err error) {
	all, err := ac.store.ListKeys(ctx)
	for _, k := range all {
		if oldest.IsZero() || k.CreatedAt.Before(oldest) {
			oldest = k.CreatedAt
		}
	}
	return oldest, err
}

// maxReport bounds an earlier report, in bytes.
const maxReport = 16 << 20

func previousChainHeads(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("--against: %w", err)
	}
	data, err := readBounded(path, maxReport)
	if err != nil {
		return nil, fmt.Errorf("--against: %w", err)
	}
	var report audit.Report
	if err := json.Unmarshal(data, &report); err != nil || report.ChainHeads == nil {
		return nil, withHint(errors.New("--against: this is not a report of signet audit verify"), "signet audit verify --output json makes one")
	}
	return report.ChainHeads, nil
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
		unchained = strconv.FormatInt(r.Unchained, 10)
	}
	intact := "yes"
	if !r.OK {
		intact = "NO"
	}
	writeFields(w, "intact", intact, "begun", formatTime(r.Began), "events", strconv.FormatInt(r.Events, 10), "chains", strconv.FormatInt(r.Chains, 10), "without a chain", unchained,
		"from", formatTime(r.Since), "to", formatTime(r.Until), "swept up to", formatTime(r.Swept))
}
