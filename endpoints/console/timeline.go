package console

import (
	"strconv"
	"time"

	g "maragu.dev/gomponents"
)

// TimelineSpan is a time in which something is in one state.
type TimelineSpan struct {
	Text        Text
	Class       string // of the look
	From, Until time.Time
}

// TimelineRow is one thing over time.
type TimelineRow struct {
	Name  Text
	Spans []TimelineSpan
}

// Timeline draws things over time, and says the same in words. It needs no script.
type Timeline struct {
	Label   Text
	Now     time.Time
	NowText Text
	Rows    []TimelineRow
}

var _ Block = Timeline{}

// The drawing, in its own units; the page scales it.
const (
	timelineWidth = 1000
	timelineName  = 130 // of the names, at the left
	timelineRow   = 34
	timelineBar   = 22
	timelineHead  = 24
)

func (t Timeline) block(f *frame) g.Node {
	from, until := t.bounds()
	if len(t.Rows) == 0 || !until.After(from) {
		return nil
	}
	x := func(at time.Time) int {
		if at.IsZero() || at.After(until) {
			at = until
		}
		if at.Before(from) {
			at = from
		}
		return timelineName + int(int64(timelineWidth-timelineName)*int64(at.Sub(from)/time.Millisecond)/max(1, int64(until.Sub(from)/time.Millisecond)))
	}
	height := timelineHead + timelineRow*len(t.Rows)
	number := func(name string, n int) g.Node { return attr(name, strconv.Itoa(n)) }
	now := x(t.Now)
	return el("figure", attr("class", "timeline"),
		el("figcaption", f.node(t.Label)),
		el("div", attr("class", "table"), attr("tabindex", "0"), attr("role", "region"), attr("aria-label", f.plain(t.Label)),
			t.words(f),
			el("svg", attr("viewBox", "0 0 "+strconv.Itoa(timelineWidth)+" "+strconv.Itoa(height)), attr("aria-hidden", "true"), attr("focusable", "false"),
				g.Map(t.marks(from, until), func(at time.Time) g.Node {
					return el("text", number("x", x(at)), number("y", 14), attr("class", "when"), textNode(at.UTC().Format("2006-01-02")))
				}),
				g.Group(t.bars(f, x)),
				el("line", number("x1", now), number("x2", now), number("y1", timelineHead-4), number("y2", height), attr("class", "now")))),
		el("p", attr("class", "legend"), t.legend(f)))
}

// words says what is drawn, for who does not see it.
func (t Timeline) words(f *frame) g.Node {
	return el("ul", attr("class", "unseen"), g.Map(t.Rows, func(r TimelineRow) g.Node {
		return el("li", textNode(f.plain(r.Name)+": "), g.Map(r.Spans, func(s TimelineSpan) g.Node {
			return textNode(f.plain(s.Text) + ", " + s.From.UTC().Format(time.DateTime) + " – " + untilText(s.Until) + "; ")
		}))
	}))
}

// bounds are the beginning and the end of what is drawn: all that has an end, and a little more.
func (t Timeline) bounds() (from, until time.Time) {
	from, until = t.Now, t.Now
	for _, r := range t.Rows {
		for _, s := range r.Spans {
			for _, at := range []time.Time{s.From, s.Until} {
				if at.IsZero() {
					continue
				}
				if at.Before(from) {
					from = at
				}
				if at.After(until) {
					until = at
				}
			}
		}
	}
	return from, until.Add(until.Sub(from) / 20)
}

// marks are the times that are written above.
func (t Timeline) marks(from, until time.Time) []time.Time {
	const n = 4
	var marks []time.Time
	for i := range n {
		marks = append(marks, from.Add(until.Sub(from)*time.Duration(i)/n))
	}
	return marks
}

// bars are the rows: a name, and a bar for each span with its words.
func (t Timeline) bars(f *frame, x func(time.Time) int) (nodes []g.Node) {
	const least = 3 // a bar that can be seen
	for n, r := range t.Rows {
		y := timelineHead + n*timelineRow
		nodes = append(nodes, el("text", attr("x", "0"), attr("y", strconv.Itoa(y+timelineBar-6)), attr("class", "name"), textNode(f.plain(r.Name))))
		for _, s := range r.Spans {
			begin, end := x(s.From), x(s.Until)
			nodes = append(nodes, el("g",
				el("title", textNode(f.plain(r.Name)+": "+f.plain(s.Text)+", "+s.From.UTC().Format(time.DateTime)+" – "+untilText(s.Until))),
				el("rect", attr("x", strconv.Itoa(begin)), attr("y", strconv.Itoa(y)), attr("width", strconv.Itoa(max(least, end-begin))), attr("height", strconv.Itoa(timelineBar)), attr("class", "bar "+s.Class)),
				when(end-begin > 80, func() g.Node {
					return el("text", attr("x", strconv.Itoa(begin+6)), attr("y", strconv.Itoa(y+timelineBar-6)), attr("class", "word "+s.Class), textNode(f.plain(s.Text)))
				})))
		}
	}
	return nodes
}

func untilText(t time.Time) string {
	if t.IsZero() {
		return "…"
	}
	return t.UTC().Format(time.DateTime)
}

// legend says what the looks mean, and what the line is.
func (t Timeline) legend(f *frame) g.Node {
	seen := map[string]bool{}
	var nodes g.Group
	for _, r := range t.Rows {
		for _, s := range r.Spans {
			if !seen[s.Class] {
				seen[s.Class] = true
				nodes = append(nodes, el("span", attr("class", "swatch "+s.Class), attr("aria-hidden", "true")), f.node(s.Text), textNode(" "))
			}
		}
	}
	return g.Group{nodes, el("span", attr("class", "swatch now"), attr("aria-hidden", "true")), f.node(t.NowText)}
}
