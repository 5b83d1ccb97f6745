package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// requireAxe returns the source of axe-core, which npm ci installs in internal/e2e/node. Without
// it the test is skipped, but fails where CI=true.
func requireAxe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("node", "node_modules", "axe-core", "axe.min.js"))
	switch {
	case err == nil:
		return string(source)
	case !errors.Is(err, fs.ErrNotExist) || os.Getenv("CI") == "true":
		t.Fatal(err)
	}
	t.Skip("axe-core is missing: run npm ci in internal/e2e/node")
	return ""
}

// axeRun runs the rules of WCAG 2.0 to 2.2, levels A and AA, and the best practices. What is behind
// a text in a drawing axe-core never tells: these have the colours of texts and buttons.
const axeRun = `axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(found => JSON.stringify({
	passes: found.passes.length,
	violations: found.violations.concat(found.incomplete.filter(i => i.id === 'color-contrast').map(i => ({...i, nodes: i.nodes.filter(n => !n.html.startsWith('<text '))})).filter(i => i.nodes.length)).map(v => v.id + ': ' + v.help + '\n' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('\n')),
}))`

// wantAccessible runs axe-core over the page that is open. That a contrast cannot be told counts
// as a violation too.
func (p *page) wantAccessible(name, axe string) {
	p.t.Helper()
	var text string
	var found struct {
		Passes     int
		Violations []string
	}
	p.do(chromedp.Evaluate(axe, nil), chromedp.Evaluate(axeRun, &text, chromedp.EvalAsValue, awaitPromise))
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		p.t.Fatal(err)
	}
	if found.Passes < 15 {
		p.t.Errorf("%s: only %d rules of axe-core apply", name, found.Passes)
	}
	for _, v := range found.Violations {
		p.t.Errorf("%s: %s", name, v)
	}
}

// wantNoSidewaysScroll fails the test if the page that is open is wider than the screen.
func (p *page) wantNoSidewaysScroll(name string) {
	p.t.Helper()
	var over int
	p.do(chromedp.Evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth", &over))
	if over > 0 {
		p.t.Errorf("%s: %d pixels wider than the screen", name, over)
	}
}

// shootWhole is [page.shoot] of the whole page, however long it is.
func (p *page) shootWhole(name string) {
	folder := os.Getenv("SIGNET_TEST_PICTURES")
	if folder == "" {
		return
	}
	var picture []byte
	p.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		picture, err = cdppage.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		return err
	}))
	if err := os.WriteFile(filepath.Join(folder, name), picture, 0o600); err != nil {
		p.t.Error(err)
	}
}

func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
