package endpoints

import (
	"context"
	"encoding/json"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/storage"
)

const consoleAuditExport = "/audit/+/export" // no event has a plus in its id

// maxConsoleExport bounds the events of one page of an export.
const maxConsoleExport = 500

// auditWays leads to what else can be done with the log.
func (c auditPages) auditWays(v *consoleVisit, s auditSearch) console.Block {
	return console.Actions{{Text: console.T("audit.export"), URL: v.url(consoleAuditExport, s.pairs()...)}, {Text: console.T("audit.verify"), URL: v.url(consoleAuditVerify)}}
}

// showAuditExport shows the events of the search as JSON lines, to copy or to save.
func (c auditPages) showAuditExport(ctx context.Context, v *consoleVisit) (console.Page, error) {
	search := readAuditSearch(v)
	page := console.Page{Name: "audit_export", Section: console.Audit, Title: console.T("audit.export"), Trail: []console.Link{{Text: console.T("section.audit"), URL: v.url(consoleAudit, search.pairs()...)}}}
	filter, err := c.auditFilter(ctx, v, search)
	if err != nil || !v.problem.IsZero() {
		page.Problem = v.problem
		return page, err
	}
	list, err := v.admin.Audit().List(ctx, filter, storage.Page{Limit: maxConsoleExport, After: v.query.Get("after")})
	if err = v.explain(err); err != nil || !v.problem.IsZero() {
		page.Problem = v.problem
		return page, err
	}
	var lines strings.Builder
	out := json.NewEncoder(&lines)
	out.SetEscapeHTML(false)
	for _, e := range list.Items {
		if err := out.Encode(e); err != nil {
			return page, err
		}
	}
	page.Blocks = []console.Block{console.Paragraph{Text: console.T("audit.export_hint", "number", len(list.Items))}}
	if list.Next != "" {
		page.Blocks = append(page.Blocks, console.Actions{{Text: console.T("audit.export_next"), URL: v.url(consoleAuditExport, search.pairs("after", list.Next)...)}})
	}
	if len(list.Items) > 0 {
		page.Blocks = append(page.Blocks, console.Pre{ID: "events", Label: console.T("audit.export_lines"), Text: lines.String(), File: "events.jsonl"})
	}
	page.Blocks = append(page.Blocks, console.Paragraph{Text: console.T("audit.export_all"), Hint: true})
	return page, nil
}
