package endpoints

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer/admin"
)

const consoleAuditVerify = "/audit/+/verify" // no event has a plus in its id

// showAuditVerify shows how far the verification of the log is, and what it found.
func (c auditPages) showAuditVerify(_ context.Context, v *consoleVisit) (console.Page, error) {
	page := console.Page{
		Name: "audit_verify", Section: console.Audit, Title: console.T("audit.verify"), Problem: v.problem,
		Trail: []console.Link{{Text: console.T("section.audit"), URL: v.url(consoleAudit)}},
	}
	if v.admin.RequireSuperAdmin() != nil {
		page.Status, page.Blocks = http.StatusForbidden, []console.Block{console.Paragraph{Text: console.T("audit.super_admin")}}
		return page, nil
	}
	done, err := v.admin.Audit().Verification()
	if err != nil {
		return page, err
	}
	page.Blocks = []console.Block{console.Paragraph{Text: console.T("audit.verify_hint"), Hint: true}}
	switch done.State {
	case admin.VerificationRunning:
		page.Blocks = append(page.Blocks,
			console.Paragraph{Text: console.T("audit.verify_running", "number", done.Events)},
			console.Actions{{Text: console.T("audit.verify_look"), URL: v.url(consoleAuditVerify)}})
		return page, nil
	case admin.VerificationFailed:
		page.Blocks = append(page.Blocks, console.Paragraph{Text: console.T("audit.verify_failed")})
	case admin.VerificationDone:
		page.Blocks = append(page.Blocks, verifiedBlocks(v, done)...)
	}
	page.Blocks = append(page.Blocks, console.Form{Action: v.url(consoleAuditVerify), Submit: console.T("audit.verify_start")})
	return page, nil
}

// verifiedBlocks shows the report of a verification.
func verifiedBlocks(v *consoleVisit, done admin.AuditVerification) []console.Block {
	r, ended := done.Report, time.Time{}
	if done.EndedAt != nil {
		ended = *done.EndedAt
	}
	verdict := console.Badge{Text: console.T("audit.intact")}
	if !r.OK {
		verdict = console.Badge{Text: console.T("audit.not_intact"), Kind: console.Warn}
	}
	number := func(n int64) console.Cell { return console.Lit(strconv.FormatInt(n, 10)) }
	blocks := []console.Block{console.Facts{
		{Name: console.T("audit.verdict"), Value: verdict},
		{Name: console.T("audit.verified_at"), Value: console.Time(ended)},
		{Name: console.T("audit.events"), Value: number(r.Events)},
		{Name: console.T("audit.chains"), Value: number(r.Chains)},
		{Name: console.T("audit.oldest"), Value: console.Time(r.Since)},
		{Name: console.T("audit.newest"), Value: console.Time(r.Until)},
		{Name: console.T("audit.faults"), Value: number(r.FaultCount)},
	}}
	if len(r.Faults) == 0 {
		return blocks
	}
	t := console.Table{Caption: console.T("audit.faults_caption"), Columns: []console.Column{{Title: console.T("audit.event")}, {Title: console.T("audit.type")}, {Title: console.T("audit.detail")}}}
	for _, f := range r.Faults {
		t.Rows = append(t.Rows, console.Row{Cells: []console.Cell{
			console.Link{Text: console.Lit(f.Event), URL: v.url(consoleAuditEvent, "event", f.Event)}, console.Mono(f.Kind), console.Lit(f.Detail),
		}})
	}
	return append(blocks, t)
}

func (c auditPages) startAuditVerify(ctx context.Context, v *consoleVisit) (consoleDone, error) {
	_, err := v.admin.Audit().StartVerification(ctx)
	return consoleDone{}, v.explain(err)
}
