package main

import (
	"github.com/spf13/pflag"

	"example.org/signet/storage"
)

// paging is the flags of a long listing.
type paging struct {
	limit int
	after string
}

func (g *paging) add(f *pflag.FlagSet) {
	f.IntVar(&g.limit, "limit", storage.DefaultPage, "at most this many, up to 1000")
	f.StringVar(&g.after, "after", "", "the `CURSOR` that the page before ended with")
}

func (g *paging) page() (storage.Page, error) {
	if g.limit < 1 || g.limit > storage.MaxPage {
		return storage.Page{}, usage("--limit: must lie between 1 and %d", storage.MaxPage)
	}
	return storage.Page{After: g.after, Limit: g.limit}, nil
}

// more tells the reader of a table how to go on; JSON says it itself.
func (o *office) more(next string) {
	if next != "" && o.settings.output == outputText {
		o.say("there are more: --after %s", shellWord(next))
	}
}
