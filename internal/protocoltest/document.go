package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Document is a page as a browser without script has it. Its elements are found by their ids,
// as HtmlUnit finds them in the browser of the OpenID conformance suite.
type Document struct {
	Page
	b     *Browser
	byID  map[string]*html.Node
	typed map[*html.Node]string
}

// Document parses a page that the browser shows.
func (b *Browser) Document(t testing.TB, p Page) *Document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(string(p.Body)))
	must(t, err)
	d := &Document{Page: p, b: b, byID: map[string]*html.Node{}, typed: map[*html.Node]string{}}
	for n := range root.Descendants() {
		if id := nodeAttribute(n, "id"); id != "" {
			if d.byID[id] != nil {
				t.Errorf("%s: two elements have the id %s", p.Path, id)
			}
			d.byID[id] = n
		}
	}
	return d
}

func nodeAttribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Has tells whether the page has an element of that id.
func (d *Document) Has(id string) bool { return d.byID[id] != nil }

func (d *Document) element(t testing.TB, id string) *html.Node {
	t.Helper()
	n := d.byID[id]
	if n == nil {
		t.Fatalf("no element %s: %d at %.60s to %q: %.300s", id, d.Status, d.Path, d.Header.Get("Location"), d.Body)
	}
	return n
}

// Text returns the text within an element.
func (d *Document) Text(t testing.TB, id string) string {
	t.Helper()
	var text strings.Builder
	for n := range d.element(t, id).Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
	}
	return text.String()
}

// Type replaces what is in an input field.
func (d *Document) Type(t testing.TB, id, text string) {
	t.Helper()
	d.typed[d.element(t, id)] = text
}

// Submission is the request that a form makes.
type Submission struct {
	Method, Target string
	Fields         url.Values
}

// Submission returns the request of the form around a button.
func (d *Document) Submission(t testing.TB, id string) Submission {
	t.Helper()
	button := d.element(t, id)
	form := button
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if form == nil || button.Data != "button" || nodeAttribute(button, "type") != "submit" {
		t.Fatalf("%s is no button of a form: %.300s", id, d.Body)
	}
	s := Submission{strings.ToUpper(nodeAttribute(form, "method")), nodeAttribute(form, "action"), url.Values{}}
	for n := range form.Descendants() {
		if name := nodeAttribute(n, "name"); name != "" && (n.Data == "input" || n == button) {
			value, typed := d.typed[n]
			if !typed {
				value = nodeAttribute(n, "value")
			}
			if nodeAttribute(n, "type") != "checkbox" {
				s.Fields.Add(name, value)
			}
		}
	}
	return s
}

// Click presses the button of a form that goes to the issuer.
func (d *Document) Click(t testing.TB, id string) Page {
	t.Helper()
	s := d.Submission(t, id)
	if s.Method != http.MethodPost || !strings.HasPrefix(s.Target, "/") {
		t.Fatalf("%s sends %s %s", id, s.Method, s.Target)
	}
	return d.b.visit(s.Method, d.b.s.below(s.Target), s.Fields.Encode(), Header("Sec-Fetch-Site", "same-origin"), Header("Origin", "null"))
}
