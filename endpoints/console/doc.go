// Package console builds the administrators' pages: data in, HTML out. It reads no request and
// decides nothing. A handler in package endpoints fills a [Page] with blocks; [Console.View]
// makes of it what the pages render.
//
//	page := console.Page{
//		Name: "people", Section: console.People, Title: console.T("people.title"),
//		Blocks: []console.Block{
//			console.Filter{Action: v.path("/people"), Fields: []console.Field{{Name: "prefix", Label: console.T("people.prefix"), Value: prefix}}},
//			console.Table{Caption: console.T("people.caption"), Columns: …, Rows: …, Next: next, Empty: console.T("people.empty")},
//		},
//	}
//
// # A new part of the console
//
//   - texts in texts/en/PART.json and texts/de/PART.json, the same keys in both, each beginning
//     with "PART."; shared ones are in shell.json
//   - handlers in endpoints/console_PART.go, mounted by a function that returns the part's pages
//     and forms; see endpoints/console_overview.go
//   - a block that there is not yet, in a file of its own here
//   - its cases in internal/protocoltest/console_PART.go
//
// # Blocks and cells
//
//	Paragraph, Panel, Facts, Table, Form, Filter, Actions, Secret, Pre, Progress   are blocks
//	Text, Link, Badge, Time, Mono, Group, Form                                       are cells
//
// Every text and every value of an attribute is escaped, and a link leads to a path of this
// server or is shown as text. Nothing is inline: neither style nor script.
package console
