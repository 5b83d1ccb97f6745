package console

import g "maragu.dev/gomponents"

// Column is the head of a column.
type Column struct {
	Title  Text
	Number bool
}

// Row is one row. The first cell names what the row is about.
type Row struct {
	Cells []Cell
	Tick  string // the value of its box; "" for none
}

// Table is a list, one page of it.
type Table struct {
	Caption Text
	Columns []Column
	Rows    []Row
	Empty   Text   // what to do where there is nothing
	First   string // the URL of the first page; "" on it
	Next    string // the URL of the next page; "" on the last

	// Tick is the name of the boxes before the rows; "" for none. They belong to the form with the
	// id TickForm, which stands beside the table.
	Tick, TickForm string
}

var _ Block = Table{}

func (t Table) block(f *frame) g.Node {
	if len(t.Rows) == 0 {
		return el("div", attr("class", "table"), el("p", attr("class", "empty"), f.node(t.Empty)), f.pager(t))
	}
	return el("div", attr("class", "table"), attr("tabindex", "0"), attr("role", "region"), attr("aria-label", f.plain(t.Caption)),
		el("table",
			el("caption", f.node(t.Caption)),
			el("thead", el("tr",
				when(t.Tick != "", func() g.Node {
					return el("td", attr("class", "tick"), el("input", attr("type", "checkbox"), flag("hidden"), attr("data-all", t.Tick), attr("aria-label", f.plain(T("shell.select_all")))))
				}),
				g.Map(t.Columns, func(c Column) g.Node {
					return el("th", attr("scope", "col"), g.If(c.Number, attr("class", "number")), f.node(c.Title))
				}))),
			el("tbody", g.Map(t.Rows, func(r Row) g.Node { return f.row(t, r) }))),
		f.pager(t))
}

func (f *frame) row(t Table, r Row) g.Node {
	cells := make(g.Group, 0, len(r.Cells)+1)
	if t.Tick != "" {
		cells = append(cells, el("td", attr("class", "tick"), when(r.Tick != "", func() g.Node {
			return el("input", attr("type", "checkbox"), attr("name", t.Tick), attr("value", r.Tick), attr("form", t.TickForm), attr("aria-label", f.plain(T("shell.select_one", "id", r.Tick))))
		})))
	}
	for n, c := range r.Cells {
		var node g.Node
		if c != nil {
			node = c.cell(f)
		}
		if node == nil {
			node = textNode("–")
		}
		number := n < len(t.Columns) && t.Columns[n].Number
		if n == 0 {
			cells = append(cells, el("th", attr("scope", "row"), node))
			continue
		}
		cells = append(cells, el("td", g.If(number, attr("class", "number")), node))
	}
	return el("tr", cells)
}

func (f *frame) pager(t Table) g.Node {
	if t.First == "" && t.Next == "" {
		return nil
	}
	return el("p", attr("class", "pager"),
		when(t.First != "", func() g.Node { return el("a", href(t.First), f.node(T("shell.first_page"))) }),
		when(t.Next != "", func() g.Node { return el("a", href(t.Next), attr("rel", "next"), f.node(T("shell.next_page"))) }))
}
