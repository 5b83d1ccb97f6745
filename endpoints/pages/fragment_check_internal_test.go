package pages

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestCheckFragment(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"<p>x <b>y</b><br>\n<wbr/></p>": "",
		"a < b & c":                     "",
		"<!-- a <script> --><p>x</p>":   "",
		`<a href="https://x.example/?a=b&amp;c">x</a> <a href="#main">y</a> <a href="/help">z</a> <a href="mailto:a@b.example">m</a>`: "",
		`<img src="/logo.png" alt=""> <svg viewBox="0 0 1 1"><path d="M0 0"/></svg>`:                                                  "",

		"\n<p>\n\nx":                        "line 2: <p> is not closed",
		"<div/>x":                           "<div> is not closed",
		"<textarea>x</p>":                   "<textarea> is not closed",
		"<plaintext>x</p>":                  "<plaintext> is not closed",
		"<p></p></div>":                     "</div> does not close what was opened last",
		"</main>":                           "</main> does not close what was opened last",
		"<p>\n<i>\n</p></i>":                "line 3: </p> does not close what was opened last",
		"<p>x</p><b":                        "<b> is not closed",
		"<p>x</p></":                        "does not end",
		`<p class="x>y</p>`:                 "does not end",
		"<p>x</p>\n<!-- x\n\n":              "line 2: the last tag or comment does not end",
		"\xff":                              "is not UTF-8",
		"<!doctype html>":                   "a page has one already",
		"<main></main>":                     "a page has one already",
		"<H1>x</H1>":                        "a page has one already",
		"<meta charset=x>":                  "a page has one already",
		"<script>x</script>":                "Content-Security-Policy",
		"<STYLE>x</STYLE>":                  "Content-Security-Policy",
		"<iframe src=/></iframe>":           "Content-Security-Policy",
		"<p onpaste>x</p>":                  "stops the attribute onpaste",
		"<img src=/x/style=y>":              "",
		"<img src=/x style=y>":              "stops the attribute style",
		"<img src=https://x.example/x.png>": "stops what comes from another server",
		"<img src=//x.example/x.png>":       "is neither a web URL",
		"<a href='java&#115;cript:x'>x</a>": "is neither a web URL",
		"<svg><a xlink:href='javascript:x'>x</a></svg>":         "is neither a web URL",
		"<form action='data:x'></form>":                         "is neither a web URL",
		"<button formaction='vbscript:x' type=button></button>": "is neither a web URL",
	} {
		err := checkFragment(text)
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzCheckFragment: a fragment that is accepted brings no script, and leaves the page around it
// as it is.
func FuzzCheckFragment(f *testing.F) {
	for _, s := range []string{"<p>x</p>", "<!--", "</", "<a href=/>x</a>", "<svg><path/></svg>", "<table><tr><td></td></tr></table>", "<select><option></option></select>", "<title>", "<p <b>", "<textarea></textarea>", "<svg><title></title></svg>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkFragment(s) != nil {
			return
		}
		root, err := html.Parse(strings.NewReader("<!doctype html><body><header></header>" + s + "<main></main><footer></footer></body>"))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "main", "body":
				found[n.Data]++
				if n.Data == "main" && n.Parent.Data != "body" {
					t.Errorf("%q: main is inside <%s>", s, n.Parent.Data)
				}
			case "script", "style", "iframe":
				t.Errorf("%q: <%s>", s, n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					t.Errorf("%q: the attribute %s", s, a.Key)
				}
			}
		}
		if found["main"] != 1 || found["body"] != 1 {
			t.Errorf("%q: the page has %v", s, found)
		}
	})
}
