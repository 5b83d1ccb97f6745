package pages

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Elements that a fragment cannot have.
var (
	stopped = []string{"script", "style", "iframe", "frame", "object", "embed"}
	partOf  = []string{"html", "head", "body", "title", "base", "link", "meta", "main", "h1"}
	void    = []string{"area", "br", "col", "hr", "img", "input", "source", "track", "wbr"}
)

// urlAttributes hold a URL.
var urlAttributes = []string{"href", "src", "action", "formaction", "poster", "xlink:href"}

// checkFragment refuses a fragment that browsers would not show as it is written, or that would
// break the page around it. It says at the start what the page's Content-Security-Policy would
// stop later: the operator is trusted, so this is no filter against an attack.
func checkFragment(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("is not UTF-8")
	}
	c := fragmentChecker{z: html.NewTokenizer(strings.NewReader(text + " <" + pageAfter + ">")), line: 1}
	for {
		done, err := c.next()
		if err != nil {
			return fmt.Errorf("line %d: %w", c.line, err)
		}
		if done {
			return nil
		}
	}
}

// pageAfter is an element that stands for the page after the fragment: a tag or comment that
// does not end would swallow it.
const pageAfter = "page-after"

// fragmentChecker goes through the tags of a fragment.
type fragmentChecker struct {
	z    *html.Tokenizer
	line int // of the tag that is looked at, and of the fault
	seen int // line breaks so far
	open []openTag
}

// openTag is an element that is not closed yet.
type openTag struct {
	name string
	line int
}

// next checks one tag or text, and tells whether it was the last one.
func (c *fragmentChecker) next() (done bool, err error) {
	kind, last := c.z.Next(), c.line
	c.line = c.seen + 1
	c.seen += strings.Count(string(c.z.Raw()), "\n")
	switch kind {
	case html.ErrorToken:
		c.line = last
		return true, cmp.Or(c.unclosed(), errors.New("the last tag or comment does not end"))
	case html.StartTagToken:
		return c.start(false)
	case html.SelfClosingTagToken:
		return c.start(true)
	case html.EndTagToken:
		return false, c.close(c.z.Token().Data)
	case html.DoctypeToken:
		return false, errors.New("<!doctype>: a page has one already")
	}
	return false, nil
}

// unclosed refuses an element that is open at the end.
func (c *fragmentChecker) unclosed() error {
	if len(c.open) == 0 {
		return nil
	}
	last := c.open[len(c.open)-1]
	c.line = last.line
	return fmt.Errorf("<%s> is not closed", last.name)
}

// start checks a tag that opens an element. Only a picture in SVG closes elements by "/>".
func (c *fragmentChecker) start(closed bool) (done bool, err error) {
	t := c.z.Token()
	if t.Data == pageAfter {
		return true, c.unclosed()
	}
	inSVG := slices.ContainsFunc(c.open, func(o openTag) bool { return o.name == "svg" })
	if !slices.Contains(void, t.Data) && !(closed && inSVG) {
		c.open = append(c.open, openTag{t.Data, c.line})
	}
	return false, checkTag(t)
}

// close takes the innermost element off, which must be of the name.
func (c *fragmentChecker) close(name string) error {
	last := len(c.open) - 1
	if last < 0 || c.open[last].name != name {
		return fmt.Errorf("</%s> does not close what was opened last", name)
	}
	c.open = c.open[:last]
	return nil
}

// checkTag refuses an element, or an attribute of it.
func checkTag(t html.Token) error {
	switch {
	case slices.Contains(stopped, t.Data):
		return fmt.Errorf("<%s>: the Content-Security-Policy of the pages stops it", t.Data)
	case slices.Contains(partOf, t.Data):
		return fmt.Errorf("<%s>: a page has one already", t.Data)
	}
	for _, a := range t.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
			return fmt.Errorf("<%s>: the Content-Security-Policy of the pages stops the attribute %s", t.Data, a.Key)
		case slices.Contains(urlAttributes, a.Key):
			if brandTarget(a.Val) == "" && !strings.HasPrefix(a.Val, "#") {
				return fmt.Errorf("<%s %s=%q> is neither a web URL, a mailto URL, a path nor a place on the page", t.Data, a.Key, a.Val)
			}
			if (a.Key == "src" || a.Key == "poster") && !isLocalPath(a.Val) {
				return fmt.Errorf("<%s %s=%q>: the Content-Security-Policy of the pages stops what comes from another server", t.Data, a.Key, a.Val)
			}
		}
	}
	return nil
}
