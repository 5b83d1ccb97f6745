package pages_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/signet/endpoints/pages"
)

// facts of a mail that fill in everything, with what a stranger could try in a name.
var facts = map[string]string{
	"user": `eve<b>"x" {url}`, "address": "eve@example.com", "device": "Firefox 140 on Linux", "network": "192.0.2.0/24", "time": "2026-11-30 21:00 UTC",
	"link": "https://id.example.com/password/new?token=t0k3n", "code": "ABCD-EFGH",
}

func TestRenderMail_EveryTemplateInEveryLanguage(t *testing.T) {
	p, err := pages.New(pages.Config{Issuer: "https://id.example.com", Branding: pages.Branding{Name: "Example"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range []string{
		"reset", "invite", "verify", "password_changed", "email_changed", "new_device", "recovery_code_used", "factor_added", "factor_removed",
	} {
		for _, lang := range append(p.Languages(), "xx") {
			subject, text, html, err := p.RenderMail(template, lang, facts)
			if err != nil {
				t.Errorf("%s in %s: %v", template, lang, err)
				continue
			}
			if strings.ContainsAny(subject+text, "\r") || strings.Contains(subject, "\n") || subject == "" {
				t.Errorf("%s in %s: the subject is %q", template, lang, subject)
			}
			if strings.Contains(html, "<b>") || !strings.Contains(html, "&lt;b&gt;") || !strings.Contains(text, "<b>") {
				t.Errorf("%s in %s: the name is not escaped once, in HTML alone:\n%s", template, lang, html)
			}
			for _, part := range []string{text, html} {
				if strings.Count(part, facts["link"]) != 1 || !strings.Contains(part, "Example") || !strings.Contains(part, facts["code"]) {
					t.Errorf("%s in %s lacks the link, the code or the name:\n%s", template, lang, part)
				}
			}
			for _, loads := range []string{"<img", "<link", "<script", "src=", "style"} {
				if strings.Contains(html, loads) {
					t.Errorf("%s in %s has %s", template, lang, loads)
				}
			}
		}
	}
	if _, _, _, err := p.RenderMail("nothing", "en", nil); err == nil {
		t.Error("a template without texts is rendered")
	}
}

// The operator's folder replaces the texts of mails as it does those of pages.
func TestRenderMail_TextsOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "en.json"), []byte(`{"mail.reset.subject":"Ours at {issuer}"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := pages.New(pages.Config{Issuer: "https://id.example.com", Branding: pages.Branding{Name: "Müller", Templates: dir}})
	if err != nil {
		t.Fatal(err)
	}
	subject, _, _, err := p.RenderMail("reset", "en", facts)
	if err != nil || subject != "Ours at Müller" {
		t.Errorf("the subject is %q, %v", subject, err)
	}
}
