package pages

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	g "maragu.dev/gomponents"
)

// mailTexts are the keys of the parts of a mail, below "mail." and the name of its template.
const (
	mailSubject = "subject"
	mailText    = "text"
	mailLink    = "link" // what the link says; without it that it leads to the account
	mailNote    = "note"
)

// mailFacts are what the texts of mails can fill in, beside issuer and url.
var mailFacts = []string{"user", "address", "device", "network", "time"}

// RenderMail returns a mail in one of the languages; another one gives English. The facts are
// those of mailFacts, and link and code, which have a place of their own. A template without
// texts is an error.
func (p *Pages) RenderMail(template, language string, facts map[string]string) (subject, text, html string, err error) {
	f := &frame{pages: p, catalog: p.catalogs[language]}
	if f.catalog == nil {
		f.catalog = p.catalogs[defaultLanguage]
	}
	key := "mail." + template + "."
	if !f.has(key + mailSubject) {
		return "", "", "", fmt.Errorf("there is no mail %q", template)
	}
	m := mail{frame: f, key: key, facts: facts, args: []any{"issuer", p.name, "url", raw(p.issuer)}}
	for _, name := range mailFacts {
		m.args = append(m.args, name, facts[name])
	}
	subject = clean(withoutIsolates(f.plain(key+mailSubject, m.args...)), maxText)
	text = m.text()
	var b bytes.Buffer
	b.WriteString("<!doctype html>")
	if err := m.document(subject).Render(&b); err != nil {
		return "", "", "", err
	}
	return subject, text, b.String(), f.err
}

// mail is one mail while it is put into words.
type mail struct {
	*frame
	key   string
	facts map[string]string
	args  []any
}

// link returns where the mail's link leads, and the key of what it says.
func (m mail) link() (to, key string) {
	to = cmp.Or(m.facts["link"], m.pages.issuer+"/account")
	if key = m.key + mailLink; !m.has(key) {
		key = "mail.account"
	}
	return to, key
}

// text returns the mail without markup. Lines are not broken: programs that show mails do that.
func (m mail) text() string {
	to, label := m.link()
	parts := []string{
		m.plain("mail.greeting", m.args...), m.plain(m.key+mailText, m.args...), m.plain(label, m.args...) + ":\n" + to,
	}
	if code := m.facts["code"]; code != "" {
		parts = append(parts, m.plain("mail.code", "code", raw(code)))
	}
	parts = append(parts, m.plain(m.key+mailNote, m.args...), "-- \n"+m.plain("mail.footer", m.args...))
	return withoutIsolates(strings.Join(parts, "\n\n")) + "\n"
}

// withoutIsolates drops the marks of direction, which programs for plain text show as boxes.
func withoutIsolates(text string) string {
	return strings.NewReplacer("\u2068", "", "\u2069", "").Replace(text)
}

// document returns the mail as HTML: it loads nothing, and its only links lead to the issuer. It has
// no style, so that it looks as whoever reads it likes their mails, in either colour scheme.
func (m mail) document(subject string) g.Node {
	to, label := m.link()
	var code g.Node
	if c := m.facts["code"]; c != "" {
		code = el("p", m.frame.text("mail.code", "code", el("strong", textNode(c))))
	}
	paragraph := func(key string) g.Node { return el("p", m.frame.text(key, m.args...)) }
	return el("html", attr("lang", m.catalog.lang), attr("dir", m.plain("meta.dir")),
		el("head", el("meta", attr("charset", "utf-8")), el("meta", attr("name", "viewport"), attr("content", "width=device-width")),
			el("meta", attr("name", "color-scheme"), attr("content", "light dark")), el("title", textNode(subject))),
		el("body",
			paragraph("mail.greeting"), paragraph(m.key+mailText),
			el("p", el("a", href(webTarget(to)), m.frame.text(label, m.args...))),
			code,
			paragraph(m.key+mailNote), el("hr"), paragraph("mail.footer"),
		))
}
